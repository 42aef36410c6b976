-- What is known of each trader at each cut, in the sums that the models of value read, and what came after it.
-- Weeks count less the older they are: half after var trader_value.half_life_weeks.
{{ config(materialized='table') }}
with

periods as (
    select
        periods.trader_id,
        periods.is_active,
        periods.fill_count,
        periods.value_usd,
        cuts.holdout_weeks,
        periods.weeks_ago - cuts.holdout_weeks as age_weeks
    from {{ ref('int_trader_value_periods') }} as periods
    cross join {{ ref('int_value_cuts') }} as cuts
),

weighed as (
    select
        *,
        case when age_weeks >= 0 and is_active then age_weeks end as active_age_weeks,
        power(0.5, age_weeks / cast({{ var('trader_value').half_life_weeks }} as double)) as weight,
        cast(value_usd as double) as value
    from periods
),

sums as (
    select
        trader_id,
        holdout_weeks,
        max(active_age_weeks) as periods,
        max(active_age_weeks) - min(active_age_weeks) as recency,
        count(active_age_weeks) - 1 as frequency,
        sum(case when active_age_weeks is not null then fill_count end) as fill_count,
        sum(case when active_age_weeks is not null and value is not null then cast(weight as decimal(38, 12)) end)
            as weight,
        sum(
            case
                when active_age_weeks is not null and value is not null then cast(weight * weight as decimal(38, 12))
            end
        ) as squared_weight,
        sum(case when active_age_weeks is not null then cast(weight * value as decimal(38, 12)) end) as active_value,
        sum(case when active_age_weeks is not null then cast(weight * value * value as decimal(38, 6)) end)
            as squared_value,
        sum(case when age_weeks >= 0 and not is_active then cast(weight * value as decimal(38, 12)) end) as idle_value,
        sum(case when age_weeks >= 0 then value_usd end) as past_value,
        sum(case when age_weeks between 0 and 3 then value_usd end) as last_4_weeks_value,
        sum(case when age_weeks between 0 and 7 then value_usd end) as last_8_weeks_value,
        sum(case when age_weeks < 0 then value_usd end) as future_value,
        count(case when age_weeks < 0 and is_active then 1 end) as future_active_weeks
    from weighed
    group by 1, 2
),

segments as (
    select
        history.trader_id,
        history.style,
        cuts.holdout_weeks,
        row_number() over (partition by history.trader_id, cuts.holdout_weeks order by history.as_of_date desc) as age
    from {{ ref('trader_segment_history') }} as history
    cross join {{ ref('int_as_of_date') }} as dates
    cross join {{ ref('int_value_cuts') }} as cuts
    where {{ dbt.datediff('history.as_of_date', 'dates.as_of_date', 'day') }} >= 7 * cuts.holdout_weeks
),

-- Who was first active after the cut was not there to be forecast.
final as (
    select
        sums.trader_id,
        sums.holdout_weeks,
        segments.style,
        cast(sums.frequency as bigint) as frequency,
        cast(sums.recency as bigint) as recency,
        cast(sums.periods as bigint) as periods,
        cast(sums.fill_count as bigint) as fill_count,
        cast(coalesce(sums.weight, 0) as double) as weight,
        cast(coalesce(sums.squared_weight, 0) as double) as squared_weight,
        cast(coalesce(sums.active_value, 0) as double) as active_value,
        cast(coalesce(sums.squared_value, 0) as double) as squared_value,
        cast(coalesce(sums.idle_value, 0) as double) as idle_value,
        cast(sums.past_value as double) as past_value,
        cast(coalesce(sums.last_4_weeks_value, 0) as double) as last_4_weeks_value,
        cast(coalesce(sums.last_8_weeks_value, 0) as double) as last_8_weeks_value,
        cast(coalesce(sums.future_value, 0) as double) as future_value,
        cast(sums.future_active_weeks as bigint) as future_active_weeks
    from sums
    left join segments
        on sums.trader_id = segments.trader_id
        and sums.holdout_weeks = segments.holdout_weeks
        and segments.age = 1
    where sums.periods is not null
)

select * from final
