-- Weeks of a trader before which each fee stood still, and after which it did again: on the same level, or on another.
{%- set settings = var('fee_sensitivity') %}
{%- set tolerance = settings.tolerance_bps ~ 'e0' %}
{%- set exact = contract_type('decimal') %}
with

fee_weeks as (
    select * from {{ ref('int_fee_weeks') }}
),

fees as (
    select
        trader_id,
        week_number,
        min(least_bps) over weeks_before as least_before,
        max(most_bps) over weeks_before as most_before,
        count(least_bps) over weeks_before as week_count_before,
        sum(charged_usd) over weeks_before as charged_before,
        min(least_bps) over weeks_after as least_after,
        max(most_bps) over weeks_after as most_after,
        count(least_bps) over weeks_after as week_count_after,
        sum(charged_usd) over weeks_after as charged_after
    from fee_weeks
    window
        weeks_before as (
            partition by trader_id, fee_group, fee_role
            order by week_number
            range between {{ settings.weeks }} preceding and 1 preceding
        ),
        weeks_after as (
            partition by trader_id, fee_group, fee_role
            order by week_number
            range between 1 following and {{ settings.weeks }} following
        )
),

still as (
    select
        trader_id,
        week_number,
        cast(charged_before + charged_after as double) as weight,
        (least_before + most_before) / 2 as before_bps,
        (least_after + most_after) / 2 as after_bps
    from fees
    where
        week_count_before >= {{ settings.least_weeks }}
        and week_count_after >= {{ settings.least_weeks }}
        and most_before - least_before <= {{ tolerance }}
        and most_after - least_after <= {{ tolerance }}
        and charged_before + charged_after > 0
),

-- The fee of the mix that was traded before and after, so that another mix is no other fee.
traders as (
    select
        trader_id,
        week_number,
        {{ share(
            'sum(cast(weight * (after_bps - before_bps) as ' ~ exact ~ '))',
            'sum(cast(weight as ' ~ exact ~ '))',
        ) }} as change_bps,
        max(abs(after_bps - before_bps)) > {{ tolerance }} as is_changed
    from still
    group by 1, 2
),

firsts as (
    select
        *,
        min(case when is_changed then week_number end) over (partition by trader_id) as first_week_number
    from traders
),

lasts as (
    select
        *,
        max(case when is_changed and week_number < first_week_number + {{ settings.weeks }} then week_number end)
            over (partition by trader_id) as change_week_number
    from firsts
),

-- Several weeks may lie between the same two levels: the last counts, as the weeks before it are those that led to the
-- change. Nothing counts after it: volume would be compared with what it was under other fees (Goodman-Bacon 2021).
final as (
    select
        trader_id,
        week_number,
        is_changed,
        case when is_changed then change_bps else 0 end as change_bps
    from lasts
    where
        change_week_number is null
        or week_number = change_week_number
        or (not is_changed and week_number < first_week_number)
)

select * from final
