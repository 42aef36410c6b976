{#-
    The first date from which the rows of this model may no longer stand, as text; none where all have to be built.
    Where nothing changed it is a date that never comes.

    Facts know only the past of their own time, so what arrives for a date changes nothing before it. The model says in
    `meta.by_date` what differs: `column`, the expression that dates a row (event_date); `days_before`, how many days
    earlier its rows look ahead (0); `knows_as_of_date`, whether it ends at the as-of date (false); `whole`, whether its
    dates cannot be built in slices, as a model that asks for this date itself (false).
-#}
{% macro changed_from() -%}
    {#- A unit test gives all rows, and none of the model int_changes. -#}
    {%- if model.resource_type == 'unit_test' -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set changes = ref('int_changes') -%}
    {%- if not execute or not is_incremental() -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set by_date = config.get('meta', {}).get('by_date', {}) -%}
    {%- set first = 'least(changed_from, as_of_changed_from)' if by_date.knows_as_of_date else 'changed_from' -%}
    {%- set query -%}
        select cast(coalesce(
            cast({{ dbt.dateadd('day', -(by_date.days_before or 0), first) }} as date), cast('9999-12-31' as date)
        ) as {{ type_string() }})
        from {{ changes }}
    {%- endset -%}
    {{ return(run_query(query).columns[0].values()[0]) }}
{%- endmacro %}
