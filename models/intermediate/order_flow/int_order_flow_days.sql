-- Volume, net position at the end of the day and its path through the day, per trader and instrument. The net position
-- starts each day at zero, as in the paper, whose data do not say what was held before. It changes only in minutes with
-- a fill, so the mean over the minutes of the day is a sum over those, each weighted by the minutes until the next.
{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
{% set minutes_a_day = 1440 %}
with

fills as (
    select
        *,
        extract(hour from executed_at) * 60 + extract(minute from executed_at) as minute_of_day
    from {{ ref('int_fills_valued') }}
    where {{ since_change('event_date') }}
),

minutes as (
    select
        trader_id,
        instrument_id,
        event_date,
        minute_of_day,
        sum(signed_quantity) as net_quantity,
        sum(abs(signed_quantity)) as volume,
        sum(notional_usd) as notional_usd,
        count(*) - count(notional_usd) as unpriced_fill_count
    from fills
    group by 1, 2, 3, 4
),

paths as (
    select
        minutes.*,
        sum(net_quantity) over (
            partition by trader_id, instrument_id, event_date
            order by minute_of_day
            rows between unbounded preceding and current row
        ) as net_position,
        sum(net_quantity) over (partition by trader_id, instrument_id, event_date) as end_position,
        sum(volume) over (partition by trader_id, instrument_id, event_date) as day_volume,
        lag(minute_of_day) over (
            partition by trader_id, instrument_id, event_date order by minute_of_day
        ) as previous_minute,
        coalesce(
            lead(minute_of_day) over (partition by trader_id, instrument_id, event_date order by minute_of_day),
            {{ minutes_a_day }}
        ) - minute_of_day as minutes_held
    from minutes
),

deviations as (
    select
        paths.*,
        cast(net_position - end_position as double) / cast(day_volume as double) as deviation,
        case when previous_minute is null then minute_of_day else 0 end as minutes_before,
        cast(end_position as double) / cast(day_volume as double) as deviation_before
    from paths
),

final as (
    select
        trader_id,
        instrument_id,
        event_date,
        sum(volume) as volume,
        sum(net_quantity) as net_position,
        case when sum(unpriced_fill_count) = 0 then sum(notional_usd) end as notional_usd,
        cast(abs(cast(sum(net_quantity) as double)) / cast(sum(volume) as double) as decimal(18, 12))
            as position_share,
        cast(
            sqrt(
                cast(
                    sum(cast(
                        minutes_held * deviation * deviation + minutes_before * deviation_before * deviation_before
                        as decimal(28, 18)
                    )) as double
                ) / {{ minutes_a_day }}
            ) as decimal(18, 12)
        ) as intraday_deviation
    from deviations
    group by 1, 2, 3
)

select * from final
