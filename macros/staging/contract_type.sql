{% macro contract_type(data_type) -%}
    {{ return({'decimal': 'decimal(38, 12)', 'varchar': type_string()}.get(data_type, data_type)) }}
{%- endmacro %}
