{#- What is wrong with the raw input, a line each; shows its tables to the engine on the way. -#}
{% macro raw_input_problems() -%}
    {{ return(adapter.dispatch('raw_input_problems')()) }}
{%- endmacro %}

{% macro default__raw_input_problems() -%}
    {{ return(run_query('select trader_segments_check_raw_input()').columns[0].values()[0]) }}
{%- endmacro %}

{% macro spark__raw_input_problems() -%}
    {{ return(adapter.check_raw_input()) }}
{%- endmacro %}
