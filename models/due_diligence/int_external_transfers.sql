{{ config(materialized='table') }}
-- Deposits and withdrawals of the trailing year, with their owner: what enters and leaves the venue.
with

transfers as (
    select * from {{ ref('stg_transfers') }}
    where kind in ('deposit', 'withdrawal') and amount_usd is not null
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

aged as (
    select
        transfers.*,
        {{ dbt.datediff('cast(occurred_at as date)', as_of_date(), 'day') }} as age_days
    from transfers
),

final as (
    select
        aged.transfer_id,
        coalesce(accounts.trader_id, aged.account_id) as trader_id,
        aged.asset,
        aged.kind,
        aged.occurred_at,
        cast(aged.occurred_at as date) as event_date,
        abs(aged.amount_usd) as amount_usd,
        {{ comparable_address('aged.counterparty_address') }} as address,
        aged.age_days < {{ due_diligence_threshold('transfer_days') }} as is_recent
    from aged
    left join accounts on aged.account_id = accounts.account_id
    where aged.age_days >= 0 and aged.age_days < {{ due_diligence_threshold('wealth_days') }}
)

select * from final
