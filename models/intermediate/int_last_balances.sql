-- Balances of each account at its last snapshot by the as-of date.
with

balances as (
    select * from {{ ref('stg_balances') }}
    where snapshot_date <= {{ as_of_date() }}
),

last_snapshots as (
    select
        account_id,
        max(snapshot_date) as snapshot_date
    from balances
    group by 1
),

final as (
    select
        balances.account_id,
        balances.asset,
        balances.pool_id,
        balances.snapshot_date,
        balances.equity_usd,
        balances.initial_margin_usd
    from balances
    inner join last_snapshots
        on balances.account_id = last_snapshots.account_id
        and balances.snapshot_date = last_snapshots.snapshot_date
)

select * from final
