-- How the legs of a trade fit together, and the strategy of the first rule that this fits.
{%- set written = 4 %}
with

legs as (
    select * from {{ ref('int_fill_instrument_legs') }}
),

rules as (
    select * from {{ ref('strategy_rules') }}
),

thresholds as (
    select
        max(case when measure = 'ratio_tolerance' then value end) as ratio_tolerance,
        max(case when measure = 'hedged_delta' then value end) as hedged_delta
    from {{ ref('strategy_thresholds') }}
),

option_legs as (
    select
        group_id,
        event_date,
        option_type,
        strike,
        expires_at,
        side,
        row_number() over (
            partition by group_id, event_date order by strike, expires_at, option_type, instrument_id
        ) as leg_number,
        first_value(side) over (
            partition by group_id, event_date order by strike, expires_at, option_type, instrument_id
        ) as first_leg_side,
        cast(abs(quantity) as double)
        / min(cast(abs(quantity) as double)) over (partition by group_id, event_date) as ratio
    from legs
    where kind = 'option'
),

written_legs as (
    select
        option_legs.*,
        case when side = first_leg_side then '+' else '-' end
        || case
            when round(ratio) > 1 then cast(cast(least(round(ratio), 1000) as integer) as {{ type_string() }})
            else ''
        end
        || case option_type when 'call' then 'C' else 'P' end as written_leg,
        abs(ratio - round(ratio)) / round(ratio) as ratio_deviation
    from option_legs
),

option_shapes as (
    select
        group_id,
        event_date,
        count(*) as leg_count,
        max(first_leg_side) as first_leg_side,
        cast(count(distinct expires_at) as {{ type_string() }}) as expiries,
        cast(count(distinct strike) as {{ type_string() }}) as strikes,
        cast(max(ratio_deviation) as decimal(18, 9)) as ratio_deviation,
        trim(
            max(case leg_number when 1 then written_leg else '' end)
            {%- for number in range(2, written + 1) %}
            || ' ' || max(case leg_number when {{ number }} then written_leg else '' end)
            {%- endfor %}
        ) as option_legs
    from written_legs
    group by 1, 2
),

hedges as (
    select
        group_id,
        event_date,
        count(case when kind <> 'option' then 1 end) as hedge_count,
        sum(case when kind = 'option' then underlying_value_usd end) as option_value_usd,
        sum(case when kind = 'option' then abs(underlying_value_usd) end) as gross_option_value_usd,
        sum(case when kind <> 'option' then underlying_value_usd end) as hedge_value_usd,
        case when count(delta_usd) = count(*) then sum(case when kind = 'option' then delta_usd end) end
            as option_delta_usd,
        sum(case when kind <> 'option' then delta_usd end) as hedge_delta_usd
    from legs
    group by 1, 2
),

shapes as (
    select
        option_shapes.group_id,
        option_shapes.event_date,
        case
            when
                option_shapes.leg_count <= {{ written }}
                and option_shapes.ratio_deviation <= thresholds.ratio_tolerance
                then option_shapes.option_legs
        end as option_legs,
        option_shapes.expiries,
        option_shapes.strikes,
        option_shapes.first_leg_side,
        hedges.hedge_count = 0 as is_unhedged,
        sign(hedges.option_value_usd) = -sign(hedges.hedge_value_usd)
        and abs(hedges.option_value_usd + hedges.hedge_value_usd)
        <= thresholds.ratio_tolerance * abs(hedges.option_value_usd) as is_matched,
        sign(hedges.option_delta_usd) = -sign(hedges.hedge_delta_usd)
        and abs(hedges.option_delta_usd + hedges.hedge_delta_usd)
        < thresholds.hedged_delta * hedges.gross_option_value_usd as is_delta_neutral
    from option_shapes
    inner join hedges
        on option_shapes.group_id = hedges.group_id
        and option_shapes.event_date = hedges.event_date
    cross join thresholds
),

final as (
    select
        shapes.group_id,
        shapes.event_date,
        max(shapes.option_legs) as option_legs,
        min_by(rules.strategy, rules.priority) as strategy
    from shapes
    inner join rules
        on rules.option_legs in ('any', shapes.option_legs)
        and rules.expiries in ('any', shapes.expiries)
        and rules.strikes in ('any', shapes.strikes)
        and rules.first_leg_side in ('any', shapes.first_leg_side)
        and (
            rules.hedge = 'any'
            or (rules.hedge = 'none' and shapes.is_unhedged)
            or (rules.hedge = 'matched' and shapes.is_matched)
            or (rules.hedge = 'delta_neutral' and shapes.is_delta_neutral)
        )
    group by 1, 2
)

select * from final
