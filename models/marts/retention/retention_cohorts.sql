-- Who first traded in a week, and how many of them traded, and what they brought, in each week since: a triangle that
-- ends with the as-of date. A week that is not over yet says nothing: half a week would look like half of the traders.
with

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

trader_weeks as (
    select
        trader_id,
        cast(date_trunc('week', event_date) as date) as week_start_date,
        sum(fee_paid_usd - coalesce(rebate_usd, 0)) as net_value_usd
    from trader_days
    group by 1, 2
),

cohorts as (
    select
        trader_id,
        min(week_start_date) as cohort_week
    from trader_weeks
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
        count(*) as active,
        sum(trader_weeks.net_value_usd) as revenue_usd
    from trader_weeks
    inner join cohorts on trader_weeks.trader_id = cohorts.trader_id
    group by 1, 2
),

-- Where fees are known at all, a week in which nobody trades brings nothing.
fees_known as (
    select case when count(net_value_usd) > 0 then 0 end as no_revenue_usd
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
        case when triangle.is_observed then coalesce(activity.revenue_usd, fees_known.no_revenue_usd) end
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
