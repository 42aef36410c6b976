{#- A date that lost its last fill has no new rows to replace the stored ones. -#}
{% macro delete_dates_without_fills() -%}
    {{ return(adapter.dispatch('delete_dates_without_fills')()) }}
{%- endmacro %}

{% macro default__delete_dates_without_fills() -%}
    delete from {{ this }}
    where event_date not in (select cast(executed_at as date) from {{ ref('stg_fills') }})
{%- endmacro %}

{#- A date is a partition there. -#}
{% macro spark__delete_dates_without_fills() -%}
    {%- if execute -%}
        {%- set gone = run_query(
            'select distinct event_date from ' ~ this
            ~ ' where event_date not in (select cast(executed_at as date) from ' ~ ref('stg_fills') ~ ')'
        ) -%}
        {%- if gone.rows -%}
    alter table {{ this }} drop if exists
            {%- for row in gone.rows %}
    partition (event_date = date '{{ row[0] }}'){{ ',' if not loop.last }}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
