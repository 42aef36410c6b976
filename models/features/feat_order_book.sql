-- How a trader uses the order book: what is sent for each trade, how long and how near quotes rest, how fast.
with

order_days as (
    {{ recent_days('int_trader_order_days') }}
),

thresholds as (
    select
        max(case when scope = 'instrument' then messages_per_second * trading_seconds_per_day end)
            as instrument_messages,
        max(case when scope = 'venue' then messages_per_second * trading_seconds_per_day end) as venue_messages
    from {{ ref('message_rate_thresholds') }}
),

rated_days as (
    select
        order_days.*,
        case
            when order_days.message_count >= thresholds.venue_messages
                or order_days.instrument_message_count >= thresholds.instrument_messages
                then 1
            else 0
        end as is_high_message_rate
    from order_days
    cross join thresholds
),

totals as (
    select
        trader_id,
        cast(sum(insert_count) as bigint) as insert_count,
        sum(amend_count) as amend_count,
        sum(cancel_count) as cancel_count,
        sum(message_count) as message_count,
        sum(executed_order_count) as executed_order_count,
        {{ share('sum(inserted_notional_usd)', 'sum(filled_notional_usd)') }} - 1 as order_to_trade_volume_ratio,
        exp({{ share('sum(log_lifetime_seconds)', 'sum(removed_quote_count)') }}) as quote_lifetime_seconds,
        median(median_distance_to_touch_bps) as distance_to_touch_bps,
        {{ share('sum(post_only_insert_count)', 'sum(known_force_insert_count)') }} as post_only_share,
        {{ share('sum(api_insert_count)', 'sum(api_insert_count + web_insert_count + mobile_insert_count)') }}
            as api_share,
        {{ share('sum(message_count)', 'sum(message_hour_count)') }} as messages_per_active_hour,
        {{ share('sum(is_high_message_rate)', 'count(case when message_count > 0 then 1 end)') }}
            as high_message_rate_share
    from rated_days
    group by 1
),

bursts as (
    select
        trader_id,
        percentile_cont(0.95) within group (order by peak_second_message_count) as message_burst
    from rated_days
    where message_count > 0
    group by 1
),

final as (
    select
        totals.trader_id,
        totals.insert_count as inserted_order_count,
        -- without inserts the messages of its trades are not in the feed
        case
            when totals.insert_count > 0 then {{ share('totals.message_count', 'totals.executed_order_count') }} - 1
        end as order_to_trade_ratio,
        case when totals.insert_count > 0 then totals.order_to_trade_volume_ratio end as order_to_trade_volume_ratio,
        {{ share('totals.cancel_count', 'totals.insert_count') }} as cancel_ratio,
        {{ share('totals.amend_count', 'totals.insert_count') }} as amend_rate,
        totals.quote_lifetime_seconds,
        totals.distance_to_touch_bps,
        totals.post_only_share,
        totals.api_share,
        cast(bursts.message_burst as double) as message_burst,
        totals.messages_per_active_hour,
        totals.high_message_rate_share
    from totals
    left join bursts on totals.trader_id = bursts.trader_id
)

select * from final
