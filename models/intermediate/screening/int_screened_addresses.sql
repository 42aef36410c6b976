{{ config(database='restricted') }}
-- Addresses that customers name as theirs, send from or send to, as screening reads them.
with

accounts as (
    select * from {{ ref('int_accounts') }}
),

first_accounts as (
    select
        trader_id,
        min(opened_date) as used_on
    from accounts
    where opened_date <= {{ as_of_date() }}
    group by 1
),

transfers as (
    select * from {{ ref('stg_transfers') }}
    where counterparty_address is not null and cast(occurred_at as date) <= {{ as_of_date() }}
),

used as (
    select
        coalesce(accounts.trader_id, transfers.account_id) as trader_id,
        transfers.counterparty_address as address,
        cast(transfers.occurred_at as date) as used_on
    from transfers
    left join accounts on transfers.account_id = accounts.account_id
),

named as (
    select
        customers.trader_id,
        customers.wallet_address as address,
        first_accounts.used_on
    from {{ ref('stg_customers') }} as customers
    left join first_accounts on customers.trader_id = first_accounts.trader_id
    where customers.wallet_address is not null
),

used_or_named as (
    select * from used
    union all
    select * from named
),

final as (
    select
        trader_id,
        address,
        min(used_on) as used_since
    from used_or_named
    group by 1, 2
)

select * from final
