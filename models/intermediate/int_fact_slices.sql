-- The dates that facts are built for at once where they are built whole: weeks, as many as have about so many fills
-- together; whole ones, as a fact of a week (int_matched_trade_weeks) must not be made of two slices. The first has no
-- beginning and the last no end.
{{ config(enabled=by_date() == 'incremental', materialized='table') }}
with

days as (
    select
        cast(executed_at as date) as event_date,
        count(*) as fill_count
    from {{ ref('stg_fills') }}
    group by 1
),

weeks as (
    select
        cast(date_trunc('week', event_date) as date) as week_start,
        sum(fill_count) as fill_count
    from days
    group by 1
),

placed as (
    select
        week_start,
        floor((
            sum(fill_count) over (order by week_start rows between unbounded preceding and current row) - fill_count
        ) / {{ var('fills_per_slice') }}) as slice_number
    from weeks
),

slices as (
    select
        slice_number,
        min(week_start) as first_week
    from placed
    group by 1
),

final as (
    select
        case
            when lag(first_week) over (order by slice_number) is null then cast('0001-01-01' as date) else first_week
        end as first_date,
        coalesce(
            cast({{ dbt.dateadd('day', -1, 'lead(first_week) over (order by slice_number)') }} as date),
            cast('9999-12-31' as date)
        ) as last_date
    from slices
)

select * from final
