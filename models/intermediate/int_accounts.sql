-- Who owns an account: the customer of the accounts table, else the account itself.
{{ config(materialized='table') }}
with

fills as (
    select distinct account_id from {{ ref('stg_fills') }}
),

accounts as (
    select * from {{ ref('stg_accounts') }}
),

final as (
    select
        coalesce(accounts.account_id, fills.account_id) as account_id,
        coalesce(accounts.trader_id, fills.account_id) as trader_id,
        cast(accounts.opened_at as date) as opened_date
    from fills
    full outer join accounts on fills.account_id = accounts.account_id
)

select * from final
