-- Traders who cannot trade on the as-of date: prohibited by due diligence, or every account of theirs is closed.
with

accounts as (
    select
        trader_id,
        case when cast(closed_at as date) <= {{ as_of_date() }} then 1 else 0 end as is_closed
    from {{ ref('stg_accounts') }}
    where coalesce(cast(opened_at as date) <= {{ as_of_date() }}, true)
),

closed as (
    select trader_id
    from accounts
    group by 1
    having min(is_closed) = 1
),

prohibited as (
    select trader_id from {{ ref('trader_due_diligence') }}
    where level = 'prohibited'
),

final as (
    select
        coalesce(prohibited.trader_id, closed.trader_id) as trader_id,
        case when prohibited.trader_id is not null then 'prohibited' else 'closed' end as reason
    from prohibited
    full outer join closed on prohibited.trader_id = closed.trader_id
)

select * from final
