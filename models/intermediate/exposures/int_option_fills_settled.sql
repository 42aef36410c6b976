-- Option fills whose option has expired by the as-of date, with the volatility realised from the trade to expiry.
-- Every hourly move of the underlying counts, so that a life of a day has its 24 observations. A volatility that is
-- only the index's was not paid by anybody.
with

fills as (
    select
        *,
        upper(underlying) as asset
    from {{ ref('int_fill_greeks') }}
    where
        kind = 'option'
        and implied_volatility_source <> 'index'
        and cast(expires_at as date) <= {{ as_of_date() }}
),

market_hours as (
    select * from {{ ref('int_market_hours') }}
),

moves as (
    select
        asset,
        hour_start,
        price_hour,
        round(ln(
            cast(price_usd as double)
            / cast(lag(price_usd) over (partition by asset order by hour_start) as double)
        ), 12) as log_return
    from market_hours
    where price_usd > 0
),

variance_hours as (
    select
        asset,
        hour_start,
        price_hour,
        sum(cast(coalesce(log_return * log_return, 0) as decimal(38, 18))) over (
            partition by asset
            order by hour_start
            rows between unbounded preceding and current row
        ) as cumulative_variance
    from moves
),

-- Of the instruments, so that who asks for some days of expiry has few of them to join with fills, which are read once.
expiries as (
    select distinct
        upper(underlying) as asset,
        expires_at,
        cast(expires_at as date) as expired_on
    from {{ ref('stg_instruments') }}
    where kind = 'option'
),

-- Prices have to reach the last day of the life; else what was realised is not known.
settlements as (
    select
        expiries.asset,
        expiries.expires_at,
        expiries.expired_on,
        max(variance_hours.hour_start) as last_hour,
        max(variance_hours.cumulative_variance) as cumulative_variance
    from expiries
    inner join variance_hours
        on expiries.asset = variance_hours.asset
        and expiries.expires_at >= variance_hours.hour_start
        and expiries.expires_at < variance_hours.price_hour + interval 1 day
    group by 1, 2, 3
),

lives as (
    select
        fills.*,
        settlements.expired_on,
        cast(settlements.cumulative_variance - variance_hours.cumulative_variance as double) as realized_variance,
        cast({{ seconds_between('variance_hours.hour_start', 'settlements.last_hour') }} as double) / (365 * 86400)
            as life_years
    from fills
    inner join settlements
        on fills.asset = settlements.asset
        and fills.expires_at = settlements.expires_at
    inner join variance_hours
        on fills.asset = variance_hours.asset
        and date_trunc('hour', fills.executed_at) = variance_hours.hour_start
),

final as (
    select
        fill_id,
        trader_id,
        expired_on as event_date,
        vega_usd,
        implied_volatility,
        sqrt(realized_variance / life_years) as realized_volatility
    from lives
    where life_years > 0
)

select * from final
