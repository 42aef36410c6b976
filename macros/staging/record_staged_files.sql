{#- Post-hook of incremental staging: notes the files it has read, each in its version. -#}
{% macro record_staged_files() -%}
    {%- if execute and config.get('incremental_strategy') == 'by_file' and target.type == 'duckdb' -%}
        {%- set table = model.name.split('__')[1] %}
    delete from {{ staged_files() }} where source_table = '{{ table }}';
    insert into {{ staged_files() }}
    select source_table, source_file, version from raw.input_files
    where source_table = '{{ table }}' and {{ '1 = 0' if flags.EMPTY else '1 = 1' }}
    {%- endif -%}
{%- endmacro %}
