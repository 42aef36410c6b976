{#-
    Which raw files an incremental staging model reads: {read: new ones, changed ones, and those with rows that may be
    judged otherwise now; gone: staged ones that are no more}. None where all rows are read: in a first build, and of a
    table that a loader put into the schema raw. `known` is that of checked_against_contract.
-#}
{% macro files_to_stage(relation, known={}) -%}
    {%- if
        not execute or model.resource_type == 'unit_test' or config.get('incremental_strategy') != 'by_file'
        or not is_incremental() or 'source_file' not in raw_column_types(relation)
    -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set table = model.name.split('__')[1] -%}
    {%- set files -%}
        select
            coalesce(present.source_file, staged.source_file),
            case when present.source_file is null then 'gone' else 'read' end
        from (select * from raw.input_files where source_table = '{{ table }}') as present
        full outer join (select * from {{ staged_files() }} where source_table = '{{ table }}') as staged
            on present.source_file = staged.source_file
        where present.version is distinct from staged.version
        {%- if 'ingested_at' in contract_table(table).columns %}
        union
        -- without a time of arrival, a row from the future is one until its time has come
        select source_file, 'read'
        from {{ this }}
        where ingested_at is null and rejection_reason like '%after the load%'
        {%- endif %}
        {%- for column, parent in known.items() %}
        union
        select checked.source_file, 'read'
        from {{ this }} as checked
        left join (select distinct {{ column }} from {{ parent }} as present) as parent
            on checked.{{ column }} = parent.{{ column }}
        where
            checked.row_status <> 'duplicate'
            and checked.{{ column }} is not null
            and (parent.{{ column }} is null and (select count(*) from {{ parent }} as present) > 0)
            <> coalesce(checked.rejection_reason like '%unknown {{ column }}%', false)
        {%- endfor %}
    {%- endset -%}
    {%- set found = {'read': [], 'gone': []} -%}
    {%- for row in run_query(files).rows -%}
        {%- do found[row[1]].append(row[0]) -%}
    {%- endfor -%}
    {{ return({'read': found.read | reject('in', found.gone) | unique | sort | list, 'gone': found.gone}) }}
{%- endmacro %}
