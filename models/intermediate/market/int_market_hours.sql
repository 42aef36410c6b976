-- The market as it was known at the start of each hour: a price counts from the next full hour on, never before.
{{ config(materialized='table') }}
with

prices as (
    select * from {{ ref('int_market_prices') }}
),

fills as (
    select * from {{ ref('stg_fills') }}
),

known_prices as (
    select
        asset,
        case
            when date_trunc('hour', priced_at) = priced_at then priced_at
            else date_trunc('hour', priced_at) + interval 1 hour
        end as hour_start,
        max_by(price_usd, case when price_usd is not null then priced_at end) as price_usd,
        max_by(implied_volatility, case when implied_volatility is not null then priced_at end) as implied_volatility
    from prices
    group by 1, 2
),

hours as (
    select date_trunc('hour', executed_at) as hour_start from fills
    union
    select hour_start from known_prices
),

assets as (
    select
        asset,
        min(hour_start) as first_hour
    from known_prices
    group by 1
),

carried as (
    select
        assets.asset,
        hours.hour_start,
        max(case when known_prices.price_usd is not null then known_prices.hour_start end) over (
            partition by assets.asset
            order by hours.hour_start
            rows between unbounded preceding and current row
        ) as price_hour,
        max(case when known_prices.implied_volatility is not null then known_prices.hour_start end) over (
            partition by assets.asset
            order by hours.hour_start
            rows between unbounded preceding and current row
        ) as volatility_hour
    from assets
    inner join hours on assets.first_hour <= hours.hour_start
    left join known_prices
        on assets.asset = known_prices.asset
        and hours.hour_start = known_prices.hour_start
),

final as (
    select
        carried.asset,
        carried.hour_start,
        carried.price_hour,
        known_prices.price_usd,
        carried.volatility_hour,
        known_volatilities.implied_volatility
    from carried
    left join known_prices
        on carried.asset = known_prices.asset
        and carried.price_hour = known_prices.hour_start
    left join known_prices as known_volatilities
        on carried.asset = known_volatilities.asset
        and carried.volatility_hour = known_volatilities.hour_start
)

select * from final
