-- Silences of a week and more, those that ended and those that go on, counted by whole weeks. That a silence has lasted
-- w weeks, has ended within them, or could have ended within them, are comparisons of weeks, so counts are enough.
{{ config(materialized='table') }}
with

segments as (
    select * from {{ ref('int_trader_trading_segments') }}
),

ended as (
    select
        trader_id,
        gap_days,
        {{ dbt.datediff('event_date', as_of_date(), 'day') }} + gap_days as age_days
    from {{ ref('int_trader_gaps') }}
    where event_date <= {{ as_of_date() }} and gap_days > 7
),

last_dates as (
    select
        trader_id,
        max(event_date) as last_date
    from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
    group by 1
),

present as (
    select
        trader_id,
        cast(null as bigint) as gap_days,
        {{ dbt.datediff('last_date', as_of_date(), 'day') }} as age_days
    from last_dates
),

silences as (
    select * from ended
    union all
    select * from present
    where age_days >= 7
),

final as (
    select
        segments.segment_id,
        segments.style,
        coalesce(cast(ceil(silences.gap_days / 7.0) as bigint), 0) as return_week,
        cast(floor(silences.age_days / 7.0) as bigint) as age_weeks,
        count(*) as silences
    from silences
    inner join segments on silences.trader_id = segments.trader_id
    group by 1, 2, 3, 4
)

select * from final
