{#-
    `delete+insert` on a unique key of one column, as the models configure it for DuckDB: a table partitioned by that
    column, of which a run replaces the partitions that it has rows for. Parquet needs no other table format for that.
-#}
{% materialization incremental, adapter='sparksession' %}
    {%- set existing_relation = load_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- if config.get('incremental_strategy') != 'delete+insert' or config.get('unique_key') is not string -%}
        {{ exceptions.raise_compiler_error(
            'On Spark an incremental model has the strategy delete+insert and one column as unique_key.'
        ) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks) }}
    {%- if existing_relation is none or existing_relation.is_view or should_full_refresh() -%}
        {%- if existing_relation is not none -%}
            {% do adapter.drop_relation(existing_relation) %}
        {%- endif -%}
        {%- call statement('main') -%}
            {{ create_table_as(False, target_relation, compiled_code) }}
        {%- endcall -%}
    {%- else -%}
        {%- set new_rows = this.incorporate(path={'identifier': this.identifier ~ '__dbt_tmp'})
            .include(database=false, schema=false) -%}
        {%- call statement('new_rows') -%}
            {{ create_table_as(True, new_rows, compiled_code) }}
        {%- endcall -%}
        {%- do process_schema_changes(config.get('on_schema_change') or 'ignore', new_rows, existing_relation) -%}
        {%- call statement('main') -%}
            {{ get_insert_overwrite_sql(new_rows, target_relation, existing_relation) }}
        {%- endcall -%}
    {%- endif -%}
    {% do apply_grants(target_relation, config.get('grants'), should_revoke=true) %}
    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro sparksession__partition_cols(label, required=false) -%}
    {%- set columns = config.get('partition_by') or (
        config.get('unique_key') if config.get('materialized') == 'incremental'
    ) -%}
    {%- if columns -%}
        {{ label }} ({{ columns if columns is string else columns | join(', ') }})
    {%- endif -%}
{%- endmacro %}
