{#-
    Condition on a date column of an input: the rows of the slice of dates that is being built (create_table_as), with
    days before and after it that its facts also read. The slice is in two variables of the connection; outside of a
    build they are not set, and it is all dates.
-#}
{% macro in_slice(column, days_before=0, days_after=0) -%}
    {{ return(adapter.dispatch('in_slice')(column, days_before, days_after)) }}
{%- endmacro %}

{% macro default__in_slice(column, days_before, days_after) -%}
    1 = 1
{%- endmacro %}

{% macro duckdb__in_slice(column, days_before, days_after) -%}
    {%- if model.resource_type == 'unit_test' -%}
        {{ return('1 = 1') }}
    {%- endif -%}
    {%- set slices = ref('int_fact_slices') -%}
    {%- if not is_sliced() -%}
        {{ return('1 = 1') }}
    {%- endif -%}
    {{ column }}
    between coalesce(getvariable('slice_first_date'), date '0001-01-01')
    {%- if days_before %} - {{ days_before }}{% endif %}
    and coalesce(getvariable('slice_last_date'), date '9999-12-31')
    {%- if days_after %} + {{ days_after }}{% endif %}
{%- endmacro %}
