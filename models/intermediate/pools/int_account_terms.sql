-- Every account that is known on the as-of date: its owner and the terms on which it holds collateral.
{{ config(materialized='table') }}
with

accounts as (
    select * from {{ ref('stg_accounts') }}
    where coalesce(cast(opened_at as date) <= {{ as_of_date() }}, true)
),

seen as (
    select account_id from accounts
    union
    select account_id from {{ ref('int_account_activity') }}
    union
    select account_id from {{ ref('stg_balances') }}
    where snapshot_date <= {{ as_of_date() }}
    union
    select account_id from {{ ref('stg_positions') }}
    where snapshot_date <= {{ as_of_date() }}
),

owners as (
    select * from {{ ref('int_accounts') }}
),

-- Margin is taken as shared unless the venue says that it is isolated: a loss that stays where it is has to be shown,
-- not assumed. Where no pool is named, accounts that share margin are those under one main account; of an account that
-- the venue does not list nothing is known.
final as (
    select
        seen.account_id,
        coalesce(owners.trader_id, seen.account_id) as trader_id,
        accounts.parent_account_id,
        accounts.account_type,
        accounts.margin_mode,
        coalesce(accounts.margin_mode, 'unknown') = 'isolated' as is_isolated,
        case
            when accounts.margin_mode = 'isolated' then 'account:' || seen.account_id
            when accounts.account_id is not null
                then 'group:' || coalesce(accounts.parent_account_id, accounts.account_id)
        end as margin_group_id,
        cast(accounts.opened_at as date) as opened_date,
        case when cast(accounts.closed_at as date) <= {{ as_of_date() }} then cast(accounts.closed_at as date) end
            as closed_date
    from seen
    left join accounts on seen.account_id = accounts.account_id
    left join owners on seen.account_id = owners.account_id
)

select * from final
