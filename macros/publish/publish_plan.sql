{#- Hands the plan of a publish to Python, which follows it or says why not. -#}
{% macro publish_plan(plan) -%}
    {{ return(adapter.dispatch('publish_plan')(plan)) }}
{%- endmacro %}

{% macro default__publish_plan(plan) -%}
    select trader_segments_publish('{{ tojson(plan) | replace("'", "''") }}')
{%- endmacro %}

{% macro spark__publish_plan(plan) -%}
    {%- do adapter.publish_marts(plan) -%}
{%- endmacro %}
