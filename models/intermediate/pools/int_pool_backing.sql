-- From each pool to each pool that accounts share with it: how much of the collateral behind a loss lies there. An
-- account answers for what it has in a pool: under isolated margin there, else in all its pools in proportion.
with

account_pools as (
    select
        *,
        greatest(coalesce(equity_usd, 0), 0) as claim_usd
    from {{ ref('int_account_pools') }}
),

account_claims as (
    select
        account_id,
        sum(claim_usd) as claim_usd
    from account_pools
    group by 1
),

backing as (
    select
        exposed.pool_id as from_pool_id,
        others.pool_id as to_pool_id,
        exposed.is_isolated,
        cast(
            cast(exposed.claim_usd as double) * case
                when exposed.claim_usd = 0 then 0
                when not exposed.is_isolated then {{ share('others.claim_usd', 'account_claims.claim_usd') }}
                when exposed.pool_id = others.pool_id then 1
                else 0
            end as {{ contract_type('decimal') }}
        ) as backing_usd
    from account_pools as exposed
    inner join account_pools as others on exposed.account_id = others.account_id
    inner join account_claims on exposed.account_id = account_claims.account_id
),

final as (
    select
        from_pool_id,
        to_pool_id,
        count(*) as shared_account_count,
        count(case when not is_isolated then 1 end) as cross_margin_account_count,
        sum(backing_usd) as backing_usd
    from backing
    group by 1, 2
)

select * from final
