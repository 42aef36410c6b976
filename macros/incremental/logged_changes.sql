{#- Query of what the log holds: first changed date, first and last as-of date. Without one everything has changed. -#}
{% macro logged_changes() -%}
    {{ return(adapter.dispatch('logged_changes')()) }}
{%- endmacro %}

{% macro default__logged_changes() -%}
select
    cast('0001-01-01' as date) as changed_from,
    cast(null as date) as first_as_of_date,
    cast(null as date) as last_as_of_date
{%- endmacro %}

{% macro duckdb__logged_changes() -%}
{%- set fills = 'model.' ~ project_name ~ '.stg_' ~ active_venue() ~ '__fills' -%}
{%- if not execute or load_relation(load_log()) is none or graph.nodes[fills].config.materialized != 'incremental' -%}
{{ default__logged_changes() }}
{%- else -%}
select
    min(case when entry = 'changed' then event_date end) as changed_from,
    min(case when entry in ('as_of', 'settled') then event_date end) as first_as_of_date,
    max(case when entry in ('as_of', 'settled') then event_date end) as last_as_of_date
from {{ load_log() }}
{%- endif -%}
{%- endmacro %}

{#- Post-hook of int_changes: from now on facts may end at this as-of date. -#}
{% macro log_as_of_date() -%}
    {{ return(adapter.dispatch('log_as_of_date')()) }}
{%- endmacro %}

{% macro default__log_as_of_date() -%}{%- endmacro %}

{% macro duckdb__log_as_of_date() -%}
insert into {{ load_log() }}
select current_timestamp, 'as_of', null, as_of_date, null
from {{ ref('int_as_of_date') }}
{%- endmacro %}
