{#-
    The rows of some of a raw table's files, with the columns of all. Of Parquet a condition keeps the other files from
    being read; CSV files are read one by one.
-#}
{% macro rows_of_files(relation, table, files) -%}
    {%- set readers -%}
        select file_reader
        from raw.input_files
        where source_table = '{{ table }}' and source_file in {{ text_list(files) }} and file_reader is not null
        order by source_file
    {%- endset -%}
    {%- set readers = run_query(readers).columns[0].values() | list -%}
    (
        select * from {{ relation }} where {{ '1 = 0' if readers else 'source_file in ' ~ text_list(files) }}
        {%- for reader in readers %}
        union all by name
        select * from {{ reader }}
        {%- endfor %}
    )
{%- endmacro %}
