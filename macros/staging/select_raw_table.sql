{#-
    Every column of a contract table from its raw relation: NULL where the venue has no such column, no rows where it
    has no such table.
-#}
{% macro select_raw_table(relation, table) -%}
    {%- if not execute -%}
    select * from {{ relation }}
    {%- else -%}
    {%- set given = raw_column_types(relation) -%}
    select
        {%- for column in contract_table(table).columns.values() %}
        {{ column.name if column.name in given else 'cast(null as ' ~ type_string() ~ ') as ' ~ column.name }},
        {%- endfor %}
        {{ 'source_file' if 'source_file' in given else 'cast(null as ' ~ type_string() ~ ') as source_file' }},
        {{ 'source_row' if 'source_row' in given else 'cast(null as bigint) as source_row' }}
    {%- if given %}
    from {{ relation }}
    {%- else %}
    where 1 = 0
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}
