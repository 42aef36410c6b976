{#- A type as YAML names it, as Spark does: text has no length here. -#}
{% macro sparksession__type(data_type) -%}
    {{ return('string' if data_type | lower == 'varchar' else data_type) }}
{%- endmacro %}

{% macro sparksession__cast(field, type) -%}
    cast({{ field }} as {{ sparksession__type(type) }})
{%- endmacro %}
