-- What a trader sent to the venue on a day and what became of it. A table: two feature groups read it.
{{ config(materialized='table') }}
{%- set counts = [
    'insert_count', 'amend_count', 'cancel_count', 'fill_count', 'reject_count', 'expire_count', 'message_count',
    'known_insert_count', 'aggressive_insert_count', 'known_force_insert_count', 'post_only_insert_count',
    'api_insert_count', 'web_insert_count', 'mobile_insert_count',
] %}
with

instrument_days as (
    select * from {{ ref('int_trader_instrument_order_days') }}
),

messages as (
    select
        coalesce(accounts.trader_id, orders.account_id) as trader_id,
        date_trunc('second', orders.event_at) as message_second,
        count(*) as message_count
    from {{ ref('stg_orders') }} as orders
    left join {{ ref('int_accounts') }} as accounts on orders.account_id = accounts.account_id
    where orders.event_type in ('insert', 'amend', 'cancel')
    group by 1, 2
),

orders as (
    select * from {{ ref('int_order_lifetimes') }}
),

sent as (
    select
        trader_id,
        event_date,
        {%- for count in counts %}
        cast(sum({{ count }}) as bigint) as {{ count }},
        {%- endfor %}
        max(message_count) as instrument_message_count,
        sum(inserted_notional_usd) as inserted_notional_usd,
        sum(filled_notional_usd) as filled_notional_usd
    from instrument_days
    group by 1, 2
),

rates as (
    select
        trader_id,
        cast(message_second as date) as event_date,
        max(message_count) as peak_second_message_count,
        count(distinct date_trunc('hour', message_second)) as message_hour_count
    from messages
    group by 1, 2
),

placed as (
    select
        trader_id,
        cast(inserted_at as date) as event_date,
        median(distance_to_touch_bps) as median_distance_to_touch_bps
    from orders
    where distance_to_touch_bps is not null
    group by 1, 2
),

executed as (
    select
        trader_id,
        cast(first_filled_at as date) as event_date,
        count(*) as executed_order_count
    from orders
    where first_filled_at is not null
    group by 1, 2
),

-- Quotes that left the book as they came; a lifetime counts on the day it ended. Most clocks show a millisecond.
removed as (
    select
        trader_id,
        cast(ended_at as date) as event_date,
        count(*) as removed_quote_count,
        sum(cast(ln(cast(greatest(lifetime_seconds, 0.001) as double)) as decimal(18, 12))) as log_lifetime_seconds
    from orders
    where is_resting and fill_count = 0 and end_event in ('cancel', 'expire') and lifetime_seconds is not null
    group by 1, 2
),

final as (
    select
        sent.*,
        coalesce(rates.peak_second_message_count, 0) as peak_second_message_count,
        coalesce(rates.message_hour_count, 0) as message_hour_count,
        coalesce(executed.executed_order_count, 0) as executed_order_count,
        placed.median_distance_to_touch_bps,
        coalesce(removed.removed_quote_count, 0) as removed_quote_count,
        removed.log_lifetime_seconds
    from sent
    left join rates on sent.trader_id = rates.trader_id and sent.event_date = rates.event_date
    left join executed on sent.trader_id = executed.trader_id and sent.event_date = executed.event_date
    left join placed on sent.trader_id = placed.trader_id and sent.event_date = placed.event_date
    left join removed on sent.trader_id = removed.trader_id and sent.event_date = removed.event_date
)

select * from final
