-- How a trader trades: resting or crossing, at what times, in bursts or evenly.
with

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

recent_days as (
    {{ recent_days('int_trader_days') }}
),

order_days as (
    {{ recent_days('int_trader_order_days') }}
),

totals as (
    select
        trader_id,
        {{ share('coalesce(sum(maker_notional_usd), 0)', 'sum(known_role_notional_usd)') }} as maker_share
    from trader_days
    group by 1
),

fills as (
    select
        trader_id,
        sum(fill_count) as fill_count,
        sum(maker_notional_usd) as maker_notional_usd,
        sum(known_role_notional_usd) as known_role_notional_usd,
        sum(liquidation_notional_usd) as liquidation_notional_usd,
        sum(known_liquidation_notional_usd) as known_liquidation_notional_usd,
        cast(sum(gap_count) as double) as gap_count,
        cast(sum(gap_seconds) as double) as gap_seconds,
        cast(sum(gap_seconds_squared) as double) as gap_seconds_squared,
        cast(sum(day_angle_cosine) as double) as day_angle_cosine,
        cast(sum(day_angle_sine) as double) as day_angle_sine
    from recent_days
    group by 1
),

gaps as (
    select
        fills.*,
        gap_seconds / nullif(gap_count, 0) as mean_gap,
        sqrt(greatest(
            gap_seconds_squared / nullif(gap_count, 0)
            - (gap_seconds / nullif(gap_count, 0)) * (gap_seconds / nullif(gap_count, 0)),
            0
        )) as gap_deviation
    from fills
),

orders as (
    select
        trader_id,
        {{ share('sum(aggressive_insert_count)', 'sum(known_insert_count)') }} as aggressive_share
    from order_days
    group by 1
),

final as (
    select
        coalesce(totals.trader_id, orders.trader_id) as trader_id,
        totals.maker_share,
        {{ share('coalesce(gaps.maker_notional_usd, 0)', 'gaps.known_role_notional_usd') }} as recent_maker_share,
        orders.aggressive_share,
        least(1, sqrt(
            gaps.day_angle_cosine * gaps.day_angle_cosine + gaps.day_angle_sine * gaps.day_angle_sine
        ) / gaps.fill_count) as time_of_day_regularity,
        -- Goh and Barabasi (2008): -1 clockwork, 0 Poisson, 1 bursts
        case
            when gaps.gap_count >= 2
                then (gaps.gap_deviation - gaps.mean_gap) / nullif(gaps.gap_deviation + gaps.mean_gap, 0)
        end as burstiness,
        {{ share('coalesce(gaps.liquidation_notional_usd, 0)', 'gaps.known_liquidation_notional_usd') }}
            as liquidation_share
    from totals
    left join gaps on totals.trader_id = gaps.trader_id
    full outer join orders on totals.trader_id = orders.trader_id
)

select * from final
