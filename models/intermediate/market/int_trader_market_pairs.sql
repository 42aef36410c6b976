-- What is correlated, day by day: a trader's profit or positioning (y) with the market of the underlying the trader
-- trades most (x), given another move of that market (control).
with

timing_days as (
    select * from {{ ref('int_trader_timing_days') }}
    where event_date <= {{ as_of_date() }}
),

equity_days as (
    select * from {{ ref('int_trader_equity_days') }}
    where event_date <= {{ as_of_date() }} and trading_return is not null
),

market_days as (
    select * from {{ ref('int_market_days') }}
),

traded as (
    select
        trader_id,
        underlying,
        coalesce(sum(notional_usd), 0) as notional_usd
    from timing_days
    group by 1, 2
),

ranked as (
    select
        trader_id,
        underlying,
        row_number() over (partition by trader_id order by notional_usd desc, underlying) as size_rank
    from traded
),

main_underlyings as (
    select
        trader_id,
        underlying
    from ranked
    where size_rank = 1
),

sources as (
    select
        trader_id,
        min(pnl_source) as pnl_source
    from equity_days
    group by 1
),

profits as (
    select
        equity_days.trader_id,
        equity_days.pnl_source,
        equity_days.pnl_return,
        equity_days.trading_return,
        market_days.log_return,
        market_days.implied_volatility_change
    from equity_days
    inner join sources
        on equity_days.trader_id = sources.trader_id
        and equity_days.pnl_source = sources.pnl_source
    inner join main_underlyings on equity_days.trader_id = main_underlyings.trader_id
    inner join market_days
        on upper(main_underlyings.underlying) = market_days.asset
        and equity_days.event_date = market_days.event_date
    where market_days.log_return is not null
),

-- Delta bought less delta sold over both: what the trader decided, free of what prices did to the position.
positioning as (
    select
        timing_days.trader_id,
        {{ share('timing_days.net_delta_usd', 'timing_days.gross_delta_usd') }} as net_share,
        market_days.log_return
    from timing_days
    inner join main_underlyings
        on timing_days.trader_id = main_underlyings.trader_id
        and timing_days.underlying = main_underlyings.underlying
    inner join market_days
        on upper(timing_days.underlying) = market_days.asset
        and timing_days.event_date = market_days.event_date
    where timing_days.gross_delta_usd > 0 and market_days.log_return is not null
),

-- On a day without any profit or loss from trading the trader was not in the market.
pairs as (
    select trader_id, 'pnl' as relation, pnl_source, trading_return as y, log_return as x, null as control
    from profits
    where trading_return <> 0
    union all
    select trader_id, 'volatility', pnl_source, trading_return, implied_volatility_change, log_return
    from profits
    where trading_return <> 0 and implied_volatility_change is not null
    union all
    select trader_id, 'equity', pnl_source, pnl_return, log_return, null
    from profits
    where pnl_return <> 0 and pnl_source = 'equity'
    union all
    select trader_id, 'positioning', 'fills', net_share, log_return, null
    from positioning
),

final as (
    select
        trader_id,
        relation,
        pnl_source,
        cast(y as decimal(18, 12)) as y,
        cast(x as decimal(18, 12)) as x,
        cast(control as decimal(18, 12)) as control
    from pairs
)

select * from final
