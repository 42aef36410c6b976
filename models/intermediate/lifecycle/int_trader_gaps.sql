-- Days from each active day of a trader to the one before; 1 is the next day.
with

trader_days as (
    select
        trader_id,
        event_date,
        lag(event_date) over (partition by trader_id order by event_date) as previous_date
    from {{ ref('int_trader_days') }}
),

final as (
    select
        trader_id,
        event_date,
        cast({{ dbt.datediff('previous_date', 'event_date', 'day') }} as bigint) as gap_days
    from trader_days
    where previous_date is not null
)

select * from final
