-- Equity, margin and profit of each trader by day; before a trader's first balance the profit is what fills realised.
{{ config(materialized='table') }}
with

equity_changes as (
    select * from {{ ref('int_trader_equity_changes') }}
),

holding_changes as (
    select * from {{ ref('int_trader_holding_changes') }}
),

transfer_days as (
    select * from {{ ref('int_trader_transfer_days') }}
),

trader_days as (
    select * from {{ ref('int_trader_days') }}
),

-- Before the first transfer of the venue nothing says that there was none.
transfers_known as (
    select min(event_date) as from_date from transfer_days
),

transferred as (
    select
        equity_changes.*,
        case when holding_changes.trader_id is null then 0 else holding_changes.holding_change_usd end
            as holding_change_usd,
        case
            when transfers_known.from_date <= equity_changes.event_date
                then coalesce(transfer_days.paid_in_usd - transfer_days.taken_out_usd, 0)
        end as net_transfer_usd
    from equity_changes
    cross join transfers_known
    left join transfer_days
        on equity_changes.trader_id = transfer_days.trader_id
        and equity_changes.event_date = transfer_days.event_date
    left join holding_changes
        on equity_changes.trader_id = holding_changes.trader_id
        and equity_changes.event_date = holding_changes.event_date
),

-- Money paid in is there from the start of the day, money taken out until its end.
from_equity as (
    select
        trader_id,
        event_date,
        equity_usd,
        initial_margin_usd,
        maintenance_margin_usd,
        net_transfer_usd,
        equity_change_usd - net_transfer_usd as pnl_usd,
        case when equity_change_usd is not null then holding_change_usd - net_transfer_usd end as trading_pnl_usd,
        case
            when previous_equity_usd > 0 then previous_equity_usd + greatest(net_transfer_usd, 0)
        end as pnl_base_usd,
        'equity' as pnl_source
    from transferred
),

first_balances as (
    select
        trader_id,
        min(event_date) as from_date
    from equity_changes
    group by 1
),

from_fills as (
    select
        trader_days.trader_id,
        trader_days.event_date,
        cast(null as {{ contract_type('decimal') }}) as equity_usd,
        cast(null as {{ contract_type('decimal') }}) as initial_margin_usd,
        cast(null as {{ contract_type('decimal') }}) as maintenance_margin_usd,
        cast(null as {{ contract_type('decimal') }}) as net_transfer_usd,
        trader_days.realized_pnl_usd - coalesce(trader_days.fee_paid_usd - trader_days.rebate_usd, 0) as pnl_usd,
        trader_days.realized_pnl_usd - coalesce(trader_days.fee_paid_usd - trader_days.rebate_usd, 0)
            as trading_pnl_usd,
        trader_days.notional_usd as pnl_base_usd,
        'realized' as pnl_source
    from trader_days
    left join first_balances on trader_days.trader_id = first_balances.trader_id
    where first_balances.from_date is null or trader_days.event_date < first_balances.from_date
),

profits as (
    select * from from_equity
    union all
    select * from from_fills
),

final as (
    select
        trader_id,
        event_date,
        equity_usd,
        initial_margin_usd,
        maintenance_margin_usd,
        net_transfer_usd,
        pnl_usd,
        trading_pnl_usd,
        {%- for profit, name in [('pnl_usd', 'pnl_return'), ('trading_pnl_usd', 'trading_return')] %}
        case
            when {{ profit }} is not null and pnl_base_usd > 0
                then round(least(greatest({{ share(profit, 'pnl_base_usd') }}, -1), 1), 12)
        end as {{ name }},
        {%- endfor %}
        pnl_source
    from profits
)

select * from final
