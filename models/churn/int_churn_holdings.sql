-- What each trader had at the venue on the dates of churn: equity by the last balance of the week, and open positions.
-- Who has no row has nothing that is known of.
{{ config(materialized='table') }}
with

dates as (
    select snapshot_date as holding_date from {{ ref('int_churn_dates') }}
    union
    select horizon_date as holding_date from {{ ref('int_churn_dates') }}
    where is_outcome_known
),

balances as (
    select
        trader_id,
        event_date,
        equity_usd
    from {{ ref('int_trader_equity_days') }}
    where equity_usd is not null
),

equity as (
    select
        balances.trader_id,
        dates.holding_date,
        max_by(balances.equity_usd, balances.event_date) as equity_usd
    from balances
    inner join dates
        on balances.event_date <= dates.holding_date
        and balances.event_date > cast({{ dbt.dateadd('day', -7, 'dates.holding_date') }} as date)
    group by 1, 2
),

positions as (
    select
        exposure_days.trader_id,
        dates.holding_date,
        exposure_days.gross_notional_usd as open_position_usd,
        true as has_position
    from {{ ref('int_trader_exposure_days') }} as exposure_days
    inner join dates on exposure_days.event_date = dates.holding_date
),

final as (
    select
        coalesce(equity.trader_id, positions.trader_id) as trader_id,
        coalesce(equity.holding_date, positions.holding_date) as holding_date,
        equity.equity_usd,
        positions.open_position_usd,
        -- a position without a value is a position
        coalesce(equity.equity_usd >= {{ var('churn').dust_usd }}, false)
        or (
            positions.has_position is not null
            and coalesce(positions.open_position_usd >= {{ var('churn').dust_usd }}, true)
        ) as is_left
    from equity
    full outer join positions
        on equity.trader_id = positions.trader_id
        and equity.holding_date = positions.holding_date
)

select * from final
