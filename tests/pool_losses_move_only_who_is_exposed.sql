-- A loss in a pool takes nothing from an account that has neither collateral nor positions there, nothing from another
-- pool of an isolated account, and in all no more than was lost.
{{ config(group='trader_segments') }}
with

moves as (
    select * from {{ ref('int_pool_loss_moves') }}
),

account_pools as (
    select * from {{ ref('int_account_pools') }}
),

losses as (
    select * from {{ ref('int_pool_losses') }}
    where severity_rank = 1
),

unexposed as (
    select
        moves.from_pool_id,
        moves.account_id
    from moves
    left join account_pools
        on moves.from_pool_id = account_pools.pool_id
        and moves.account_id = account_pools.account_id
    where
        account_pools.account_id is null
        or (account_pools.is_isolated and moves.from_pool_id <> moves.to_pool_id)
),

overpaid as (
    select
        losses.pool_id as from_pool_id,
        cast(null as {{ type_string() }}) as account_id
    from losses
    inner join moves on losses.pool_id = moves.from_pool_id
    group by losses.pool_id, losses.loss_usd
    having sum(moves.moved_usd) > losses.loss_usd + 0.000001
)

select * from unexposed
union all
select * from overpaid
