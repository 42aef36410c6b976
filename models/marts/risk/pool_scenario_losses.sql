-- What each segment loses in each pool under each scenario.
with

losses as (
    select * from {{ ref('int_account_pool_losses') }}
),

account_pools as (
    select * from {{ ref('int_segmented_account_pools') }}
),

scenarios as (
    select * from {{ ref('risk_scenarios') }}
),

summed as (
    select
        account_pools.pool_id,
        account_pools.segment_id,
        losses.scenario_id,
        sum(losses.position_loss_usd) as position_loss_usd,
        sum(losses.collateral_loss_usd) as collateral_loss_usd,
        sum(greatest(losses.position_loss_usd, 0)) as gross_loss_usd,
        sum(
            case
                when account_pools.equity_usd is not null
                    then greatest(
                        losses.position_loss_usd - greatest(account_pools.equity_usd - losses.collateral_loss_usd, 0), 0
                    )
            end
        ) as shortfall_usd
    from losses
    inner join account_pools
        on losses.account_id = account_pools.account_id
        and losses.pool_id = account_pools.pool_id
    group by 1, 2, 3
),

final as (
    select
        summed.pool_id,
        summed.segment_id,
        summed.scenario_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        scenarios.underlying,
        scenarios.spot_shock,
        scenarios.volatility_shock,
        {%- for loss in ['position_loss_usd', 'collateral_loss_usd', 'gross_loss_usd', 'shortfall_usd'] %}
        cast(summed.{{ loss }} as {{ contract_type('decimal') }}) as {{ loss }}{{ ',' if not loop.last }}
        {%- endfor %}
    from summed
    inner join scenarios on summed.scenario_id = scenarios.scenario_id
)

select * from final
