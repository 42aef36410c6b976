-- Dollar price of an asset on each day with fills: the day's last price, else the last one before it.
{{ config(materialized='table') }}
with

fills as (
    select * from {{ ref('stg_fills') }}
),

index_prices as (
    select * from {{ ref('stg_index_prices') }}
),

daily_prices as (
    select
        upper(asset) as asset,
        cast(priced_at as date) as event_date,
        max_by(price_usd, priced_at) as price_usd
    from index_prices
    group by 1, 2
),

days as (
    select cast(executed_at as date) as event_date from fills
    union
    select event_date from daily_prices
),

assets as (
    select distinct asset from daily_prices
),

priced_days as (
    select
        assets.asset,
        days.event_date,
        max(daily_prices.event_date) over (
            partition by assets.asset
            order by days.event_date
            rows between unbounded preceding and current row
        ) as price_date
    from assets
    cross join days
    left join daily_prices
        on assets.asset = daily_prices.asset
        and days.event_date = daily_prices.event_date
),

final as (
    select
        priced_days.asset,
        priced_days.event_date,
        priced_days.price_date,
        daily_prices.price_usd
    from priced_days
    inner join daily_prices
        on priced_days.asset = daily_prices.asset
        and priced_days.price_date = daily_prices.event_date
)

select * from final
