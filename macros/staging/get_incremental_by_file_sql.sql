{#-
    Incremental strategy `by_file` of staging: replaces the rows of files that have changed or are gone, and all rows
    that were judged again. The log gets the first date of which staged rows differ.
-#}
{% macro get_incremental_by_file_sql(arg_dict) -%}
    {%- set target_relation, temp_relation = arg_dict.target_relation, arg_dict.temp_relation -%}
    {%- set table = model.name.split('__')[1] -%}
    {%- set columns = get_quoted_csv(arg_dict.dest_columns | map(attribute='name')) -%}
    {%- set replaced -%}
        coalesce(
            source_file not in (
                select staged.source_file
                from {{ staged_files() }} as staged
                inner join raw.input_files as present
                    on staged.source_table = present.source_table
                    and staged.source_file = present.source_file
                    and staged.version = present.version
                where staged.source_table = '{{ table }}'
            ),
            true
        )
        or (row_key <> '' and row_key in (select judged.row_key from {{ temp_relation }} as judged))
        or (
            row_key = ''
            and source_file in (select judged.source_file from {{ temp_relation }} as judged where judged.row_key = '')
        )
    {%- endset -%}
    {{ log_changed_dates(table, target_relation, temp_relation, replaced) }};
    delete from {{ target_relation }} where {{ replaced }};
    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }} from {{ temp_relation }}
{%- endmacro %}
