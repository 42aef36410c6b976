-- What each assigned trader was worth and did before and after, in whole weeks: those before that of the assignment,
-- and from that week on. Days of it before the assignment are the same in both arms but for chance.
{%- set terms = var('campaign_measurement') %}
with

assignments as (
    select
        campaign_id,
        trader_id,
        arm,
        assigned_on,
        cast(date_trunc('week', assigned_on) as date) as assigned_week
    from {{ ref('int_campaign_assignments') }}
),

history as (
    select
        trader_id,
        as_of_date,
        segment_id
    from {{ ref('trader_segment_history') }}
    where as_of_date <= {{ as_of_date() }}
),

-- The segment of before: the one of today may be the campaign's doing.
dated_segments as (
    select
        assignments.campaign_id,
        assignments.trader_id,
        history.segment_id,
        row_number() over (
            partition by assignments.campaign_id, assignments.trader_id order by history.as_of_date desc
        ) as newest_rank
    from assignments
    inner join history
        on assignments.trader_id = history.trader_id and assignments.assigned_on >= history.as_of_date
),

value_weeks as (
    select
        trader_id,
        week_start_date,
        is_active,
        net_value_usd
    from {{ ref('int_trader_value_weeks') }}
),

placed_weeks as (
    select
        assignments.campaign_id,
        assignments.trader_id,
        value_weeks.is_active,
        value_weeks.net_value_usd,
        {{ dbt.datediff('assignments.assigned_week', 'value_weeks.week_start_date', 'day') }} / 7 as week_number
    from assignments
    inner join value_weeks on assignments.trader_id = value_weeks.trader_id
),

sums as (
    select
        campaign_id,
        trader_id,
        sum(case when week_number between 0 and {{ terms.outcome_weeks - 1 }} then net_value_usd end) as outcome_usd,
        count(
            case when week_number between 0 and {{ terms.outcome_weeks - 1 }} and net_value_usd is null then 1 end
        ) as unknown_outcome_weeks,
        max(
            case when is_active and week_number between 1 and {{ terms.outcome_weeks - 1 }} then 1 else 0 end
        ) as is_retained,
        sum(case when week_number between -{{ terms.earlier_weeks }} and -1 then net_value_usd end) as earlier_usd,
        count(case when is_active and week_number between -{{ terms.earlier_weeks }} and -1 then 1 end)
            as earlier_active_weeks,
        min(case when is_active and week_number < 0 then -week_number end) as weeks_silent,
        max(case when is_active and week_number < 0 then -week_number end) as weeks_known
    from placed_weeks
    group by 1, 2
),

final as (
    select
        assignments.campaign_id,
        assignments.trader_id,
        assignments.arm,
        assignments.assigned_on,
        coalesce(dated_segments.segment_id, 'unknown') as segment_id,
        {{ dbt.datediff('assignments.assigned_week', as_of_date(), 'day') }} >= {{ 7 * terms.outcome_weeks - 1 }}
            as is_observed,
        case
            when coalesce(sums.unknown_outcome_weeks, 0) = 0 then cast(coalesce(sums.outcome_usd, 0) as double)
        end as outcome_usd,
        cast(coalesce(sums.is_retained, 0) as double) as is_retained,
        cast(coalesce(sums.earlier_usd, 0) as double) as earlier_usd,
        cast(coalesce(sums.earlier_active_weeks, 0) as double) as earlier_active_weeks,
        cast(sums.weeks_silent as double) as weeks_silent,
        cast(sums.weeks_known as double) as weeks_known
    from assignments
    left join sums on assignments.campaign_id = sums.campaign_id and assignments.trader_id = sums.trader_id
    left join dated_segments
        on assignments.campaign_id = dated_segments.campaign_id
        and assignments.trader_id = dated_segments.trader_id
        and dated_segments.newest_rank = 1
)

select * from final
