{#- What is wrong with the key of hashed ids, from Python: SQL and compiled code never have it. -#}
{% macro hash_key_problem() -%}
    {{ return(adapter.dispatch('hash_key_problem')()) }}
{%- endmacro %}

{% macro default__hash_key_problem() -%}
    {{ return(run_query('select trader_segments_hash_key_problem()').columns[0].values()[0]) }}
{%- endmacro %}

{% macro spark__hash_key_problem() -%}
    {{ return(adapter.hash_key_problem()) }}
{%- endmacro %}
