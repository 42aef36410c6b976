-- How much a trader trades at a time, in all, and with what equity.
with

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

recent_days as (
    {{ recent_days('int_trader_days') }}
),

equity as (
    select * from {{ ref('int_trader_equity') }}
),

totals as (
    select
        trader_id,
        sum(notional_usd) as notional_usd
    from trader_days
    group by 1
),

sizes as (
    select
        trader_id,
        median(median_ticket_usd) as median_ticket_usd,
        {{ share('sum(notional_usd)', 'count(*)') }} as notional_per_active_day_usd
    from recent_days
    group by 1
),

final as (
    select
        coalesce(totals.trader_id, equity.trader_id) as trader_id,
        totals.notional_usd,
        sizes.median_ticket_usd,
        sizes.notional_per_active_day_usd,
        equity.equity_usd
    from totals
    left join sizes on totals.trader_id = sizes.trader_id
    full outer join equity on totals.trader_id = equity.trader_id
)

select * from final
