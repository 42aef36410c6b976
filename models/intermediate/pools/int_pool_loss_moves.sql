-- How the loss of a pool in its worst scenario moves: what each account pays in that pool and, under cross margin, from
-- its other pools, and what the pool's accounts bear together of that which some cannot pay.
{{ config(materialized='table') }}
with

claims as (
    select * from {{ ref('int_pool_claims') }}
),

exposed as (
    select
        from_pool_id,
        account_id,
        claim_usd,
        owed_usd,
        least(owed_usd, claim_usd) as paid_usd
    from claims
    where from_pool_id = to_pool_id
),

callable as (
    select
        from_pool_id,
        account_id,
        sum(claim_usd) as callable_usd
    from claims
    where from_pool_id <> to_pool_id
    group by 1, 2
),

shortfalls as (
    select
        exposed.from_pool_id,
        exposed.account_id,
        exposed.owed_usd - exposed.paid_usd as shortfall_usd,
        coalesce(callable.callable_usd, 0) as callable_usd
    from exposed
    left join callable
        on exposed.from_pool_id = callable.from_pool_id
        and exposed.account_id = callable.account_id
    where exposed.owed_usd > exposed.paid_usd
),

called as (
    select
        claims.from_pool_id,
        claims.account_id,
        claims.to_pool_id,
        cast(
            cast(least(shortfalls.shortfall_usd, shortfalls.callable_usd) as double)
            * {{ share('claims.claim_usd', 'shortfalls.callable_usd') }} as {{ contract_type('decimal') }}
        ) as moved_usd
    from shortfalls
    inner join claims
        on shortfalls.from_pool_id = claims.from_pool_id
        and shortfalls.account_id = claims.account_id
    where claims.from_pool_id <> claims.to_pool_id
),

-- What nobody could be called for is borne by those whose claims on the pool are left, in proportion to them.
unpaid as (
    select
        from_pool_id,
        sum(greatest(shortfall_usd - callable_usd, 0)) as unpaid_usd
    from shortfalls
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
