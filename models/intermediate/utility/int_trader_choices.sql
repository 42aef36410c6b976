-- What each trader chose in each period of a day: the orders that opened or enlarged a position. To close one is no
-- choice of an instrument, and a liquidation no choice at all.
{{ config(materialized='table') }}
with

fills as (
    select * from {{ ref('int_fills_valued') }}
    where kind is not null
),

positions as (
    select
        fills.*,
        sum(signed_quantity) over (
            partition by account_id, instrument_id
            order by executed_at, fill_id
            rows between unbounded preceding and current row
        ) as position
    from fills
),

-- Where orders are not known, an hour of one instrument is one order.
orders as (
    select
        trader_id,
        instrument_id,
        kind,
        underlying,
        min(executed_at) as chosen_at
    from positions
    where abs(position) > abs(position - signed_quantity) and not coalesce(is_liquidation, false)
    group by
        trader_id,
        instrument_id,
        kind,
        underlying,
        order_id,
        case when order_id is null then date_trunc('hour', executed_at) end
),

periods as (
    select
        trader_id,
        instrument_id,
        kind,
        upper(underlying) as underlying,
        {{ choice_period('chosen_at') }} as period_start,
        cast(chosen_at as date) as event_date,
        count(*) as choice_count
    from orders
    group by 1, 2, 3, 4, 5, 6
),

final as (
    select
        periods.*,
        cast({{ share(
            'choice_count',
            'sum(choice_count) over (partition by trader_id, event_date)',
        ) }} as decimal(18, 12)) as day_share
    from periods
)

select * from final
