-- What is known of each asset at the end of each calendar day: a day without a price keeps the last one.
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
        max(case when market_days.price_usd is not null then market_days.event_date end) over (
            partition by assets.asset
            order by days.event_date
            rows between unbounded preceding and current row
        ) as price_date,
        max(case when market_days.implied_volatility is not null then market_days.event_date end) over (
            partition by assets.asset
            order by days.event_date
            rows between unbounded preceding and current row
        ) as volatility_date
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
        prices.price_usd,
        volatilities.implied_volatility
    from carried
    inner join calendar_days on carried.event_date = calendar_days.event_date
    left join market_days as prices
        on carried.asset = prices.asset
        and carried.price_date = prices.event_date
    left join market_days as volatilities
        on carried.asset = volatilities.asset
        and carried.volatility_date = volatilities.event_date
)

select * from final
