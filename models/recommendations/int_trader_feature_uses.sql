-- The features of the venue that each trader had used by the as-of date, and since when.
with

strategies as (
    select * from {{ ref('int_fill_strategies') }}
    where event_date <= {{ as_of_date() }}
),

order_days as (
    select * from {{ ref('int_trader_order_days') }}
    where event_date <= {{ as_of_date() }}
),

feature_days as (
    select
        trader_id,
        event_date,
        concat('strategy ', family) as feature
    from strategies
    where is_multi_leg and family not in ('outright', 'other')
    union all
    select
        trader_id,
        event_date,
        'settlement block' as feature
    from strategies
    where is_block
    union all
    select
        trader_id,
        event_date,
        'order post_only' as feature
    from order_days
    where post_only_insert_count > 0
    union all
    select
        trader_id,
        event_date,
        'channel api' as feature
    from order_days
    where api_insert_count > 0
),

final as (
    select
        trader_id,
        feature,
        min(event_date) as first_used_on,
        max(event_date) as last_used_on
    from feature_days
    group by 1, 2
)

select * from final
