-- How much a trader trades at a time, in all, and with what equity.
with

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

equity as (
    select * from {{ ref('int_trader_equity') }}
),

sizes as (
    select
        trader_id,
        sum(notional_usd) as notional_usd,
        median(median_ticket_usd) as median_ticket_usd,
        count(*) as active_days
    from trader_days
    group by 1
),

final as (
    select
        coalesce(sizes.trader_id, equity.trader_id) as trader_id,
        sizes.notional_usd,
        sizes.median_ticket_usd,
        {{ share('sizes.notional_usd', 'sizes.active_days') }} as notional_per_active_day_usd,
        equity.equity_usd
    from sizes
    full outer join equity on sizes.trader_id = equity.trader_id
)

select * from final
