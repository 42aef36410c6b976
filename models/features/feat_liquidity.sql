-- What a trader pays for liquidity and what the market does after the trade, over the notional of the fills measured.
{%- set horizons = var('markout_horizons') %}
{%- set shrunk = "cast(" ~ var('markout_shrinkage_count') ~ " as double)" %}
with

markout_days as (
    {{ recent_days('int_trader_markout_days') }}
),

totals as (
    select
        trader_id,
        10000 * {{ share('sum(effective_spread_usd)', 'sum(effective_spread_notional_usd)') }} as effective_spread_bps,
        10000 * {{ share('sum(realized_spread_usd)', 'sum(realized_spread_notional_usd)') }} as realized_spread_bps,
        10000 * {{ share('sum(price_impact_usd)', 'sum(realized_spread_notional_usd)') }} as price_impact_bps,
        {%- for name in horizons %}
        cast(sum(markout_{{ name }}_order_count) as double) as markout_{{ name }}_order_count,
        10000 * {{ share('sum(markout_' ~ name ~ '_usd)', 'sum(markout_' ~ name ~ '_notional_usd)') }}
            as markout_{{ name }}_bps,
        {%- endfor %}
        {{ share('sum(option_effective_spread_usd)', 'sum(option_effective_spread_vega_usd)') }}
            as option_effective_spread_vol_points,
        {{ share('sum(option_markout_60s_usd)', 'sum(option_markout_60s_vega_usd)') }} as option_markout_60s_vol_points,
        {{ share('sum(option_markout_1h_usd)', 'sum(option_markout_1h_vega_usd)') }} as option_markout_1h_vol_points,
        sum(taker_markout_60s_order_count) as taker_order_count,
        sum(taker_markout_60s_notional_usd) as taker_notional_usd,
        count(taker_markout_60s_notional_usd) as taker_day_count,
        10000 * {{ share('sum(taker_markout_60s_usd)', 'sum(taker_markout_60s_notional_usd)') }} as taker_markout_bps,
        10000 * {{ share('sum(taker_markout_60s_fee_usd)', 'sum(taker_markout_60s_fee_notional_usd)') }}
            as taker_fee_bps
    from markout_days
    group by 1
),

-- The standard error of a ratio of sums from its residuals by day (linearised, clustered): fills of one order, and
-- windows of one day that overlap, are not independent.
residuals as (
    select
        markout_days.trader_id,
        cast(
            cast(markout_days.taker_markout_60s_usd as double)
            - totals.taker_markout_bps / 10000 * cast(markout_days.taker_markout_60s_notional_usd as double)
            as decimal(38, 6)
        ) as residual_usd
    from markout_days
    inner join totals on markout_days.trader_id = totals.trader_id
    where markout_days.taker_markout_60s_notional_usd is not null
),

squares as (
    select
        trader_id,
        count(*) / nullif(cast(count(*) - 1 as double), 0)
        * cast(sum(cast(cast(residual_usd as double) * cast(residual_usd as double) as decimal(38, 6))) as double)
            as squared_error_usd
    from residuals
    group by 1
),

errors as (
    select
        totals.*,
        1 / nullif(cast(totals.taker_day_count - 1 as double), 0) as inverse_freedom,
        case
            when totals.taker_day_count >= {{ var('toxicity_minimum_days') }}
                then 10000 * sqrt(squares.squared_error_usd) / cast(totals.taker_notional_usd as double)
        end as standard_error_bps
    from totals
    left join squares on totals.trader_id = squares.trader_id
),

-- The one-sided 95 % bound: Student's t from the normal 1.645 (Abramowitz and Stegun 26.7.5).
tested as (
    select
        errors.*,
        taker_markout_bps - standard_error_bps * (
            1.644854e0 + inverse_freedom * (1.523769e0 + inverse_freedom * (1.420203e0 + inverse_freedom * 0.983002e0))
        ) as lower_bound_bps
    from errors
),

final as (
    select
        trader_id,
        effective_spread_bps,
        realized_spread_bps,
        price_impact_bps,
        {%- for name in horizons %}
        markout_{{ name }}_bps * markout_{{ name }}_order_count / (markout_{{ name }}_order_count + {{ shrunk }})
            as markout_{{ name }}_bps,
        {%- endfor %}
        option_effective_spread_vol_points,
        option_markout_60s_vol_points,
        option_markout_1h_vol_points,
        taker_markout_bps / nullif(standard_error_bps, 0) as markout_60s_t_statistic,
        cast(case
            when taker_order_count < {{ var('toxicity_minimum_orders') }} or lower_bound_bps is null then null
            when taker_markout_bps > taker_fee_bps and lower_bound_bps > 0 then 1
            when taker_markout_bps <= taker_fee_bps or lower_bound_bps <= 0 then 0
        end as bigint) as is_toxic
    from tested
)

select * from final
