{#- {column: native type} of a raw relation; empty while parsing and where the venue has no such table. -#}
{% macro raw_column_types(relation) -%}
    {%- set types = {} -%}
    {%- if execute and load_relation(relation) is not none -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- do types.update({column.name: column.dtype}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(types) }}
{%- endmacro %}
