{#-
    Every column of a contract table from its raw relation: NULL where the venue has no such column, no rows where it
    has no such table. An increment has the rows of the files to stage, and from other files the rows with a key in
    common with those, as what was staged of them depends on each other. `known` is that of checked_against_contract.
-#}
{% macro select_raw_table(relation, table, known={}) -%}
    {%- if not execute -%}
    select * from {{ relation }}
    {%- else -%}
    {%- set given = raw_column_types(relation) -%}
    {%- set files = files_to_stage(relation, known) -%}
    {%- if files is none and config.get('incremental_strategy') == 'by_file' and not is_incremental() -%}
        {%- do log_everything_changed() -%}
    {%- endif -%}
    select
        {%- for column in contract_table(table).columns.values() %}
        {{ column.name if column.name in given else 'cast(null as ' ~ type_string() ~ ') as ' ~ column.name }},
        {%- endfor %}
        {{ 'source_file' if 'source_file' in given else 'cast(null as ' ~ type_string() ~ ') as source_file' }},
        {{ 'source_row' if 'source_row' in given else 'cast(null as bigint) as source_row' }}
    {%- if given %}
    from {{ relation }}
    {%- endif %}
    {%- if not given or (files is not none and not files.read and not files.gone) %}
    where 1 = 0
    {%- elif files is not none %}
    {%- set keys -%}
        select {{ raw_row_key(table, given) }} as row_key
        from {{ relation }}
        where source_file in {{ text_list(files.read) }}
        union
        select row_key
        from {{ this }}
        where source_file in {{ text_list(files.read + files.gone) }}
    {%- endset -%}
    {%- set sharing -%}
        select distinct source_file
        from {{ this }}
        where source_file not in {{ text_list(files.read + files.gone) }} and row_key <> '' and row_key in ({{ keys }})
    {%- endset -%}
    {%- set others = run_query(sharing).columns[0].values() | list %}
    where
        source_file in {{ text_list(files.read + others) }}
        {%- if others %}
        and (
            source_file in {{ text_list(files.read) }}
            or {{ raw_row_key(table, given) }} in (select shared.row_key from ({{ keys }}) as shared)
        )
        {%- endif %}
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}
