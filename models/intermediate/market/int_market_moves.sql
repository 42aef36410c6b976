-- Moves of the last hour, known at the start of each hour with a new price: large ones against the volatility of the
-- week before.
{{ config(materialized='table') }}
with

priced_hours as (
    select
        asset,
        hour_start,
        cast(price_usd as double) as price_usd,
        {{ dbt.datediff("cast('1970-01-01' as timestamp)", 'hour_start', 'hour') }} as hour_number
    from {{ ref('int_market_hours') }}
    where hour_start = price_hour and price_usd > 0
),

-- A return spans one hour; over a gap there is none.
returns as (
    select
        asset,
        hour_start,
        hour_number,
        case
            when hour_number - lag(hour_number) over (partition by asset order by hour_number) = 1
                then round(ln(price_usd / lag(price_usd) over (partition by asset order by hour_number)), 12)
        end as log_return
    from priced_hours
),

trailing_sums as (
    select
        asset,
        hour_start,
        log_return,
        count(log_return) over week_before as return_count,
        sum(cast(log_return * log_return as decimal(24, 18))) over week_before as squared_returns
    from returns
    window week_before as (
        partition by asset
        order by hour_number
        range between {{ var('large_move').trailing_hours }} preceding and 1 preceding
    )
),

volatilities as (
    select
        asset,
        hour_start,
        log_return,
        case
            when return_count >= {{ var('large_move').least_hours }}
                then round(sqrt(cast(squared_returns as double) / return_count), 12)
        end as trailing_volatility
    from trailing_sums
),

final as (
    select
        asset,
        hour_start,
        log_return,
        trailing_volatility,
        abs(log_return) > {{ var('large_move').volatilities }} * trailing_volatility as is_large_move
    from volatilities
)

select * from final
