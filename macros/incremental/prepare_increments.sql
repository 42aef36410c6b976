{#- Hook at the start of a run: makes the tables that increments are told by. -#}
{% macro prepare_increments() -%}
    {{ return(adapter.dispatch('prepare_increments')()) }}
{%- endmacro %}

{% macro default__prepare_increments() -%}{%- endmacro %}

{% macro duckdb__prepare_increments() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry') %}
    create schema if not exists {{ target.schema }};
    create table if not exists {{ load_log() }} (
        logged_at timestamp, entry varchar, source_table varchar, event_date date, code_digest varchar
    );
    create table if not exists {{ staged_files() }} (source_table varchar, source_file varchar, version varchar)
    {%- if flags.EMPTY %};
    -- models without rows are no base to build on
    delete from {{ load_log() }}
    {%- endif %}
    {%- endif -%}
{%- endmacro %}
