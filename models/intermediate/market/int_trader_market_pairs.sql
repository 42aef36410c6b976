-- What is correlated, day by day: a trader's profit or positioning (y) with the market of the underlying the trader
-- trades most (x), given another move of that market (control).
{%- set relations = [
    ('pnl', 'trading_return', 'log_return', 'null'),
    ('volatility', 'trading_return', 'implied_volatility_change', 'log_return'),
    ('equity', 'pnl_return', 'log_return', 'null'),
] %}
{%- set positions = [
    ('positioning', 'log_return', 'null'),
    ('positioning_volatility', 'implied_volatility_change', 'log_return'),
] %}
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
        row_number() over (partition by trader_id order by notional_usd desc, underlying asc) as size_rank
    from traded
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
        case when equity_days.pnl_source = 'equity' then equity_days.pnl_return end as pnl_return,
        equity_days.trading_return,
        market_days.log_return,
        market_days.implied_volatility_change
    from equity_days
    inner join sources
        on equity_days.trader_id = sources.trader_id
        and equity_days.pnl_source = sources.pnl_source
    inner join ranked
        on equity_days.trader_id = ranked.trader_id
        and ranked.size_rank = 1
    inner join market_days
        on upper(ranked.underlying) = market_days.asset
        and equity_days.event_date = market_days.event_date
    where market_days.log_return is not null
),

-- Delta bought less delta sold over both: what the trader decided, free of what prices did to the position.
positioning as (
    select
        timing_days.trader_id,
        {{ share('timing_days.net_delta_usd', 'timing_days.gross_delta_usd') }} as net_share,
        market_days.log_return,
        market_days.implied_volatility_change
    from timing_days
    inner join ranked
        on timing_days.trader_id = ranked.trader_id
        and timing_days.underlying = ranked.underlying
        and ranked.size_rank = 1
    inner join market_days
        on upper(timing_days.underlying) = market_days.asset
        and timing_days.event_date = market_days.event_date
    where timing_days.gross_delta_usd > 0 and market_days.log_return is not null
),

-- On a day without any profit or loss the trader was not in the market.
pairs as (
    {%- for relation, y, x, control in relations %}
    select
        trader_id,
        '{{ relation }}' as relation,
        pnl_source,
        {{ y }} as y,
        {{ x }} as x,
        {{ control }} as control
    from profits
    where {{ y }} <> 0 and {{ x }} is not null
    union all
    {%- endfor %}
    {%- for relation, x, control in positions %}
    select
        trader_id,
        '{{ relation }}' as relation,
        'fills' as pnl_source,
        net_share as y,
        {{ x }} as x,
        {{ control }} as control
    from positioning
    where {{ x }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
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
