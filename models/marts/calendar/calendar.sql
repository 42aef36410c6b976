with

days as (
    select * from {{ ref('int_calendar_days') }}
),

final as (
    select event_date as calendar_date
    from days
)

select * from final
