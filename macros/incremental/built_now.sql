{#- Condition for a test: the rows of an intermediate model that may have changed in the last run; else all. -#}
{% macro built_now(relation) -%}
    {%- set tested = [] -%}
    {%- if execute and relation is not string and by_date() == 'incremental' -%}
        {%- set tested = graph.nodes.values()
            | selectattr('resource_type', 'equalto', 'model')
            | selectattr('name', 'equalto', relation.identifier)
            | list -%}
    {%- endif -%}
    {%- if not tested or tested[0].fqn[1] != 'intermediate' -%}
        {{ return('1 = 1') }}
    {%- endif -%}
    {%- set changes = load_relation(relation.incorporate(path={'identifier': 'int_changes'})) -%}
    {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {%- if changes is none or 'event_date' not in columns -%}
        {{ return('1 = 1') }}
    {%- endif -%}
    {%- set first = run_query(
        'select cast(coalesce(least(changed_from, as_of_changed_from), cast(\'9999-12-31\' as date)) as '
        ~ type_string() ~ ') from ' ~ changes
    ).columns[0].values()[0] -%}
    {{ return("event_date >= cast('" ~ first ~ "' as date)") }}
{%- endmacro %}
