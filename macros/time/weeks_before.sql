{#- Whole weeks from a date to a later one: 0 for the seven days that end on the later one. -#}
{% macro weeks_before(earlier, later) -%}
    cast(floor({{ dbt.datediff(earlier, later, 'day') }} / cast(7 as double)) as bigint)
{%- endmacro %}
