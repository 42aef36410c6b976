-- How long positions are held and what is carried overnight. Positions are rebuilt from fills at the end of each day; one in an
-- instrument that expires ends with it.
with

instrument_days as (
    select * from {{ ref('int_trader_instrument_days') }}
    where event_date <= {{ as_of_date() }}
),

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

equity as (
    select * from {{ ref('int_trader_equity') }}
),

positions as (
    select
        trader_id,
        instrument_id,
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

quantity_days as (
    select
        trader_id,
        instrument_id,
        sum(abs(quantity) * greatest({{ dbt.datediff('from_date', 'to_date', 'day') }}, 0)) as quantity_days
    from positions
    group by 1, 2
),

turned_over as (
    select
        trader_id,
        instrument_id,
        greatest(sum(bought_quantity), sum(sold_quantity)) as opened_quantity,
        {{ share('sum(notional_usd)', 'sum(bought_quantity) + sum(sold_quantity)') }} as unit_value_usd
    from instrument_days
    group by 1, 2
),

-- Little's law: time held = stock over flow.
holding as (
    select
        turned_over.trader_id,
        {{ share(
            'sum(cast(cast(quantity_days.quantity_days as double) * turned_over.unit_value_usd as decimal(38, 6)))',
            'sum(cast(cast(turned_over.opened_quantity as double) * turned_over.unit_value_usd as decimal(38, 6)))',
        ) }} as holding_days
    from turned_over
    inner join quantity_days
        on turned_over.trader_id = quantity_days.trader_id
        and turned_over.instrument_id = quantity_days.instrument_id
    group by 1
),

carried as (
    select
        trader_id,
        {{ share('sum(abs(net_notional_usd))', 'sum(notional_usd)') }} as end_of_day_net_share,
        {{ share(
            "sum(case when coalesce(kind, '') <> 'option' then net_notional_usd end)",
            "sum(case when coalesce(kind, '') <> 'option' then notional_usd end)",
        ) }} as net_buy_share
    from instrument_days
    group by 1
),

daily_notional as (
    select
        trader_id,
        {{ share('sum(notional_usd)', 'count(*)') }} as notional_per_active_day_usd
    from trader_days
    group by 1
),

final as (
    select
        carried.trader_id,
        holding.holding_days,
        carried.end_of_day_net_share,
        carried.net_buy_share,
        case
            when equity.equity_usd > 0 then daily_notional.notional_per_active_day_usd / cast(equity.equity_usd as double)
        end as equity_turnover
    from carried
    inner join holding on carried.trader_id = holding.trader_id
    inner join daily_notional on carried.trader_id = daily_notional.trader_id
    left join equity on carried.trader_id = equity.trader_id
)

select * from final
