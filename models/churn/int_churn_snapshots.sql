-- What was known of each trader who was at risk on a date: how often and how regularly it traded, how much, and what it
-- had at the venue. Nothing after the date is read.
{{ config(materialized='table') }}
with

histories as (
    select * from {{ ref('int_churn_histories') }}
    where is_at_risk
),

weeks as (
    select * from {{ ref('int_trader_weeks') }}
),

holdings as (
    select * from {{ ref('int_churn_holdings') }}
),

trader_values as (
    select * from {{ ref('int_churn_values') }}
),

recent_weeks as (
    select
        weeks.*,
        histories.snapshot_date,
        histories.observed_weeks,
        weeks.weeks_ago - histories.weeks_ago as age_weeks
    from weeks
    inner join histories on weeks.trader_id = histories.trader_id
    where
        weeks.weeks_ago >= histories.weeks_ago
        and weeks.weeks_ago < histories.weeks_ago + 26
),

counts as (
    select
        trader_id,
        snapshot_date,
        sum(case when age_weeks < 4 then active_days else 0 end) as active_days_4w,
        sum(case when age_weeks < 8 then active_days else 0 end) as active_days_8w,
        sum(case when age_weeks < 26 then active_days else 0 end) as active_days_26w,
        sum(case when age_weeks < 4 then 1 else 0 end) as active_weeks_4w,
        sum(case when age_weeks < 8 then 1 else 0 end) as active_weeks_8w,
        sum(case when age_weeks < 13 then 1 else 0 end) as active_weeks_13w,
        count(*) as active_weeks_26w,
        sum(case when age_weeks < 8 then fill_count else 0 end) as fill_count_8w,
        sum(case when age_weeks < 4 then notional_usd end) as notional_usd_4w,
        sum(case when age_weeks < 8 then notional_usd end) as notional_usd_8w,
        sum(notional_usd) as notional_usd_26w,
        sum(case when age_weeks < 8 then realized_pnl_usd end) as realized_pnl_usd_8w,
        sum(gap_count) as gap_count,
        sum(gap_days) as gap_days,
        max(longest_gap_days) as longest_gap_days
    from recent_weeks
    group by 1, 2
),

-- Clumpiness of active weeks (Zhang, Bradlow, Small 2015), as in feat_activity: the first week seen is week 1, the last
-- gap runs to the week after the last one.
week_gaps as (
    select
        trader_id,
        snapshot_date,
        least(observed_weeks, 25) + 1 as seen_weeks,
        coalesce(
            lag(age_weeks) over (partition by trader_id, snapshot_date order by age_weeks desc) - age_weeks,
            least(observed_weeks, 25) + 1 - age_weeks
        ) as gap_weeks
    from recent_weeks

    union all

    select
        trader_id,
        snapshot_date,
        least(max(observed_weeks), 25) + 1 as seen_weeks,
        min(age_weeks) + 1 as gap_weeks
    from recent_weeks
    group by 1, 2
),

clumps as (
    select
        trader_id,
        snapshot_date,
        sum(cast(
            cast(gap_weeks as double) / (seen_weeks + 1) * ln(cast(gap_weeks as double) / (seen_weeks + 1))
            as decimal(18, 15)
        )) as gap_entropy
    from week_gaps
    group by 1, 2
),

final as (
    select
        histories.trader_id,
        histories.snapshot_date,
        histories.weeks_ago,
        histories.repeat_weeks,
        histories.last_repeat_week,
        histories.observed_weeks,
        cast({{ dbt.datediff('histories.last_date', 'histories.snapshot_date', 'day') }} as bigint) as recency_days,
        cast({{ dbt.datediff('histories.first_date', 'histories.snapshot_date', 'day') }} + 1 as bigint)
            as tenure_days,
        cast(counts.active_days_4w as bigint) as active_days_4w,
        cast(counts.active_days_8w as bigint) as active_days_8w,
        cast(counts.active_weeks_4w as bigint) as active_weeks_4w,
        cast(counts.active_weeks_8w as bigint) as active_weeks_8w,
        cast(counts.active_weeks_13w as bigint) as active_weeks_13w,
        cast(counts.active_weeks_26w as bigint) as active_weeks_26w,
        {{ share('histories.repeat_weeks', 'histories.observed_weeks') }} as active_week_share,
        {{ share('counts.active_days_8w', 'counts.active_days_26w') }} as recent_active_day_share,
        cast(counts.fill_count_8w as bigint) as fill_count_8w,
        cast(counts.notional_usd_8w as double) as notional_usd_8w,
        {{ share('counts.notional_usd_4w', 'counts.notional_usd_8w') }} as last_4w_notional_share,
        {{ share('counts.notional_usd_8w', 'counts.notional_usd_26w') }} as recent_notional_share,
        cast(counts.realized_pnl_usd_8w as double) as realized_pnl_usd_8w,
        round(greatest(0, least(1, 1 + cast(clumps.gap_entropy as double) / ln(counts.active_weeks_26w + 1))), 12)
            as clumpiness,
        {{ share('counts.gap_days', 'counts.gap_count') }} as mean_gap_days,
        cast(counts.longest_gap_days as bigint) as longest_gap_days,
        cast({{ dbt.datediff('histories.last_date', 'histories.snapshot_date', 'day') }} + 1 as double)
        * {{ share('counts.gap_count', 'counts.gap_days') }} as silence_to_mean_gap,
        {{ share(
            '(' ~ dbt.datediff('histories.last_date', 'histories.snapshot_date', 'day') ~ ' + 1)',
            'counts.longest_gap_days',
        ) }} as silence_to_longest_gap,
        trader_values.median_week_usd,
        cast(trader_values.value_usd_8w as double) as value_usd_8w,
        cast(trader_values.value_usd_13w as double) as value_usd_13w,
        case
            when trader_values.value_usd_13w > 0
                then {{ share('trader_values.value_usd_4w', 'trader_values.value_usd_13w') }}
        end as recent_value_share,
        case
            when trader_values.median_week_usd > 0
                then {{ share('trader_values.value_usd_4w', '4 * trader_values.median_week_usd') }}
        end as value_to_median,
        cast(holdings.equity_usd as double) as equity_usd,
        cast(holdings.open_position_usd as double) as open_position_usd
    from histories
    inner join counts
        on histories.trader_id = counts.trader_id
        and histories.snapshot_date = counts.snapshot_date
    inner join clumps
        on histories.trader_id = clumps.trader_id
        and histories.snapshot_date = clumps.snapshot_date
    left join trader_values
        on histories.trader_id = trader_values.trader_id
        and histories.snapshot_date = trader_values.snapshot_date
    left join holdings
        on histories.trader_id = holdings.trader_id
        and histories.snapshot_date = holdings.holding_date
)

select * from final
