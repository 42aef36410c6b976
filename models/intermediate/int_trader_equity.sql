-- Equity of a trader at the last snapshot of each account by the as-of date.
with

balances as (
    select * from {{ ref('int_last_balances') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

final as (
    select
        coalesce(accounts.trader_id, balances.account_id) as trader_id,
        sum(balances.equity_usd) as equity_usd
    from balances
    left join accounts on balances.account_id = accounts.account_id
    group by 1
)

select * from final
