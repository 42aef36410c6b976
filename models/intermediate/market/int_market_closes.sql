-- The close of each calendar day with a price, and its change from the day before.
{{ config(materialized='table') }}
with

prices as (
    select * from {{ ref('int_market_prices') }}
),

-- The close is the last price stamped with the day; one stamped with the next midnight is of the next day.
closes as (
    select
        asset,
        cast(priced_at as date) as event_date,
        {{ dbt.datediff("cast('1970-01-01' as date)", 'cast(priced_at as date)', 'day') }} as day_number,
        cast(max_by(price_usd, case when price_usd > 0 then priced_at end) as double) as price_usd,
        cast(max_by(implied_volatility, case when implied_volatility > 0 then priced_at end) as double)
            as implied_volatility
    from prices
    where price_usd > 0 or implied_volatility > 0
    group by 1, 2, 3
),

previous as (
    select
        closes.*,
        coalesce(lag(day_number) over (partition by asset order by day_number) = day_number - 1, false)
            as follows_a_day,
        lag(price_usd) over (partition by asset order by day_number) as previous_price_usd,
        lag(implied_volatility) over (partition by asset order by day_number) as previous_implied_volatility
    from closes
),

-- A change spans one day; over a gap there is none. Rounded, because logarithms of two engines differ in the last bit.
final as (
    select
        asset,
        event_date,
        day_number,
        price_usd,
        implied_volatility,
        case when follows_a_day then round(ln(price_usd / previous_price_usd), 12) end as log_return,
        case when follows_a_day then round(implied_volatility - previous_implied_volatility, 12) end
            as implied_volatility_change,
        case when follows_a_day then round(ln(implied_volatility / previous_implied_volatility), 12) end
            as implied_volatility_log_change
    from previous
)

select * from final
