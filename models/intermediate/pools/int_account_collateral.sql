-- What each account holds in each asset at its last snapshot by the as-of date, and the pool that it belongs to.
{{ config(materialized='table') }}
with

balances as (
    select * from {{ ref('int_last_balances') }}
),

account_terms as (
    select * from {{ ref('int_account_terms') }}
),

final as (
    select
        account_terms.trader_id,
        balances.account_id,
        upper(balances.asset) as asset,
        coalesce(balances.pool_id, account_terms.margin_group_id, 'account:' || balances.account_id) as pool_id,
        sum(balances.equity_usd) as equity_usd,
        sum(balances.initial_margin_usd) as initial_margin_usd
    from balances
    inner join account_terms on balances.account_id = account_terms.account_id
    group by 1, 2, 3, 4
)

select * from final
