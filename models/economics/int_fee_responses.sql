-- How much more or less a trader traded after a change of fees than those whose fees stood still in the same weeks.
-- Volume that is high for a trader falls back, and high volume is what lowers a fee: so volume after is compared with
-- the trader's level before the weeks that led to the change, and what of their height remains is learned from those
-- whose fees stood still. A level told from few weeks errs, and its error would be on both sides of that comparison:
-- levels of odd and even weeks err apart (instrumental variables; Angrist, Pischke 2009, chapter 4).
{%- set settings = var('fee_sensitivity') %}
{%- set weeks = settings.weeks %}
{%- set exact = 'decimal(38, 12)' %}
with -- noqa: disable=LT02

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
            range between {{ weeks }} preceding and 1 preceding
        ) as usd_before,
        sum(notional_usd) over (
            partition by trader_id
            order by week_number
            range between 1 following and {{ weeks }} following
        ) as usd_after,
        sum(case when week_number % 2 = 0 then notional_usd end) over earlier as even_usd,
        sum(case when week_number % 2 <> 0 then notional_usd end) over earlier as odd_usd
    from volumes
    window earlier as (
        partition by trader_id
        order by week_number
        range between unbounded preceding and {{ weeks + 1 }} preceding
    )
),

-- Weeks without a fill count: so many even ones lie between the first and those before the change.
counted as (
    select
        windows.*,
        week_number - {{ weeks }} - first_week_number as earlier_weeks,
        floor((week_number - {{ weeks + 1 }}) / 2e0) - floor((first_week_number - 1) / 2e0) as even_weeks
    from windows
),

levels as (
    select
        steps.*,
        ln(cast(counted.usd_after as double) / {{ weeks }}) as after_log,
        ln(cast(counted.usd_before as double) / {{ weeks }}) as before_log,
        ln(cast(counted.even_usd + counted.odd_usd as double) / counted.earlier_weeks) as level_log,
        ln(cast(counted.even_usd as double) / counted.even_weeks) as even_log,
        ln(cast(counted.odd_usd as double) / (counted.earlier_weeks - counted.even_weeks)) as odd_log
    from {{ ref('int_fee_steps') }} as steps
    inner join counted on steps.trader_id = counted.trader_id and steps.week_number = counted.week_number
    where
        counted.usd_before > 0
        and counted.usd_after > 0
        and counted.even_usd > 0
        and counted.odd_usd > 0
        and counted.earlier_weeks >= {{ weeks }}
        and counted.week_number <= -{{ weeks }}
),

{%- set columns = ['after_log', 'before_log', 'level_log', 'even_log', 'odd_log'] %}

means as (
    select
        week_number,
        {%- for column in columns %}
        {{ share('sum(cast(' ~ column ~ ' as ' ~ exact ~ '))', 'count(*)') }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from levels
    where not is_changed
    group by 1
    having count(*) >= {{ settings.least_controls }}
),

deviations as (
    select
        levels.trader_id,
        levels.week_number,
        levels.is_changed,
        levels.change_bps,
        {%- for column in columns %}
        levels.{{ column }} - means.{{ column }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from levels
    inner join means on levels.week_number = means.week_number
),

remains as (
    select
        {{ share(
            'sum(cast((after_log - odd_log) * (before_log - even_log) as ' ~ exact ~ '))'
            ~ ' + sum(cast((after_log - even_log) * (before_log - odd_log) as ' ~ exact ~ '))',
            '2 * sum(cast((before_log - odd_log) * (before_log - even_log) as ' ~ exact ~ '))',
        ) }} as share
    from deviations
    where not is_changed
),

final as (
    select
        deviations.trader_id,
        deviations.week_number,
        deviations.change_bps,
        deviations.after_log - deviations.level_log
        - greatest(least(coalesce(remains.share, 0), 1), 0) * (deviations.before_log - deviations.level_log)
            as response
    from deviations
    cross join remains
    where deviations.is_changed
)

select * from final
