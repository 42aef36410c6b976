-- What each account loses in each pool under each scenario: its positions, and coin that falls or owed coin that rises.
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

profits as (
    select
        positions.account_id,
        positions.pool_id,
        instrument_scenarios.scenario_id,
        cast(cast(positions.quantity as double) * instrument_scenarios.pnl_usd as {{ contract_type('decimal') }})
            as pnl_usd
    from positions
    inner join instrument_scenarios on positions.instrument_id = instrument_scenarios.instrument_id
    union all
    select
        collateral.account_id,
        collateral.pool_id,
        scenarios.scenario_id,
        cast(cast(collateral.equity_usd as double) * scenarios.spot_shock as {{ contract_type('decimal') }}) as pnl_usd
    from collateral
    inner join scenarios on coalesce(scenarios.underlying = collateral.asset, true)
),

final as (
    select
        account_id,
        pool_id,
        scenario_id,
        -sum(pnl_usd) as loss_usd
    from profits
    where pnl_usd is not null
    group by 1, 2, 3
)

select * from final
