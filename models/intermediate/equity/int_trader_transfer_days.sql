-- What each trader paid in and took out by day; a move between accounts of one trader is neither.
with

transfers as (
    select * from {{ ref('stg_transfers') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

owned as (
    select
        coalesce(accounts.trader_id, transfers.account_id) as trader_id,
        cast(transfers.occurred_at as date) as event_date,
        transfers.amount_usd
    from transfers
    left join accounts on transfers.account_id = accounts.account_id
    left join accounts as counterparties on transfers.counterparty_account_id = counterparties.account_id
    where
        transfers.kind <> 'internal'
        or counterparties.trader_id is null
        or counterparties.trader_id <> coalesce(accounts.trader_id, transfers.account_id)
),

final as (
    select
        trader_id,
        event_date,
        sum(case when amount_usd > 0 then amount_usd else 0 end) as paid_in_usd,
        sum(case when amount_usd < 0 then -amount_usd else 0 end) as taken_out_usd
    from owned
    group by 1, 2
)

select * from final
