-- The legs of trades that may be a strategy, one row an instrument: the orders of an instrument in a trade are one leg.
{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
with

legs as (
    select * from {{ ref('int_fill_legs') }}
    where {{ since_change('event_date') }}
),

thresholds as (
    select
        max(case when measure = 'window_seconds' then value end) as window_seconds,
        max(case when measure = 'maximum_legs' then value end) as maximum_legs
    from {{ ref('strategy_thresholds') }}
),

instrument_legs as (
    select
        group_id,
        event_date,
        instrument_id,
        max(group_source) as group_source,
        max(kind) as kind,
        max(option_type) as option_type,
        max(strike) as strike,
        max(expires_at) as expires_at,
        min(started_at) as first_started_at,
        max(started_at) as last_started_at,
        min(side) as side,
        case when min(side) <> max(side) then 1 else 0 end as is_both_sides,
        sum(quantity) as quantity,
        case when count(underlying_value_usd) = count(*) then sum(underlying_value_usd) end
            as underlying_value_usd,
        case when count(delta_usd) = count(*) then sum(delta_usd) end as delta_usd
    from legs
    group by 1, 2, 3
),

trades as (
    select
        group_id,
        event_date,
        count(*) as leg_count,
        count(case when kind = 'option' then 1 end) as option_leg_count,
        max(is_both_sides) as is_both_sides,
        max(group_source) as group_source,
        {{ seconds_between('min(first_started_at)', 'max(last_started_at)') }} as span_seconds
    from instrument_legs
    group by 1, 2
),

-- An instrument that is bought and sold at once is no leg, and a chain of legs that is longer than the window, such as
-- a market maker's whole day, is no trade.
candidates as (
    select
        trades.group_id,
        trades.event_date
    from trades
    cross join thresholds
    where
        trades.leg_count > 1
        and trades.leg_count <= thresholds.maximum_legs
        and trades.option_leg_count > 0
        and trades.is_both_sides = 0
        and (trades.group_source <> 'time' or trades.span_seconds <= thresholds.window_seconds)
),

final as (
    select
        instrument_legs.group_id,
        instrument_legs.event_date,
        instrument_legs.instrument_id,
        instrument_legs.kind,
        instrument_legs.option_type,
        instrument_legs.strike,
        instrument_legs.expires_at,
        instrument_legs.side,
        instrument_legs.quantity,
        instrument_legs.underlying_value_usd,
        instrument_legs.delta_usd
    from instrument_legs
    inner join candidates
        on instrument_legs.group_id = candidates.group_id
        and instrument_legs.event_date = candidates.event_date
)

select * from final
