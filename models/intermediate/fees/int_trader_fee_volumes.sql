-- Volume of each trader in the last two windows of the fee schedule, its mean day and the spread of its weeks. Weeks,
-- counted back from the as-of date, because the days of one resemble each other (batch means: Fishman 1978).
{%- set days = var('fee_schedule').volume_days %}
with

trader_days as (
    select
        trader_id,
        notional_usd,
        {{ dbt.datediff('event_date', as_of_date(), 'day') }} as days_ago
    from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

windows as (
    select
        trader_id,
        least(max(days_ago) + 1, {{ 2 * days }}) as observed_days,
        sum(case when days_ago < {{ days }} then notional_usd else 0 end) as trailing_volume_usd,
        sum(case when days_ago >= {{ days }} and days_ago < {{ 2 * days }} then notional_usd else 0 end)
            as previous_volume_usd
    from trader_days
    group by 1
),

weeks as (
    select
        windows.trader_id,
        floor(windows.observed_days / 7) as week_count,
        floor(trader_days.days_ago / 7) as weeks_ago,
        cast(sum(trader_days.notional_usd) as double) as week_usd
    from windows
    inner join trader_days on windows.trader_id = trader_days.trader_id
    where floor(trader_days.days_ago / 7) < floor(windows.observed_days / 7)
    group by 1, 2, 3
),

-- Squares in millions of dollars, so that their sum fits a decimal; a week without a fill is a zero.
spreads as (
    select
        trader_id,
        week_count,
        sum(cast(week_usd / 1e6 as decimal(38, 12))) as volume,
        sum(cast(week_usd / 1e6 * (week_usd / 1e6) as decimal(38, 12))) as squared_volume
    from weeks
    group by 1, 2
),

deviations as (
    select
        trader_id,
        round(
            1e6 * sqrt(
                greatest(cast(squared_volume as double) - power(cast(volume as double), 2) / week_count, 0)
                / (week_count - 1)
            ),
            6
        ) as week_deviation_usd
    from spreads
    where week_count > 1
),

final as (
    select
        windows.trader_id,
        cast(windows.observed_days as integer) as observed_days,
        cast(windows.trailing_volume_usd as {{ contract_type('decimal') }}) as trailing_volume_usd,
        case
            when windows.observed_days = {{ 2 * days }}
                then cast(windows.previous_volume_usd as {{ contract_type('decimal') }})
        end as previous_volume_usd,
        {{ share('(windows.trailing_volume_usd + windows.previous_volume_usd)', 'windows.observed_days') }}
            as mean_day_usd,
        case when windows.observed_days >= 14 then coalesce(deviations.week_deviation_usd, 0) end as week_deviation_usd
    from windows
    left join deviations on windows.trader_id = deviations.trader_id
)

select * from final
