{#-
    Hook at the end of a run: once all facts by date are built, everything that the log holds is in them. Otherwise it
    stays, and the next run builds from the same dates on.
-#}
{% macro settle_increments() -%}
    {{ return(adapter.dispatch('settle_increments')()) }}
{%- endmacro %}

{% macro default__settle_increments() -%}{%- endmacro %}

{% macro duckdb__settle_increments() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry') and not flags.EMPTY -%}
        {%- set done = [] -%}
        {%- for result in results if result.status == 'success' -%}
            {%- do done.append(result.node.unique_id) -%}
        {%- endfor -%}
        {%- set changes = 'model.' ~ project_name ~ '.int_changes' -%}
        {%- set missing = [] if changes in done else [changes] -%}
        {%- for node in graph.nodes.values() -%}
            {%- if changes in node.depends_on.nodes and node.config.materialized == 'incremental' -%}
                {%- do missing.append(node.unique_id) if node.unique_id not in done -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if not missing %}
        insert into {{ load_log() }}
        select current_timestamp, 'settled', null, max_by(event_date, logged_at), '{{ code_digest() }}'
        from {{ load_log() }}
        where entry = 'as_of';
        delete from {{ load_log() }}
        where entry <> 'settled' or logged_at < (select max(logged_at) from {{ load_log() }} where entry = 'settled')
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
