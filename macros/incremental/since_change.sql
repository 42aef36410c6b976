{#-
    Condition on a date column of an input: the rows from which the dates are made that this model builds now. An
    increment builds from the first changed date on; what is built whole is built a slice of dates at a time.
-#}
{% macro since_change(column, days_before=0, days_after=0) -%}
    {%- set first = changed_from() -%}
    {%- if first is not none -%}
        {{ column }} >= cast('{{ (modules.datetime.date.fromisoformat(first)
            - modules.datetime.timedelta(days=days_before)).isoformat() }}' as date)
    {%- else -%}
        {{ in_slice(column, days_before, days_after) }}
    {%- endif -%}
{%- endmacro %}
