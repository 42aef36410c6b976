-- What each trader traded per underlying and day, by the state of the market: sums that features add up.
{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
with

fills as (
    select * from {{ ref('int_fill_greeks') }}
    where {{ since_change('event_date') }}
),

market_days as (
    select * from {{ ref('int_market_days') }}
),

market_moves as (
    select * from {{ ref('int_market_moves') }}
),

timed as (
    select
        fills.trader_id,
        fills.underlying,
        fills.event_date,
        fills.kind,
        fills.notional_usd,
        fills.delta_usd,
        market_days.is_high_volatility,
        market_moves.is_large_move,
        case when market_moves.log_return < 0 then -fills.delta_usd else fills.delta_usd end as delta_with_move_usd,
        coalesce(fills.executed_at >= fills.expires_at - interval 24 hour, false) as is_before_expiry
    from fills
    left join market_days
        on upper(fills.underlying) = market_days.asset
        and fills.event_date = market_days.event_date
    left join market_moves
        on upper(fills.underlying) = market_moves.asset
        and date_trunc('hour', fills.executed_at) = market_moves.hour_start
),

final as (
    select
        trader_id,
        underlying,
        event_date,
        sum(notional_usd) as notional_usd,
        sum(delta_usd) as net_delta_usd,
        sum(abs(delta_usd)) as gross_delta_usd,
        sum(case when is_high_volatility then notional_usd end) as high_volatility_notional_usd,
        sum(case when is_high_volatility is not null then notional_usd end) as known_volatility_notional_usd,
        sum(case when is_before_expiry then notional_usd end) as before_expiry_notional_usd,
        sum(case when kind is not null then notional_usd end) as known_kind_notional_usd,
        count(case when is_large_move then 1 end) as reaction_fill_count,
        sum(case when is_large_move then notional_usd end) as reaction_notional_usd,
        sum(case when is_large_move is not null then notional_usd end) as known_move_notional_usd,
        sum(case when is_large_move then delta_with_move_usd end) as reaction_net_delta_usd,
        sum(case when is_large_move then abs(delta_usd) end) as reaction_gross_delta_usd
    from timed
    group by 1, 2, 3
)

select * from final
