-- What a trader makes, before fees, from what the venue reports as realised.
with

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }} and realized_pnl_usd is not null
),

equity_curve as (
    select
        trader_id,
        event_date,
        sum(realized_pnl_usd) over (
            partition by trader_id
            order by event_date
            rows between unbounded preceding and current row
        ) as cumulative_pnl_usd
    from trader_days
),

drawdowns as (
    select
        trader_id,
        greatest(
            max(cumulative_pnl_usd) over (
                partition by trader_id
                order by event_date
                rows between unbounded preceding and current row
            ),
            0
        ) - cumulative_pnl_usd as drawdown_usd
    from equity_curve
),

max_drawdowns as (
    select
        trader_id,
        max(drawdown_usd) as max_drawdown_usd
    from drawdowns
    group by 1
),

results as (
    select
        trader_id,
        sum(realized_pnl_usd) as realized_pnl_usd,
        {{ share('sum(winning_fill_count)', 'sum(closing_fill_count)') }} as win_rate,
        {{ share('coalesce(sum(gain_usd), 0)', 'sum(loss_usd)') }} as profit_factor
    from trader_days
    group by 1
),

final as (
    select
        results.trader_id,
        results.realized_pnl_usd,
        results.win_rate,
        results.profit_factor,
        cast(max_drawdowns.max_drawdown_usd as double) as max_drawdown_usd
    from results
    inner join max_drawdowns on results.trader_id = max_drawdowns.trader_id
)

select * from final
