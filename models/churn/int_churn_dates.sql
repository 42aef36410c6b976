-- The dates on which churn is looked at: the as-of date, and back from it as long as the weeks that make a trader at
-- risk lie within the venue's history.
{{ config(materialized='table') }}
{%- set churn = var('churn') %}
with

first_dates as (
    select min(event_date) as event_date from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

numbers as (
    {{ dbt.generate_series(churn.snapshots + 1) }}
),

dates as (
    select
        cast((generated_number - 1) * {{ churn.every_weeks }} as bigint) as weeks_ago,
        cast({{ dbt.dateadd(
            'day', '-7 * ' ~ churn.every_weeks ~ ' * cast(generated_number - 1 as integer)', as_of_date()
        ) }} as date) as snapshot_date
    from numbers
),

final as (
    select
        dates.snapshot_date,
        dates.weeks_ago,
        cast({{ dbt.dateadd('day', 7 * churn.horizon_weeks, 'dates.snapshot_date') }} as date) as horizon_date,
        dates.weeks_ago >= {{ churn.horizon_weeks }} as is_outcome_known
    from dates
    cross join first_dates
    where
        dates.weeks_ago = 0
        or {{ dbt.datediff('first_dates.event_date', 'dates.snapshot_date', 'day') }} >= {{ 7 * churn.active_weeks }}
)

select * from final
