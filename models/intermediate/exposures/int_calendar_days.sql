-- Every day of the venue, with events or without: from the first fill or position snapshot to the as-of date.
{{ config(materialized='table') }}
with

first_dates as (
    select min(cast(executed_at as date)) as event_date from {{ ref('stg_fills') }}
    union all
    select min(snapshot_date) as event_date from {{ ref('stg_positions') }}
),

-- 2^14 days are 44 years; counted backwards, so that a longer past loses its beginning, not its end.
day_numbers as (
    {{ dbt.generate_series(16384) }}
),

days as (
    select cast({{ dbt.dateadd('day', '1 - cast(generated_number as integer)', as_of_date()) }} as date) as event_date
    from day_numbers
),

final as (
    select event_date
    from days
    where event_date >= (select min(first_dates.event_date) from first_dates)
)

select * from final
