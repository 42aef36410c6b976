-- The segments of a pool are all of it, the collateral behind a pool is all somewhere, and what a pool loses is paid in
-- the pools or falls on the venue.
with

segments as (
    select
        pool_id,
        'pool_share' as measure,
        sum(pool_share) as found,
        1 as expected
    from {{ ref('pool_exposure') }}
    where pool_share is not null
    group by 1
),

backing as (
    select
        from_pool_id as pool_id,
        'backing_share' as measure,
        sum(backing_share) as found,
        1 as expected
    from {{ ref('pool_contagion') }}
    where backing_share is not null
    group by 1
),

losses as (
    select
        from_pool_id as pool_id,
        'loss' as measure,
        cast(sum(carried_loss_usd) + max(unabsorbed_loss_usd) as double) as found,
        cast(max(pool_loss_usd) as double) as expected
    from {{ ref('pool_contagion') }}
    where pool_loss_usd is not null
    group by 1
),

compared as (
    select * from segments
    union all
    select * from backing
    union all
    select * from losses
)

select * from compared
where abs(found - expected) > 0.000001 * greatest(expected, 1)
