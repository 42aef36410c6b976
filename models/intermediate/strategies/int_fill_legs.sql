-- Legs of trades: what one order filled in a day, and the trade that the leg belongs to. A combo or block id says so;
-- else legs of an account in one underlying are of one trade where each starts within the window after the one before.
-- A trade does not reach over midnight (UTC), so that no later day changes what a day was.
{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
{%- set multiplier = 'case when instruments.is_inverse then 1 else instruments.contract_multiplier end' %}
{%- set units = 'cast(fills.signed_quantity as double) * coalesce(' ~ multiplier ~ ', 1)' %}
with

fills as (
    select * from {{ ref('int_fill_greeks') }}
    where {{ since_change('event_date') }}
),

instruments as (
    select * from {{ ref('stg_instruments') }}
),

thresholds as (
    select value as window_seconds from {{ ref('strategy_thresholds') }}
    where measure = 'window_seconds'
),

-- The underlying that a fill stands for, in US dollars, above zero bought.
sized as (
    select
        fills.*,
        case
            when fills.kind = 'option'
                then cast({{ units }} * fills.underlying_price_usd as {{ contract_type('decimal') }})
            else fills.delta_usd
        end as underlying_value_usd
    from fills
    left join instruments on fills.instrument_id = instruments.instrument_id
),

-- A sum with an unknown part is unknown.
legs as (
    select
        account_id,
        event_date,
        combo_id,
        block_trade_id,
        coalesce(order_id, fill_id) as leg_order_id,
        instrument_id,
        side,
        case
            when combo_id is not null then 'combo'
            when block_trade_id is not null then 'block'
            else 'time'
        end as group_source,
        coalesce(combo_id, block_trade_id) as declared_id,
        min(fill_id) as leg_id,
        max(trader_id) as trader_id,
        max(underlying) as underlying,
        max(kind) as kind,
        max(option_type) as option_type,
        max(strike) as strike,
        max(expires_at) as expires_at,
        min(executed_at) as started_at,
        count(*) as fill_count,
        sum(signed_quantity) as quantity,
        sum(notional_usd) as notional_usd,
        sum(premium_usd) as premium_usd,
        case when count(delta_usd) = count(*) then sum(delta_usd) end as delta_usd,
        case when count(vega_usd) = count(*) then sum(vega_usd) end as vega_usd,
        case when count(underlying_value_usd) = count(*) then sum(underlying_value_usd) end
            as underlying_value_usd
    from sized
    group by 1, 2, 3, 4, 5, 6, 7
),

-- What says which legs are of one trade; the rest of a leg is too wide to be sorted with it.
starts as (
    select
        leg_id,
        account_id,
        event_date,
        underlying,
        group_source,
        declared_id,
        started_at
    from legs
),

followed as (
    select
        starts.*,
        {{ seconds_between(
            'lag(started_at) over (partition by account_id, event_date, underlying, group_source, declared_id'
                ~ ' order by started_at, leg_id)',
            'started_at',
        ) }} as gap_seconds
    from starts
),

islands as (
    select
        followed.*,
        sum(case when followed.gap_seconds > thresholds.window_seconds then 1 else 0 end) over (
            partition by
                followed.account_id,
                followed.event_date,
                followed.underlying,
                followed.group_source,
                followed.declared_id
            order by followed.started_at, followed.leg_id
            rows between unbounded preceding and current row
        ) as island_number
    from followed
    cross join thresholds
),

trades as (
    select
        leg_id,
        min(leg_id) over (
            partition by account_id, event_date, underlying, group_source, declared_id, island_number
        ) as group_id
    from islands
),

final as (
    select
        legs.leg_id,
        trades.group_id,
        legs.group_source,
        legs.trader_id,
        legs.account_id,
        legs.event_date,
        legs.started_at,
        legs.underlying,
        legs.leg_order_id,
        legs.combo_id,
        legs.block_trade_id,
        legs.instrument_id,
        legs.kind,
        legs.option_type,
        legs.strike,
        legs.expires_at,
        legs.side,
        legs.fill_count,
        legs.quantity,
        legs.underlying_value_usd,
        legs.notional_usd,
        legs.premium_usd,
        legs.delta_usd,
        legs.vega_usd
    from legs
    inner join trades on legs.leg_id = trades.leg_id
)

select * from final
