-- What each account loses in each pool, a column a scenario: by its positions, and by coin that falls or is owed and
-- rises. Below zero it gains.
{{ config(materialized='table') }}
{%- set scenarios = risk_scenario_ids() %}
with

positions as (
    select * from {{ ref('int_pooled_positions') }}
),

collateral as (
    select * from {{ ref('int_account_collateral') }}
    where asset not in ('{{ var("dollar_currencies") | join("', '") }}')
),

instrument_pnls as (
    select
        {%- for scenario in scenarios %}
        max(case when scenario_id = '{{ scenario }}' then pnl_usd end) as pnl_{{ loop.index }},
        {%- endfor %}
        instrument_id
    from {{ ref('int_instrument_scenarios') }}
    group by instrument_id
),

assets as (
    select distinct asset from collateral
),

asset_shocks as (
    select
        {%- for scenario in scenarios %}
        max(case when risk_scenarios.scenario_id = '{{ scenario }}' then risk_scenarios.spot_shock end)
            as shock_{{ loop.index }},
        {%- endfor %}
        assets.asset
    from assets
    inner join {{ ref('risk_scenarios') }} as risk_scenarios
        on coalesce(assets.asset = risk_scenarios.underlying, true)
    group by assets.asset
),

position_losses as (
    select
        positions.account_id,
        positions.pool_id,
        {%- for _ in scenarios %}
        sum(
            cast(
                -cast(positions.quantity as double) * instrument_pnls.pnl_{{ loop.index }}
                as {{ contract_type('decimal') }}
            )
        ) as position_loss_{{ loop.index }},
        {%- endfor %}
        count(*) as position_count
    from positions
    inner join instrument_pnls on positions.instrument_id = instrument_pnls.instrument_id
    group by 1, 2
),

collateral_losses as (
    select
        collateral.account_id,
        collateral.pool_id,
        {%- for _ in scenarios %}
        sum(
            cast(
                -cast(collateral.equity_usd as double) * asset_shocks.shock_{{ loop.index }}
                as {{ contract_type('decimal') }}
            )
        ) as collateral_loss_{{ loop.index }},
        {%- endfor %}
        count(*) as asset_count
    from collateral
    inner join asset_shocks on collateral.asset = asset_shocks.asset
    group by 1, 2
),

final as (
    select
        {%- for _ in scenarios %}
        position_losses.position_loss_{{ loop.index }},
        collateral_losses.collateral_loss_{{ loop.index }},
        {%- endfor %}
        coalesce(position_losses.account_id, collateral_losses.account_id) as account_id,
        coalesce(position_losses.pool_id, collateral_losses.pool_id) as pool_id
    from position_losses
    full outer join collateral_losses
        on position_losses.account_id = collateral_losses.account_id
        and position_losses.pool_id = collateral_losses.pool_id
)

select * from final
