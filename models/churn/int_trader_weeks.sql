-- What each trader did in each week with fills, weeks counted back from the as-of date: week 0 are the seven days that
-- end on it. So weeks of every snapshot are whole ones.
{{ config(materialized='table') }}
with

trader_days as (
    select
        *,
        {{ weeks_before('event_date', as_of_date()) }} as weeks_ago
    from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

gaps as (
    select
        trader_id,
        {{ weeks_before('event_date', as_of_date()) }} as weeks_ago,
        count(*) as gap_count,
        sum(gap_days) as gap_days,
        max(gap_days) as longest_gap_days
    from {{ ref('int_trader_gaps') }}
    where event_date <= {{ as_of_date() }}
    group by 1, 2
),

weeks as (
    select
        trader_id,
        weeks_ago,
        count(*) as active_days,
        sum(fill_count) as fill_count,
        sum(notional_usd) as notional_usd,
        sum(realized_pnl_usd) as realized_pnl_usd,
        min(event_date) as first_date,
        max(event_date) as last_date
    from trader_days
    group by 1, 2
),

final as (
    select
        weeks.trader_id,
        weeks.weeks_ago,
        weeks.active_days,
        cast(weeks.fill_count as bigint) as fill_count,
        cast(weeks.notional_usd as {{ contract_type('decimal') }}) as notional_usd,
        cast(weeks.realized_pnl_usd as {{ contract_type('decimal') }}) as realized_pnl_usd,
        weeks.first_date,
        weeks.last_date,
        coalesce(gaps.gap_count, 0) as gap_count,
        cast(coalesce(gaps.gap_days, 0) as bigint) as gap_days,
        gaps.longest_gap_days
    from weeks
    left join gaps on weeks.trader_id = gaps.trader_id and weeks.weeks_ago = gaps.weeks_ago
)

select * from final
