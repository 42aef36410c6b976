-- How often and how regularly a trader trades. Clumpiness: Zhang, Bradlow, Small (2015), Marketing Science 34(2), the
-- entropy of the gaps between active days; 0 evenly spread, 1 all at once.
with

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

spans as (
    select
        trader_id,
        sum(fill_count) as fill_count,
        count(*) as active_days,
        count(distinct date_trunc('week', event_date)) as active_weeks,
        min(event_date) as first_date,
        max(event_date) as last_date
    from trader_days
    group by 1
),

gaps as (
    select
        trader_id,
        {{ dbt.datediff('lag(event_date) over (partition by trader_id order by event_date)', 'event_date', 'day') }}
            as gap_days
    from trader_days

    union all

    -- the first day is day 1 of its own observation period; the last gap runs to the day after it
    select
        trader_id,
        1 as gap_days
    from spans

    union all

    select
        trader_id,
        {{ dbt.datediff('last_date', as_of_date(), 'day') }} + 1 as gap_days
    from spans
),

spread as (
    select
        gaps.trader_id,
        sum(cast(
            cast(gaps.gap_days as double) / ({{ dbt.datediff('spans.first_date', as_of_date(), 'day') }} + 2)
            * ln(cast(gaps.gap_days as double) / ({{ dbt.datediff('spans.first_date', as_of_date(), 'day') }} + 2))
            as decimal(18, 15)
        )) as gap_entropy
    from gaps
    inner join spans on gaps.trader_id = spans.trader_id
    where gaps.gap_days > 0
    group by 1
),

final as (
    select
        spans.trader_id,
        cast(spans.fill_count as bigint) as fill_count,
        spans.active_days,
        spans.active_weeks,
        {{ dbt.datediff('spans.first_date', as_of_date(), 'day') }} + 1 as tenure_days,
        {{ dbt.datediff('spans.last_date', as_of_date(), 'day') }} as recency_days,
        {{ share('spans.fill_count', 'spans.active_days') }} as fills_per_active_day,
        round(greatest(0, least(1, 1 + cast(spread.gap_entropy as double) / ln(spans.active_days + 1))), 12)
            as clumpiness
    from spans
    inner join spread on spans.trader_id = spread.trader_id
)

select * from final
