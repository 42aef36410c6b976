-- For each pool what positions lose under each scenario, and how much of it accounts cannot pay from what is left of
-- their equity in the pool. Accounts whose equity is not known are left out.
{{ config(materialized='table') }}
with

losses as (
    select * from {{ ref('int_account_pool_losses') }}
    where position_loss_usd > 0
),

account_pools as (
    select * from {{ ref('int_account_pools') }}
),

account_losses as (
    select
        losses.pool_id,
        losses.scenario_id,
        losses.position_loss_usd,
        greatest(account_pools.equity_usd - losses.collateral_loss_usd, 0) as claim_usd
    from losses
    inner join account_pools
        on losses.account_id = account_pools.account_id
        and losses.pool_id = account_pools.pool_id
    where account_pools.equity_usd is not null
),

pool_losses as (
    select
        pool_id,
        scenario_id,
        count(*) as losing_account_count,
        count(case when position_loss_usd > claim_usd then 1 end) as short_account_count,
        sum(position_loss_usd) as loss_usd,
        sum(greatest(position_loss_usd - claim_usd, 0)) as shortfall_usd
    from account_losses
    group by 1, 2
),

final as (
    select
        *,
        row_number() over (
            partition by pool_id order by round(shortfall_usd, 6) desc, round(loss_usd, 6) desc, scenario_id asc
        ) as severity_rank
    from pool_losses
)

select * from final
