-- How many weeks a trader traded for, as far as that can be told: who is silent now may only be away, so that the last
-- dormant_weeks tell of nobody whether the trader has left. Up to the day before them it is known of everybody: who
-- has traded since was there, who has not had left with the last fill. Only whole weeks of a trader are counted.
{{ config(materialized='table') }}
with

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

spans as (
    select
        trader_id,
        min(event_date) as first_date,
        max(event_date) as last_date
    from trader_days
    group by 1
),

weeks as (
    select
        trader_id,
        first_date,
        last_date,
        cast(floor({{ dbt.datediff('first_date', 'last_date', 'day') }} / 7.0) as bigint) as last_week,
        cast(floor((
            {{ dbt.datediff('first_date', as_of_date(), 'day') }} + 1 - 7 * {{ var('retention').dormant_weeks }}
        ) / 7.0) as bigint) as observed_weeks
    from spans
),

final as (
    select
        trader_id,
        first_date,
        last_date,
        case when last_week < observed_weeks then last_week else observed_weeks - 1 end as lifetime_weeks,
        last_week < observed_weeks as has_left
    from weeks
    where observed_weeks > 0
)

select * from final
