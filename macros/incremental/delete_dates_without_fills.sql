{#- A date that lost its last fill has no new rows to replace the stored ones. -#}
{% macro delete_dates_without_fills() -%}
    delete from {{ this }}
    where event_date not in (select cast(executed_at as date) from {{ ref('stg_fills') }})
{%- endmacro %}
