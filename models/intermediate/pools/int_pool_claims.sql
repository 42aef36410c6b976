-- Who is exposed to a pool, and what the pool's worst scenario leaves in each pool that stands behind it: the pool
-- itself and, under cross margin, the account's other pools. In the pool itself the loss of positions is owed;
-- elsewhere a claim is what is left after all results.
{{ config(materialized='table') }}
with

worst as (
    select * from {{ ref('int_pool_losses') }}
    where severity_rank = 1
),

account_pools as (
    select * from {{ ref('int_account_pools') }}
),

losses as (
    select * from {{ ref('int_account_pool_losses') }}
),

final as (
    select
        worst.pool_id as from_pool_id,
        exposed.account_id,
        others.pool_id as to_pool_id,
        exposed.is_isolated,
        case
            when others.pool_id <> worst.pool_id then 0
            else greatest(coalesce(losses.position_loss_usd, 0), 0)
        end as owed_usd,
        greatest(
            coalesce(others.equity_usd, 0)
            - coalesce(losses.collateral_loss_usd, 0)
            - case
                when others.pool_id <> worst.pool_id then coalesce(losses.position_loss_usd, 0)
                else least(coalesce(losses.position_loss_usd, 0), 0)
            end,
            0
        ) as claim_usd
    from worst
    inner join account_pools as exposed on worst.pool_id = exposed.pool_id
    inner join account_pools as others on exposed.account_id = others.account_id
    left join losses
        on others.account_id = losses.account_id
        and others.pool_id = losses.pool_id
        and worst.scenario_id = losses.scenario_id
    where
        exposed.equity_usd is not null
        and (others.pool_id = worst.pool_id or not exposed.is_isolated)
)

select * from final
