-- From each pool to each pool that accounts share with it: what stands behind a loss, and where the loss of the worst
-- scenario goes.
with

account_pools as (
    select
        *,
        greatest(coalesce(equity_usd, 0), 0) as claim_usd
    from {{ ref('int_account_pools') }}
),

pools as (
    select
        pool_id,
        sum(claim_usd) as claim_usd
    from account_pools
    group by 1
),

venue as (
    select sum(claim_usd) as claim_usd from account_pools
),

account_pairs as (
    select * from {{ ref('int_pool_backing') }}
),

trader_pools as (
    select distinct
        trader_id,
        pool_id
    from account_pools
),

trader_pairs as (
    select
        exposed.pool_id as from_pool_id,
        others.pool_id as to_pool_id,
        count(*) as shared_trader_count
    from trader_pools as exposed
    inner join trader_pools as others on exposed.trader_id = others.trader_id
    group by 1, 2
),

worst as (
    select * from {{ ref('int_pool_losses') }}
    where severity_rank = 1
),

moves as (
    select
        from_pool_id,
        to_pool_id,
        sum(moved_usd) as moved_usd
    from {{ ref('int_pool_loss_moves') }}
    group by 1, 2
),

carried as (
    select
        from_pool_id,
        sum(moved_usd) as moved_usd,
        sum(case when from_pool_id <> to_pool_id then moved_usd else 0 end) as carried_usd
    from moves
    group by 1
),

final as (
    select
        trader_pairs.from_pool_id,
        trader_pairs.to_pool_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        trader_pairs.shared_trader_count,
        coalesce(account_pairs.shared_account_count, 0) as shared_account_count,
        coalesce(account_pairs.cross_margin_account_count, 0) as cross_margin_account_count,
        {{ share('coalesce(account_pairs.backing_usd, 0)', 'pools.claim_usd') }} as backing_share,
        worst.scenario_id,
        cast(worst.loss_usd as {{ contract_type('decimal') }}) as pool_loss_usd,
        cast(worst.shortfall_usd as {{ contract_type('decimal') }}) as pool_shortfall_usd,
        cast(
            case when worst.pool_id is not null then coalesce(moves.moved_usd, 0) end as {{ contract_type('decimal') }}
        ) as carried_loss_usd,
        {{ share('case when worst.pool_id is not null then coalesce(moves.moved_usd, 0) end', 'worst.loss_usd') }}
            as carried_loss_share,
        cast(
            round(worst.loss_usd - coalesce(carried.moved_usd, 0), 6) as {{ contract_type('decimal') }}
        ) as unabsorbed_loss_usd,
        {{ share('case when worst.pool_id is not null then coalesce(carried.carried_usd, 0) end', 'venue.claim_usd') }}
            as blast_radius_share
    from trader_pairs
    cross join venue
    inner join pools on trader_pairs.from_pool_id = pools.pool_id
    left join account_pairs
        on trader_pairs.from_pool_id = account_pairs.from_pool_id
        and trader_pairs.to_pool_id = account_pairs.to_pool_id
    left join worst on trader_pairs.from_pool_id = worst.pool_id
    left join moves
        on trader_pairs.from_pool_id = moves.from_pool_id
        and trader_pairs.to_pool_id = moves.to_pool_id
    left join carried on trader_pairs.from_pool_id = carried.from_pool_id
)

select * from final
