{#-
    dbt's own macro, for staging and facts by date also true where what is stored was made by other code or settings,
    or where everything has changed: then the whole is built at once.
-#}
{% macro should_full_refresh() -%}
    {%- set is_asked = config.get('full_refresh') -%}
    {%- if is_asked is none -%}
        {%- set is_asked = flags.FULL_REFRESH -%}
    {%- endif -%}
    {%- if is_asked or not execute or model.config.materialized != 'incremental' -%}
        {{ return(is_asked) }}
    {%- endif -%}
    {%- set changes = 'model.' ~ project_name ~ '.int_changes' -%}
    {%- set is_fact = changes in model.depends_on.nodes -%}
    {%- if not is_fact and model.config.incremental_strategy != 'by_file' -%}
        {{ return(is_asked) }}
    {%- endif -%}
    {%- if load_relation(load_log()) is none -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set settled -%}
        select count(*) from {{ load_log() }} where entry = 'settled' and code_digest = '{{ code_digest() }}'
    {%- endset -%}
    {%- if run_query(settled).columns[0].values()[0] == 0 -%}
        {{ return(true) }}
    {%- endif -%}
    {%- if is_fact -%}
        {%- set everything -%}
            select count(*) from {{ ref('int_changes') }} where changed_from = cast('0001-01-01' as date)
        {%- endset -%}
        {{ return(run_query(everything).columns[0].values()[0] > 0) }}
    {%- endif -%}
    {{ return(false) }}
{%- endmacro %}
