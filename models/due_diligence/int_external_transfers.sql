{{ config(materialized='table') }}
-- Deposits and withdrawals of known value by the as-of date, with their owner: what enters and leaves the venue.
with

transfers as (
    select * from {{ ref('stg_transfers') }}
    where kind in ('deposit', 'withdrawal') and cast(occurred_at as date) <= {{ as_of_date() }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

final as (
    select
        transfers.transfer_id,
        coalesce(accounts.trader_id, transfers.account_id) as trader_id,
        transfers.account_id,
        transfers.asset,
        transfers.kind,
        transfers.occurred_at,
        cast(transfers.occurred_at as date) as event_date,
        transfers.counterparty_address,
        abs(transfers.amount_usd) as amount_usd,
        abs(cast(transfers.amount_usd as double)) as absolute_amount_usd
    from transfers
    left join accounts on transfers.account_id = accounts.account_id
    where transfers.amount_usd is not null
)

select * from final
