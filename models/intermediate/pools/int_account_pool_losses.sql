-- What each account loses in each pool under each scenario: by its positions, and by coin that falls or is owed and
-- rises. Below zero it gains.
{{ config(materialized='table') }}
with

positions as (
    select * from {{ ref('int_pooled_positions') }}
),

instrument_scenarios as (
    select * from {{ ref('int_instrument_scenarios') }}
),

collateral as (
    select * from {{ ref('int_account_collateral') }}
    where asset not in ('{{ var("dollar_currencies") | join("', '") }}')
),

scenarios as (
    select * from {{ ref('risk_scenarios') }}
    where spot_shock <> 0
),

losses as (
    select
        positions.account_id,
        positions.pool_id,
        instrument_scenarios.scenario_id,
        cast(-cast(positions.quantity as double) * instrument_scenarios.pnl_usd as {{ contract_type('decimal') }})
            as position_loss_usd,
        cast(0 as {{ contract_type('decimal') }}) as collateral_loss_usd
    from positions
    inner join instrument_scenarios on positions.instrument_id = instrument_scenarios.instrument_id
    where instrument_scenarios.pnl_usd is not null
    union all
    select
        collateral.account_id,
        collateral.pool_id,
        scenarios.scenario_id,
        cast(0 as {{ contract_type('decimal') }}) as position_loss_usd,
        cast(-cast(collateral.equity_usd as double) * scenarios.spot_shock as {{ contract_type('decimal') }})
            as collateral_loss_usd
    from collateral
    inner join scenarios on coalesce(collateral.asset = scenarios.underlying, true)
    where collateral.equity_usd is not null
),

final as (
    select
        account_id,
        pool_id,
        scenario_id,
        sum(position_loss_usd) as position_loss_usd,
        sum(collateral_loss_usd) as collateral_loss_usd,
        sum(position_loss_usd + collateral_loss_usd) as loss_usd
    from losses
    group by 1, 2, 3
)

select * from final
