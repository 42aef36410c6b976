-- The life of each order as its events tell it by the as-of date. A table: the facts of the days on which an order
-- began, traded and ended all read it.
{{ config(materialized='table') }}
with

events as (
    select * from {{ ref('stg_orders') }}
    where cast(event_at as date) <= {{ as_of_date() }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

orders as (
    select
        account_id,
        order_id,
        min(instrument_id) as instrument_id,
        min(side) as side,
        min(order_type) as order_type,
        min(time_in_force) as time_in_force,
        min(case when event_type = 'insert' then event_at end) as inserted_at,
        min(case when event_type = 'insert' then price end) as limit_price,
        min(case when event_type = 'insert' then best_bid end) as best_bid,
        min(case when event_type = 'insert' then best_ask end) as best_ask,
        min(case when event_type = 'fill' then event_at end) as first_filled_at,
        max(case when event_type = 'fill' then event_at end) as last_filled_at,
        min(case when event_type = 'cancel' then event_at end) as cancelled_at,
        min(case when event_type = 'expire' then event_at end) as expired_at,
        min(case when event_type = 'reject' then event_at end) as rejected_at,
        count(case when event_type = 'amend' then 1 end) as amend_count,
        count(case when event_type = 'fill' then 1 end) as fill_count,
        max(case when event_type in ('insert', 'amend') then quantity end) as quantity,
        coalesce(sum(case when event_type = 'fill' then quantity end), 0) as filled_quantity
    from events
    group by 1, 2
),

ended as (
    select
        orders.*,
        case
            when cancelled_at is not null then 'cancel'
            when expired_at is not null then 'expire'
            when filled_quantity >= quantity then 'fill'
            -- a rejected amendment leaves its order in the book
            when rejected_at is not null and fill_count = 0 and amend_count = 0 then 'reject'
        end as end_event,
        -- what says neither type nor time in force is taken as a limit order that may rest
        coalesce(order_type, 'limit') = 'limit' and coalesce(time_in_force, 'gtc') not in ('ioc', 'fok') as is_resting
    from orders
),

timed as (
    select
        ended.*,
        case end_event
            when 'cancel' then cancelled_at
            when 'expire' then expired_at
            when 'fill' then last_filled_at
            when 'reject' then rejected_at
        end as ended_at,
        case side when 'buy' then best_bid - limit_price else limit_price - best_ask end as price_behind_touch
    from ended
),

final as (
    select
        timed.account_id,
        timed.order_id,
        coalesce(accounts.trader_id, timed.account_id) as trader_id,
        timed.instrument_id,
        timed.side,
        timed.order_type,
        timed.time_in_force,
        timed.is_resting,
        timed.inserted_at,
        timed.first_filled_at,
        timed.ended_at,
        timed.end_event,
        timed.amend_count,
        timed.fill_count,
        timed.quantity,
        timed.filled_quantity,
        timed.limit_price,
        case
            when timed.is_resting and timed.best_bid > 0 and timed.best_ask > timed.best_bid
                then 20000 * cast(timed.price_behind_touch as double) / cast(timed.best_bid + timed.best_ask as double)
        end as distance_to_touch_bps,
        case
            when timed.ended_at >= timed.inserted_at
                then {{ seconds_between('timed.inserted_at', 'timed.ended_at') }}
        end as lifetime_seconds
    from timed
    left join accounts on timed.account_id = accounts.account_id
)

select * from final
