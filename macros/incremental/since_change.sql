{#- Condition on a date column of an input: the rows from which the dates are made that this model builds again. -#}
{% macro since_change(column, days_before=0) -%}
    {%- set first = changed_from() -%}
    {%- if first is none -%}
        1 = 1
    {%- else -%}
        {{ column }} >= cast('{{ (modules.datetime.date.fromisoformat(first)
            - modules.datetime.timedelta(days=days_before)).isoformat() }}' as date)
    {%- endif -%}
{%- endmacro %}
