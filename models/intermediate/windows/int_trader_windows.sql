-- The days that tell how a trader trades now: the last weeks, and for who trades rarely as far back as it takes.
{{ config(materialized='table') }}
{%- set window = var('style_window') %}
with

traders as (
    select * from {{ ref('int_traders') }}
),

ranked_days as (
    select
        trader_id,
        event_date,
        row_number() over (partition by trader_id order by event_date desc) as day_rank
    from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

least_days as (
    select
        trader_id,
        min(event_date) as from_date
    from ranked_days
    where day_rank <= {{ window.least_active_days }}
    group by 1
),

last_weeks as (
    select
        traders.trader_id,
        least_days.from_date as least_from_date,
        cast({{ dbt.dateadd('day', 1 - window.days, as_of_date()) }} as date) as weeks_from_date
    from traders
    left join least_days on traders.trader_id = least_days.trader_id
),

final as (
    select
        trader_id,
        least(weeks_from_date, coalesce(least_from_date, weeks_from_date)) as from_date
    from last_weeks
)

select * from final
