{#- Spark has no databases: what a model puts into another one goes to a schema named for it. -#}
{% macro sparksession__generate_schema_name(custom_schema_name, node) -%}
    {%- set schema = default__generate_schema_name(custom_schema_name, node) -%}
    {{ return(schema ~ '_' ~ node.config.database if node.config.database else schema) }}
{%- endmacro %}
