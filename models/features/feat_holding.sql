-- How long positions are held and what is carried overnight. Positions are rebuilt from fills at the end of each day;
-- one in an instrument that expires ends with it.
with

trader_windows as (
    select * from {{ ref('int_trader_windows') }}
),

-- What expired before a trader's window was not held in it: most of the past of who trades options.
instrument_days as (
    select instrument_days.*
    from {{ ref('int_trader_instrument_days') }} as instrument_days
    inner join trader_windows on instrument_days.trader_id = trader_windows.trader_id
    where
        instrument_days.event_date <= {{ as_of_date() }}
        and coalesce(cast(instrument_days.expires_at as date) >= trader_windows.from_date, true)
),

recent_instrument_days as (
    {{ recent_days('int_trader_instrument_days') }}
),

equity as (
    select * from {{ ref('int_trader_equity') }}
),

positions as (
    select
        trader_id,
        instrument_id,
        kind,
        sum(net_quantity) over (
            partition by trader_id, instrument_id
            order by event_date
            rows between unbounded preceding and current row
        ) as quantity,
        event_date as from_date,
        least(
            coalesce(
                lead(event_date) over (partition by trader_id, instrument_id order by event_date),
                {{ as_of_date() }}
            ),
            coalesce(cast(expires_at as date), {{ as_of_date() }})
        ) as to_date
    from instrument_days
),

unit_values as (
    select
        trader_id,
        instrument_id,
        {{ share('sum(notional_usd)', 'sum(bought_quantity) + sum(sold_quantity)') }} as unit_value_usd
    from instrument_days
    group by 1, 2
),

turned_over as (
    select
        trader_id,
        instrument_id,
        greatest(sum(bought_quantity), sum(sold_quantity)) as opened_quantity
    from recent_instrument_days
    group by 1, 2
),

-- Position times days held in the window, in US dollars at the trader's own mean price.
dollar_days as (
    select
        positions.trader_id,
        positions.kind,
        cast(
            cast(positions.quantity as double)
            * greatest({{ dbt.datediff(
                'greatest(positions.from_date, trader_windows.from_date)', 'positions.to_date', 'day'
            ) }}, 0)
            * unit_values.unit_value_usd
            as decimal(38, 6)
        ) as position_usd_days
    from positions
    inner join unit_values
        on positions.trader_id = unit_values.trader_id
        and positions.instrument_id = unit_values.instrument_id
    inner join trader_windows on positions.trader_id = trader_windows.trader_id
),

stocks as (
    select
        trader_id,
        sum(abs(position_usd_days)) as held_usd_days,
        {{ share(
            "sum(case when kind in ('perpetual', 'future') then position_usd_days end)",
            "sum(case when kind in ('perpetual', 'future') then abs(position_usd_days) end)",
        ) }} as position_direction
    from dollar_days
    group by 1
),

flows as (
    select
        turned_over.trader_id,
        sum(cast(cast(turned_over.opened_quantity as double) * unit_values.unit_value_usd as decimal(38, 6)))
            as opened_usd
    from turned_over
    inner join unit_values
        on turned_over.trader_id = unit_values.trader_id
        and turned_over.instrument_id = unit_values.instrument_id
    group by 1
),

-- Little's law: time held = stock over flow.
holding as (
    select
        stocks.trader_id,
        {{ share('stocks.held_usd_days', 'flows.opened_usd') }} as holding_days,
        stocks.position_direction
    from stocks
    inner join flows on stocks.trader_id = flows.trader_id
),

carried as (
    select
        trader_id,
        {{ share('sum(abs(net_notional_usd))', 'sum(notional_usd)') }} as end_of_day_net_share,
        {{ share(
            "sum(case when coalesce(kind, '') <> 'option' then net_notional_usd end)",
            "sum(case when coalesce(kind, '') <> 'option' then notional_usd end)",
        ) }} as net_buy_share,
        {{ share('sum(notional_usd)', 'count(distinct event_date)') }} as notional_per_active_day_usd
    from recent_instrument_days
    group by 1
),

final as (
    select
        carried.trader_id,
        holding.holding_days,
        holding.position_direction,
        carried.end_of_day_net_share,
        carried.net_buy_share,
        case
            when equity.equity_usd > 0
                then carried.notional_per_active_day_usd / cast(equity.equity_usd as double)
        end as equity_turnover
    from carried
    inner join holding on carried.trader_id = holding.trader_id
    left join equity on carried.trader_id = equity.trader_id
)

select * from final
