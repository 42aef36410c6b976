-- In which states of the market a trader trades.
with

timing_days as (
    {{ recent_days('int_trader_timing_days') }}
),

-- Day of the week from a Monday, because engines number weekdays differently.
weekdays as (
    select
        timing_days.*,
        mod({{ dbt.datediff("cast('1900-01-01' as date)", 'event_date', 'day') }}, 7) >= 5 as is_weekend
    from timing_days
),

final as (
    select
        trader_id,
        {{ share('sum(coalesce(high_volatility_notional_usd, 0))', 'sum(known_volatility_notional_usd)') }}
            as high_volatility_share,
        {{ share('sum(coalesce(before_expiry_notional_usd, 0))', 'sum(known_kind_notional_usd)') }}
            as before_expiry_share,
        {{ share('sum(case when is_weekend then notional_usd else 0 end)', 'sum(notional_usd)') }} as weekend_share,
        {{ share('sum(coalesce(reaction_notional_usd, 0))', 'sum(known_move_notional_usd)') }} as reaction_share,
        {{ share('sum(reaction_net_delta_usd)', 'sum(reaction_gross_delta_usd)') }} as reaction_direction,
        case when sum(known_move_notional_usd) is not null then cast(sum(reaction_fill_count) as bigint) end
            as reaction_fill_count
    from weekdays
    group by 1
)

select * from final
