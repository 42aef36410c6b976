-- Traders between whose accounts money moved inside the venue, seen from each of the two.
with

transfers as (
    select * from {{ ref('stg_transfers') }}
    where cast(occurred_at as date) <= {{ as_of_date() }} and not {{ is_blank('counterparty_account_id') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

owned as (
    select
        coalesce(ours.trader_id, transfers.account_id) as our_id,
        coalesce(theirs.trader_id, transfers.counterparty_account_id) as their_id
    from transfers
    left join accounts as ours on transfers.account_id = ours.account_id
    left join accounts as theirs on transfers.counterparty_account_id = theirs.account_id
),

final as (
    select our_id as trader_id, their_id as other_trader_id from owned
    where our_id <> their_id
    union
    select their_id as trader_id, our_id as other_trader_id from owned
    where our_id <> their_id
)

select * from final
