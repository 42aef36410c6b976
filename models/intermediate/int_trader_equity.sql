-- Equity of a trader at the last snapshot of each account by the as-of date.
with

balances as (
    select * from {{ ref('stg_balances') }}
    where snapshot_date <= {{ as_of_date() }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
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
        coalesce(accounts.trader_id, balances.account_id) as trader_id,
        sum(balances.equity_usd) as equity_usd
    from balances
    inner join last_snapshots
        on balances.account_id = last_snapshots.account_id
        and balances.snapshot_date = last_snapshots.snapshot_date
    left join accounts on balances.account_id = accounts.account_id
    group by 1
)

select * from final
