-- The trade that each fill belongs to.
with

fills as (
    select * from {{ ref('int_fill_greeks') }}
),

legs as (
    select * from {{ ref('int_fill_legs') }}
),

final as (
    select
        fills.fill_id,
        fills.event_date,
        legs.leg_id,
        legs.group_id
    from fills
    inner join legs
        on fills.account_id = legs.account_id
        and fills.event_date = legs.event_date
        and fills.instrument_id = legs.instrument_id
        and fills.side = legs.side
        and coalesce(fills.order_id, fills.fill_id) = legs.leg_order_id
        and fills.combo_id is not distinct from legs.combo_id
        and fills.block_trade_id is not distinct from legs.block_trade_id
)

select * from final
