-- Between which dates something was closed to a trader, so that who stays away may have had to. What is said first of a
-- trader stands for the time before.
with

history as (
    select
        trader_id,
        valid_from,
        valid_to,
        blocked_services,
        row_number() over (partition by trader_id order by valid_from) as history_rank
    from {{ ref('trader_due_diligence_history') }}
    where valid_from <= {{ as_of_date() }}
),

final as (
    select
        trader_id,
        case when history_rank > 1 then valid_from end as from_date,
        valid_to as until_date
    from history
    where blocked_services like '%open_position%'
)

select * from final
