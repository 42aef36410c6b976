-- What options are traded as: shares of option notional by the strategy of the trade.
with

strategy_days as (
    {{ recent_days('int_trader_strategy_days') }}
),

final as (
    select
        trader_id,
        sum(option_trade_count) as option_trade_count,
        {{ share('sum(multi_leg_notional_usd)', 'sum(option_notional_usd)') }} as multi_leg_share,
        {{ share('sum(volatility_notional_usd)', 'sum(option_notional_usd)') }} as straddle_strangle_share,
        {{ share('sum(spread_notional_usd)', 'sum(option_notional_usd)') }} as spread_share,
        {{ share('sum(risk_reversal_notional_usd)', 'sum(option_notional_usd)') }} as risk_reversal_share,
        {{ share('sum(covered_notional_usd)', 'sum(option_notional_usd)') }} as covered_share,
        {{ share('sum(delta_hedged_notional_usd)', 'sum(option_notional_usd)') }} as delta_hedged_share,
        {{ share('sum(block_notional_usd)', 'sum(option_notional_usd)') }} as block_share
    from strategy_days
    group by 1
)

select * from final
