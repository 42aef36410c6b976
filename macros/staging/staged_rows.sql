{#-
    The rows of a contract table that passed the checks at the active venue; none, but typed, where the venue has no
    such table.
-#}
{% macro staged_rows(table) -%}
    {%- set is_mapped = table in var('venues')[active_venue()].tables -%}
    {%- set checked = ref('stg_' ~ active_venue() ~ '__' ~ table) if is_mapped -%}
    select
        {%- if not execute %}
        1
        {%- else %}
        {%- for column in contract_table(table).columns.values() %}
        {{ column.name if is_mapped else 'cast(null as ' ~ contract_type(column.data_type) ~ ') as ' ~ column.name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
        {%- endif %}
    {%- if is_mapped %}
    from {{ checked }}
    where row_status = 'staged'
    {%- else %}
    where 1 = 0
    {%- endif %}
{%- endmacro %}
