{#- Post-hook of incremental staging: notes the files it has read, each in its version. -#}
{% macro record_staged_files() -%}
    {%- if execute and config.get('incremental_strategy') == 'by_file' and target.type == 'duckdb' -%}
        {%- set table = model.name.split('__')[1] -%}
        {%- set raw = api.Relation.create(database=target.database, schema='raw', identifier=table) -%}
        {%- set noted -%}
            select source_file, version from {{ staged_files() }} where source_table = '{{ table }}'
        {%- endset -%}
        {%- set present -%}
            select source_file, version
            from raw.input_files
            where source_table = '{{ table }}' and {{ '1 = 0' if flags.EMPTY else '1 = 1' }}
        {%- endset -%}
        {%- set files = run_query(present ~ ' except ' ~ noted).columns[0].values() | list %}
    delete from {{ staged_files() }}
    where source_table = '{{ table }}' and (source_file, version) not in ({{ present }})
        {%- if files %};
    insert into {{ staged_files() }}
    select '{{ table }}', present.source_file, present.version, coalesce(counted.rows_read, 0)
    from ({{ present }}) as present
    left join (
        select source_file, count(*) as rows_read
        from {{ rows_of_files(raw, table, files) }}
        group by 1
    ) as counted
        on present.source_file = counted.source_file
    where present.source_file in {{ text_list(files) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
