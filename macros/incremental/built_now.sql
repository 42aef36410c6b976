{#-
    Condition for a test: of a fact that is built by date the rows that may have changed in the last run, else all.
    Written without a look at the database, which a hundred tests would take. A row without a date is always tested.
-#}
{% macro built_now(relation) -%}
    {%- set dated = [] -%}
    {%- if execute and relation is not string and by_date() == 'incremental' -%}
        {%- set dated = graph.nodes.values()
            | selectattr('resource_type', 'equalto', 'model')
            | selectattr('name', 'equalto', relation.identifier)
            | selectattr('config.incremental_strategy', 'equalto', 'by_date')
            | selectattr('columns.event_date', 'defined')
            | list -%}
    {%- endif -%}
    {%- if not dated -%}
        {{ return('1 = 1') }}
    {%- endif -%}
    coalesce(
        event_date >= (
            select coalesce(least(changed_from, as_of_changed_from), cast('9999-12-31' as date))
            from {{ relation.incorporate(path={'identifier': 'int_changes'}) }}
        ),
        true
    )
{%- endmacro %}
