-- What each trader brought before and after each date of churn, and whether most of it was lost: of those whose median
-- week brought something, whoever brings less than so much of it in the weeks that follow. Net value; where the venue's
-- fees are not known at all, notional.
{{ config(materialized='table') }}
{%- set churn = var('churn') %}
with

{{ trader_value_by(weeks_before('event_date', as_of_date()), 'weeks_ago') }},

fees_known as (
    select count(fee_usd) > 0 as are_fees_known from valued
),

values_of_weeks as (
    select
        valued.trader_id,
        valued.weeks_ago,
        case when fees_known.are_fees_known then valued.net_value_usd else coalesce(valued.notional_usd, 0) end
            as value_usd
    from valued
    cross join fees_known
),

histories as (
    select
        histories.trader_id,
        histories.snapshot_date,
        histories.weeks_ago,
        least(histories.observed_weeks + 1, {{ churn.value_weeks }}) as seen_weeks,
        dates.is_outcome_known
    from {{ ref('int_churn_histories') }} as histories
    inner join {{ ref('int_churn_dates') }} as dates on histories.snapshot_date = dates.snapshot_date
    where histories.is_at_risk
),

weeks as (
    select
        histories.*,
        values_of_weeks.value_usd,
        values_of_weeks.weeks_ago - histories.weeks_ago as age_weeks
    from values_of_weeks
    inner join histories on values_of_weeks.trader_id = histories.trader_id
    where
        values_of_weeks.weeks_ago < histories.weeks_ago + {{ churn.value_weeks }}
        and values_of_weeks.weeks_ago >= histories.weeks_ago - {{ churn.horizon_weeks }}
),

-- Weeks without value are 0 and have no row: a value has its place among all weeks, after the zeros where it is above.
ranked_weeks as (
    select
        *,
        row_number() over (
            partition by trader_id, snapshot_date, age_weeks >= 0 order by value_usd, age_weeks
        ) as value_rank,
        count(*) over (partition by trader_id, snapshot_date, age_weeks >= 0) as value_count
    from weeks
    where value_usd is not null
),

placed_weeks as (
    select
        *,
        value_rank + case when value_usd > 0 then greatest(seen_weeks - value_count, 0) else 0 end as place,
        floor((greatest(seen_weeks, value_count) + 1) / cast(2 as double)) as lower_place,
        floor((greatest(seen_weeks, value_count) + 2) / cast(2 as double)) as upper_place
    from ranked_weeks
),

sums as (
    select
        trader_id,
        snapshot_date,
        max(case when is_outcome_known then 1 else 0 end) as is_outcome_known,
        count(case when age_weeks >= 0 then 1 end) as valued_weeks,
        sum(case when age_weeks between 0 and 3 then value_usd end) as value_usd_4w,
        sum(case when age_weeks between 0 and 7 then value_usd end) as value_usd_8w,
        sum(case when age_weeks >= 0 then value_usd end) as value_usd_13w,
        sum(case when age_weeks < 0 then value_usd else 0 end) as next_value_usd,
        sum(
            case when age_weeks >= 0 and place = lower_place then value_usd else 0 end
            + case when age_weeks >= 0 and place = upper_place then value_usd else 0 end
        ) as twice_median_usd
    from placed_weeks
    group by 1, 2
),

final as (
    select
        trader_id,
        snapshot_date,
        cast(value_usd_4w as {{ contract_type('decimal') }}) as value_usd_4w,
        cast(value_usd_8w as {{ contract_type('decimal') }}) as value_usd_8w,
        cast(value_usd_13w as {{ contract_type('decimal') }}) as value_usd_13w,
        cast(twice_median_usd as double) / 2 as median_week_usd,
        case
            when is_outcome_known = 1 and twice_median_usd > 0
                then
                    cast(next_value_usd as double)
                    < {{ churn.kept_share * churn.horizon_weeks / 2 }} * cast(twice_median_usd as double)
        end as has_lost_value
    from sums
)

select * from final
