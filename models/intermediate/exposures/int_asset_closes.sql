-- What is known of each asset at the end of each calendar day: a day without a price keeps the last one, never a later.
{{ config(materialized='table') }}
with

market_days as (
    select * from {{ ref('int_market_days') }}
),

calendar_days as (
    select * from {{ ref('int_calendar_days') }}
),

assets as (
    select distinct asset from market_days
),

days as (
    select event_date from calendar_days
    union
    select event_date from market_days
),

carried as (
    select
        assets.asset,
        days.event_date,
        max(market_days.event_date) over (
            partition by assets.asset
            order by days.event_date
            rows between unbounded preceding and current row
        ) as price_date
    from assets
    cross join days
    left join market_days
        on assets.asset = market_days.asset
        and days.event_date = market_days.event_date
),

final as (
    select
        carried.asset,
        carried.event_date,
        market_days.price_usd,
        market_days.implied_volatility
    from carried
    inner join calendar_days on carried.event_date = calendar_days.event_date
    inner join market_days
        on carried.asset = market_days.asset
        and carried.price_date = market_days.event_date
)

select * from final
