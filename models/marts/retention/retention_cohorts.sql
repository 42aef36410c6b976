-- Who first traded in a week, and how many of them traded, and what they brought, in each week since: a triangle that
-- ends with the as-of date. A week that is not over yet says nothing: half a week would look like half of the traders.
with

trader_weeks as (
    select * from {{ ref('int_trader_value_weeks') }}
),

cohorts as (
    select
        trader_id,
        min(week_start_date) as cohort_week
    from trader_weeks
    where is_active
    group by 1
),

sizes as (
    select
        cohort_week,
        count(*) as traders
    from cohorts
    group by 1
),

weeks as (
    select distinct cast(date_trunc('week', event_date) as date) as week_start_date
    from {{ ref('int_calendar_days') }}
),

activity as (
    select
        cohorts.cohort_week,
        trader_weeks.week_start_date,
        count(case when trader_weeks.is_active then 1 end) as active,
        sum(trader_weeks.net_value_usd) as revenue_usd
    from trader_weeks
    inner join cohorts on trader_weeks.trader_id = cohorts.trader_id
    group by 1, 2
),

-- Where fees are known at all, a week without any brings nothing; where they are not, what was paid out is not the
-- revenue.
fees_known as (
    select count(case when is_active then net_value_usd end) > 0 as are_known
    from trader_weeks
),

triangle as (
    select
        sizes.cohort_week,
        cast({{ dbt.datediff('sizes.cohort_week', 'weeks.week_start_date', 'day') }} / 7 as bigint) as weeks_since,
        weeks.week_start_date,
        sizes.traders,
        {{ dbt.datediff('weeks.week_start_date', as_of_date(), 'day') }} >= 6 as is_observed
    from sizes
    inner join weeks on sizes.cohort_week <= weeks.week_start_date
),

observed as (
    select
        triangle.*,
        case when triangle.is_observed then coalesce(activity.active, 0) end as active,
        case when triangle.is_observed and fees_known.are_known then coalesce(activity.revenue_usd, 0) end
            as revenue_usd
    from triangle
    cross join fees_known
    left join activity
        on triangle.cohort_week = activity.cohort_week and triangle.week_start_date = activity.week_start_date
),

final as (
    select
        cohort_week,
        weeks_since,
        week_start_date,
        cast({{ as_of_date() }} as date) as as_of_date,
        traders,
        active,
        {{ share('active', 'traders') }} as retention,
        cast(revenue_usd as {{ contract_type('decimal') }}) as revenue_usd,
        is_observed
    from observed
)

select * from final
