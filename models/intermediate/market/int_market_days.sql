-- The market of each calendar day with a price: close, return, and volatility realised and implied.
{{ config(materialized='table') }}
with

hours as (
    select * from {{ ref('int_market_hours') }}
),

-- The close of a day is what is known at the next midnight, else the last hour before it.
days as (
    select
        asset,
        cast(hour_start - interval 1 microsecond as date) as event_date,
        max_by(price_usd, hour_start) as price_usd,
        max_by(implied_volatility, hour_start) as implied_volatility
    from hours
    where hour_start = price_hour
    group by 1, 2
),

changes as (
    select
        asset,
        event_date,
        price_usd,
        implied_volatility,
        lag(event_date) over (partition by asset order by event_date) as previous_date,
        ln(cast(price_usd as double) / nullif(cast(
            lag(price_usd) over (partition by asset order by event_date) as double
        ), 0)) as log_return,
        implied_volatility - lag(implied_volatility) over (partition by asset order by event_date)
            as implied_volatility_change
    from days
),

final as (
    select
        asset,
        event_date,
        cast(price_usd as double) as price_usd,
        cast(implied_volatility as double) as implied_volatility,
        case when {{ dbt.datediff('previous_date', 'event_date', 'day') }} = 1 then log_return end as log_return,
        case when {{ dbt.datediff('previous_date', 'event_date', 'day') }} = 1 then cast(implied_volatility_change as double) end
            as implied_volatility_change
    from changes
)

select * from final
