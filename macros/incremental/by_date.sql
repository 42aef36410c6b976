{#- How a fact that has a date is kept: where rows can be replaced, from the first date that changed on; else whole. -#}
{% macro by_date() -%}
    {{ return(adapter.dispatch('by_date')()) }}
{%- endmacro %}

{% macro default__by_date() -%}
    {{ return('table') }}
{%- endmacro %}

{% macro duckdb__by_date() -%}
    {{ return('incremental') }}
{%- endmacro %}
