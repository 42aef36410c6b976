{#- Incremental strategy `by_date`: the rows from the first changed date on are replaced. -#}
{% macro get_incremental_by_date_sql(arg_dict) -%}
    {%- set by_date = config.get('meta', {}).get('by_date', {}) -%}
    {%- set columns = get_quoted_csv(arg_dict.dest_columns | map(attribute='name')) -%}
    delete from {{ arg_dict.target_relation }}
    where {{ since_change(by_date.column or 'event_date') }};
    insert into {{ arg_dict.target_relation }} ({{ columns }})
    select {{ columns }} from {{ arg_dict.temp_relation }}
{%- endmacro %}
