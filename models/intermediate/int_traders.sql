-- Everybody who is a customer on the as-of date: has traded by then, or has an account opened by then.
with

trader_days as (
    select * from {{ ref('int_trader_days') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

final as (
    select trader_id
    from trader_days
    where event_date <= {{ as_of_date() }}
    union
    select trader_id
    from accounts
    where opened_date <= {{ as_of_date() }}
)

select * from final
