-- How much more or less a trader traded after a change of fees than those whose fees stood still in the same weeks.
-- Volume that is high for a trader falls back, and high volume is what lowers a fee: by how much it falls back is
-- learned from those whose fees stood still.
{%- set settings = var('fee_sensitivity') %}
{%- set exact = 'decimal(38, 12)' %}
with

volumes as (
    select
        trader_id,
        week_number,
        sum(notional_usd) as notional_usd
    from {{ ref('int_fee_weeks') }}
    group by 1, 2
),

windows as (
    select
        trader_id,
        week_number,
        min(week_number) over (partition by trader_id) as first_week_number,
        sum(notional_usd) over (
            partition by trader_id
            order by week_number
            range between {{ settings.weeks }} preceding and 1 preceding
        ) as usd_before,
        sum(notional_usd) over (
            partition by trader_id
            order by week_number
            range between 1 following and {{ settings.weeks }} following
        ) as usd_after,
        sum(notional_usd) over (
            partition by trader_id
            order by week_number
            range between unbounded preceding and 1 preceding
        ) as usd_ever
    from volumes
),

measured as (
    select
        steps.*,
        ln(cast(windows.usd_after as double) / cast(windows.usd_before as double)) as response,
        ln(
            cast(windows.usd_before as double) / {{ settings.weeks }}
            / (cast(windows.usd_ever as double) / (windows.week_number - windows.first_week_number))
        ) as excess
    from {{ ref('int_fee_steps') }} as steps
    inner join windows on steps.trader_id = windows.trader_id and steps.week_number = windows.week_number
    where
        windows.usd_before > 0
        and windows.usd_after > 0
        and windows.week_number - windows.first_week_number >= {{ settings.weeks }}
        and windows.week_number <= -{{ settings.weeks }}
),

weeks as (
    select
        week_number,
        {{ share('sum(cast(response as ' ~ exact ~ '))', 'count(*)') }} as mean_response,
        {{ share('sum(cast(excess as ' ~ exact ~ '))', 'count(*)') }} as mean_excess
    from measured
    where not is_changed
    group by 1
    having count(*) >= {{ settings.least_controls }}
),

deviations as (
    select
        measured.trader_id,
        measured.week_number,
        measured.is_changed,
        measured.change_bps,
        measured.response - weeks.mean_response as response,
        measured.excess - weeks.mean_excess as excess
    from measured
    inner join weeks on measured.week_number = weeks.week_number
),

slopes as (
    select
        {{ share(
            'sum(cast(excess * response as ' ~ exact ~ '))',
            'sum(cast(excess * excess as ' ~ exact ~ '))',
        ) }} as slope
    from deviations
    where not is_changed
),

final as (
    select
        deviations.trader_id,
        deviations.week_number,
        deviations.change_bps,
        deviations.response - coalesce(slopes.slope, 0) * deviations.excess as response
    from deviations
    cross join slopes
    where deviations.is_changed
)

select * from final
