{#- Exact seconds from one timestamp to a later one, as DECIMAL(18, 6). -#}
{% macro seconds_between(earlier, later) -%}
    {{ return(adapter.dispatch('seconds_between')(earlier, later)) }}
{%- endmacro %}

{% macro default__seconds_between(earlier, later) -%}
    cast(date_diff('microsecond', {{ earlier }}, {{ later }}) * 0.000001 as decimal(18, 6))
{%- endmacro %}

{% macro spark__seconds_between(earlier, later) -%}
    cast(timestampdiff(microsecond, {{ earlier }}, {{ later }}) * 0.000001 as decimal(18, 6))
{%- endmacro %}
