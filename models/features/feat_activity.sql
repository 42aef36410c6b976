-- How often and how regularly a trader trades. Clumpiness: Zhang, Bradlow, Small (2015), Marketing Science 34(2), the
-- entropy of the gaps between active days; 0 evenly spread, 1 all at once.
with

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

recent_days as (
    {{ recent_days('int_trader_days') }}
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

-- A window begins for a trader with the first fill at the earliest.
observed as (
    select
        spans.trader_id,
        greatest(trader_windows.from_date, spans.first_date) as from_date
    from spans
    inner join {{ ref('int_trader_windows') }} as trader_windows on spans.trader_id = trader_windows.trader_id
),

recent as (
    select
        observed.trader_id,
        observed.from_date,
        max(recent_days.event_date) as last_date,
        sum(recent_days.fill_count) as fill_count,
        count(*) as active_days,
        {{ dbt.datediff('observed.from_date', as_of_date(), 'day') }} + 1 as window_days
    from recent_days
    inner join observed on recent_days.trader_id = observed.trader_id
    group by 1, 2
),

gaps as (
    -- the first day of the window is day 1 of the observation period; the last gap runs to the day after it
    select
        recent_days.trader_id,
        coalesce(
            {{ dbt.datediff(
                'lag(recent_days.event_date) over (partition by recent_days.trader_id order by recent_days.event_date)',
                'recent_days.event_date',
                'day',
            ) }},
            {{ dbt.datediff('observed.from_date', 'recent_days.event_date', 'day') }} + 1
        ) as gap_days
    from recent_days
    inner join observed on recent_days.trader_id = observed.trader_id

    union all

    select
        trader_id,
        {{ dbt.datediff('last_date', as_of_date(), 'day') }} + 1 as gap_days
    from recent
),

spread as (
    select
        gaps.trader_id,
        sum(cast(
            cast(gaps.gap_days as double) / (recent.window_days + 1)
            * ln(cast(gaps.gap_days as double) / (recent.window_days + 1))
            as decimal(18, 15)
        )) as gap_entropy
    from gaps
    inner join recent on gaps.trader_id = recent.trader_id
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
        cast(coalesce(recent.fill_count, 0) as bigint) as recent_fill_count,
        coalesce(recent.active_days, 0) as recent_active_days,
        recent.window_days,
        {{ share('recent.active_days', 'recent.window_days') }} as active_day_share,
        {{ share('recent.fill_count', 'recent.active_days') }} as fills_per_active_day,
        round(greatest(0, least(1, 1 + cast(spread.gap_entropy as double) / ln(recent.active_days + 1))), 12)
            as clumpiness
    from spans
    left join recent on spans.trader_id = recent.trader_id
    left join spread on spans.trader_id = spread.trader_id
)

select * from final
