-- What each trader chose in each period of a day: the orders that opened or enlarged a position. To close one is no
-- choice of an instrument, and a liquidation no choice at all.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'whole': true}},
) }}
{%- set first_date = first_date_of_open_orders(ref('int_fills_valued')) %}
with

fills as (
    select * from {{ ref('int_fills_valued') }}
    where kind is not null
    {%- if first_date is not none %}
        and event_date >= cast('{{ first_date }}' as date)
    {%- endif %}
),

{% if first_date is not none -%}
held_before as (
    select
        account_id,
        instrument_id,
        sum(signed_quantity) as quantity
    from {{ ref('int_fills_valued') }}
    where kind is not null and event_date < cast('{{ first_date }}' as date)
    group by 1, 2
),
{%- else -%}
held_before as (
    select
        account_id,
        instrument_id,
        signed_quantity as quantity
    from fills
    where 1 = 0
),
{%- endif %}

positions as (
    select
        fills.*,
        coalesce(held_before.quantity, 0) + sum(fills.signed_quantity) over (
            partition by fills.account_id, fills.instrument_id
            order by fills.executed_at, fills.fill_id
            rows between unbounded preceding and current row
        ) as position
    from fills
    left join held_before
        on fills.account_id = held_before.account_id
        and fills.instrument_id = held_before.instrument_id
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
    where {{ since_change('cast(chosen_at as date)') }}
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
