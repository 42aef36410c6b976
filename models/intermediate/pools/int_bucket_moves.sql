-- Money that came to or went from each isolated account in the last quarter. A venue prints one leg of a move between
-- accounts or both; each account has its own here.
{{ config(materialized='table') }}
with

account_terms as (
    select * from {{ ref('int_account_terms') }}
),

transfers as (
    select
        account_id,
        counterparty_account_id as other_account_id,
        asset,
        occurred_at,
        amount,
        amount_usd
    from {{ ref('stg_transfers') }}
    where
        cast(occurred_at as date) <= {{ as_of_date() }}
        and {{ dbt.datediff('cast(occurred_at as date)', as_of_date(), 'day') }}
        < {{ isolation_threshold('lookback_days') }}
),

legs as (
    select * from transfers
    union
    select
        other_account_id as account_id,
        account_id as other_account_id,
        asset,
        occurred_at,
        -amount as amount,
        -amount_usd as amount_usd
    from transfers
    where other_account_id is not null
),

final as (
    select
        legs.account_id,
        legs.other_account_id,
        legs.asset,
        legs.occurred_at,
        cast(legs.occurred_at as date) as move_date,
        legs.amount,
        legs.amount_usd,
        coalesce(owners.trader_id = others.trader_id, false) as is_internal
    from legs
    inner join account_terms as owners
        on legs.account_id = owners.account_id
        and owners.is_isolated
    left join account_terms as others on legs.other_account_id = others.account_id
)

select * from final
