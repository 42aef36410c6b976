{#- A Python model writes its own table (dbt.adapters.sparksession): what dbt runs is the model's code alone. -#}
{% macro sparksession__create_table_as(temporary, relation, compiled_code, language='sql') -%}
    {%- if language == 'python' %}
{#- dbt puts spaces before this: the code has to begin on a line of its own #}
{{ compiled_code }}
    {%- else -%}
        {{ spark__create_table_as(temporary, relation, compiled_code, language) }}
    {%- endif -%}
{%- endmacro %}

{#-
    The table of dbt-spark, which drops what was there before it builds. A Python model may read its own rows, so its
    table is replaced by the adapter, once the new one is written.
-#}
{% materialization table, adapter='sparksession', supported_languages=['sql', 'python'] %}
    {%- set old_relation = adapter.get_relation(database=database, schema=schema, identifier=model['alias']) -%}
    {%- set target_relation = api.Relation.create(
        identifier=model['alias'], schema=schema, database=database, type='table'
    ) -%}
    {{ run_hooks(pre_hooks) }}
    {%- if old_relation is not none and (model['language'] == 'sql' or not old_relation.is_table) -%}
        {% do adapter.drop_relation(old_relation) %}
    {%- endif -%}
    {%- call statement('main', language=model['language']) -%}
        {{ create_table_as(False, target_relation, compiled_code, model['language']) }}
    {%- endcall -%}
    {% do apply_grants(target_relation, config.get('grants'), should_revoke=true) %}
    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
