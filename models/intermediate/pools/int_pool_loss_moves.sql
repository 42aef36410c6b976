-- How the loss of a pool in its worst scenario moves: what each account pays in that pool and, under cross margin, from
-- its other pools, and what the pool's accounts bear together of that which some cannot pay.
{{ config(materialized='table') }}
with

account_pools as (
    select
        *,
        greatest(coalesce(equity_usd, 0), 0) as claim_usd
    from {{ ref('int_account_pools') }}
),

worst as (
    select * from {{ ref('int_pool_losses') }}
    where severity_rank = 1
),

losses as (
    select * from {{ ref('int_account_pool_losses') }}
    where loss_usd > 0
),

-- Everybody exposed to the pool, with the own loss where there is one.
exposed as (
    select
        account_pools.pool_id as from_pool_id,
        account_pools.account_id,
        account_pools.is_isolated,
        account_pools.claim_usd,
        coalesce(losses.loss_usd, 0) as loss_usd,
        least(coalesce(losses.loss_usd, 0), account_pools.claim_usd) as paid_usd
    from account_pools
    inner join worst on account_pools.pool_id = worst.pool_id
    left join losses
        on account_pools.account_id = losses.account_id
        and account_pools.pool_id = losses.pool_id
        and worst.scenario_id = losses.scenario_id
),

short as (
    select
        exposed.from_pool_id,
        exposed.account_id,
        max(exposed.loss_usd - exposed.paid_usd) as shortfall_usd,
        sum(case when not exposed.is_isolated then account_pools.claim_usd else 0 end) as callable_usd
    from exposed
    left join account_pools
        on exposed.account_id = account_pools.account_id
        and exposed.from_pool_id <> account_pools.pool_id
    where exposed.loss_usd > exposed.paid_usd
    group by 1, 2
),

called as (
    select
        short.from_pool_id,
        short.account_id,
        account_pools.pool_id as to_pool_id,
        cast(
            cast(least(short.shortfall_usd, short.callable_usd) as double)
            * {{ share('account_pools.claim_usd', 'short.callable_usd') }} as {{ contract_type('decimal') }}
        ) as moved_usd
    from short
    inner join account_pools
        on short.account_id = account_pools.account_id
        and short.from_pool_id <> account_pools.pool_id
    where short.callable_usd > 0 and account_pools.claim_usd > 0
),

-- What nobody could be called for is borne by those whose claims on the pool are left, in proportion to them.
unpaid as (
    select
        from_pool_id,
        sum(shortfall_usd - least(shortfall_usd, coalesce(callable_usd, 0))) as unpaid_usd
    from short
    group by 1
),

remaining as (
    select
        from_pool_id,
        sum(claim_usd - paid_usd) as claim_usd
    from exposed
    group by 1
),

moves as (
    select
        exposed.from_pool_id,
        exposed.account_id,
        exposed.from_pool_id as to_pool_id,
        'paid' as move,
        exposed.paid_usd as moved_usd
    from exposed
    union all
    select
        from_pool_id,
        account_id,
        to_pool_id,
        'called' as move,
        moved_usd
    from called
    union all
    select
        exposed.from_pool_id,
        exposed.account_id,
        exposed.from_pool_id as to_pool_id,
        'shared' as move,
        cast(
            cast(least(unpaid.unpaid_usd, remaining.claim_usd) as double)
            * {{ share('(exposed.claim_usd - exposed.paid_usd)', 'remaining.claim_usd') }}
            as {{ contract_type('decimal') }}
        ) as moved_usd
    from exposed
    inner join unpaid on exposed.from_pool_id = unpaid.from_pool_id
    inner join remaining on exposed.from_pool_id = remaining.from_pool_id
),

final as (
    select * from moves
    where moved_usd > 0
)

select * from final
