-- How long traders of a segment stay: Kaplan and Meier (1958), JASA 53. The share that stays is a running product of
-- 1 - events / at_risk; its variance is Greenwood's (1926), and its bounds are taken on the scale of log(-log), where
-- they stay between 0 and 1 (Kalbfleisch and Prentice 1980). Running sums are DECIMAL, so their order does not matter.
with

lifetimes as (
    select
        segments.segment_id,
        segments.style,
        lifetimes.lifetime_weeks,
        lifetimes.has_left
    from {{ ref('int_trader_lifetimes') }} as lifetimes
    inner join {{ ref('int_trader_trading_segments') }} as segments on lifetimes.trader_id = segments.trader_id
),

segments as (
    select
        segment_id,
        style,
        count(*) as traders,
        max(lifetime_weeks) as longest_weeks
    from lifetimes
    group by 1, 2
),

ends as (
    select
        segment_id,
        lifetime_weeks,
        count(*) as ended,
        count(case when has_left then 1 end) as events
    from lifetimes
    group by 1, 2
),

week_numbers as (
    select row_number() over (order by event_date) - 1 as weeks_since
    from {{ ref('int_calendar_days') }}
),

weeks as (
    select
        segments.segment_id,
        segments.style,
        segments.traders,
        week_numbers.weeks_since,
        coalesce(ends.ended, 0) as ended,
        coalesce(ends.events, 0) as events
    from segments
    inner join week_numbers on segments.longest_weeks >= week_numbers.weeks_since
    left join ends
        on segments.segment_id = ends.segment_id and week_numbers.weeks_since = ends.lifetime_weeks
),

-- Whoever ended in a week was at risk in it.
at_risk as (
    select
        segment_id,
        style,
        weeks_since,
        events,
        ended - events as censored,
        traders - sum(ended) over (partition by segment_id order by weeks_since) + ended as at_risk
    from weeks
),

-- Where all leave at once nobody stays: no logarithm, and no variance.
terms as (
    select
        *,
        case when events < at_risk then cast(ln(1 - {{ share('events', 'at_risk') }}) as decimal(18, 15)) end
            as log_survival,
        case
            when events < at_risk
                then cast({{ share('events', 'at_risk') }} / (at_risk - events) as decimal(20, 18))
        end as hazard_variance
    from at_risk
),

running as (
    select
        *,
        min(case when events < at_risk then 1 else 0 end) over so_far as has_survivors,
        cast(sum(log_survival) over so_far as double) as log_survival_so_far,
        cast(sum(hazard_variance) over so_far as double) as log_variance
    from terms
    window so_far as (partition by segment_id order by weeks_since)
),

estimates as (
    select
        segment_id,
        style,
        weeks_since,
        at_risk,
        events,
        censored,
        case when has_survivors = 1 then round(exp(log_survival_so_far), 12) else 0 end as survival,
        case when has_survivors = 1 then log_survival_so_far end as log_survival,
        case when has_survivors = 1 then sqrt(log_variance) end as log_standard_error
    from running
),

-- The 97.5 % point of the normal distribution, on the scale of log(-log); before anybody has left there are no bounds.
widths as (
    select
        *,
        case when log_survival < 0 then exp(1.959963984540054 * log_standard_error / -log_survival) end as width
    from estimates
),

medians as (
    select
        segment_id,
        min(weeks_since) as median_weeks
    from estimates
    where survival <= 0.5
    group by 1
),

final as (
    select
        widths.segment_id,
        cast(widths.weeks_since as bigint) as weeks_since,
        cast({{ as_of_date() }} as date) as as_of_date,
        widths.style,
        cast(widths.at_risk as bigint) as at_risk,
        widths.events,
        widths.censored,
        cast(widths.survival as double) as survival,
        round(widths.survival * widths.log_standard_error, 12) as standard_error,
        round(exp(widths.log_survival * widths.width), 12) as survival_low,
        round(exp(widths.log_survival / widths.width), 12) as survival_high,
        cast(medians.median_weeks as bigint) as median_weeks
    from widths
    left join medians on widths.segment_id = medians.segment_id
)

select * from final
