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

-- NULL where equity is not known: greatest alone would take 0.
account_losses as (
    select
        account_pools.pool_id,
        account_pools.segment_id,
        losses.scenario_id,
        losses.position_loss_usd,
        losses.collateral_loss_usd,
        case
            when account_pools.equity_usd is not null
                then greatest(account_pools.equity_usd - losses.collateral_loss_usd, 0)
        end as claim_usd
    from losses
    inner join account_pools
        on losses.account_id = account_pools.account_id
        and losses.pool_id = account_pools.pool_id
),

summed as (
    select
        pool_id,
        segment_id,
        scenario_id,
        sum(position_loss_usd) as position_loss_usd,
        sum(collateral_loss_usd) as collateral_loss_usd,
        sum(greatest(position_loss_usd, 0)) as gross_loss_usd,
        sum(case when claim_usd is not null then greatest(position_loss_usd - claim_usd, 0) end) as shortfall_usd
    from account_losses
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
        summed.position_loss_usd,
        summed.collateral_loss_usd,
        summed.gross_loss_usd,
        summed.shortfall_usd
    from summed
    inner join scenarios on summed.scenario_id = scenarios.scenario_id
)

select * from final
