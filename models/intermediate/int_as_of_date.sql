-- The last day whose events count: the var as_of_date, else the last day with fills, orders or transfers.
{{ config(materialized='table') }}
{%- set given_date = var('as_of_date') %}
with

event_dates as (
    select max(cast(executed_at as date)) as event_date from {{ ref('stg_fills') }}
    union all
    select max(cast(event_at as date)) as event_date from {{ ref('stg_orders') }}
    union all
    select max(cast(occurred_at as date)) as event_date from {{ ref('stg_transfers') }}
),

final as (
    select coalesce(cast({{ "'" ~ given_date ~ "'" if given_date else 'null' }} as date), max(event_date)) as as_of_date
    from event_dates
)

select * from final
