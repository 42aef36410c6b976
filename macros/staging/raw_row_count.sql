{#- Number of rows of a raw relation; of files that incremental staging has read before, as it counted them then. -#}
{% macro raw_row_count(relation, table) -%}
    {%- if by_date() != 'incremental' -%}
        {{ return('(select count(*) from ' ~ relation ~ ')') }}
    {%- endif -%}
    {%- set counted -%}
        select count(*) from {{ staged_files() }} where source_table = '{{ table }}'
    {%- endset -%}
    {%- if load_relation(staged_files()) is not none and run_query(counted).columns[0].values()[0] > 0 -%}
        (select sum(rows_read) from {{ staged_files() }} where source_table = '{{ table }}')
    {%- else -%}
        (select count(*) from {{ relation }})
    {%- endif -%}
{%- endmacro %}
