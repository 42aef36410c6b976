-- What one trader bought from another: fills of one instrument, moment, price and quantity on opposite sides, of which
-- not both were makers or both takers. Where several could have met, a match is shared out among them.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'column': 'week_start', 'days_before': 6, 'knows_as_of_date': true}},
) }}
with

fills as (
    select * from {{ ref('int_fills_valued') }}
    where
        event_date <= {{ as_of_date() }}
        and {{ since_change('event_date') }}
        and {{ since_change("cast(date_trunc('week', event_date) as date)") }}
),

sides as (
    select
        instrument_id,
        executed_at,
        price,
        abs(signed_quantity) as quantity,
        side,
        trader_id,
        underlying,
        coalesce(liquidity_role, 'unknown') as liquidity_role,
        max(notional_usd) as notional_usd,
        count(*) as fill_count
    from fills
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

totalled as (
    select
        sides.*,
        sum(fill_count) over (partition by instrument_id, executed_at, price, quantity, side) as side_fill_count
    from sides
),

matches as (
    select
        bought.trader_id as buyer_id,
        sold.trader_id as seller_id,
        bought.instrument_id,
        bought.underlying,
        cast(date_trunc('week', bought.executed_at) as date) as week_start,
        bought.quantity,
        coalesce(bought.notional_usd, sold.notional_usd) as notional_usd,
        cast(
            cast(bought.fill_count * sold.fill_count as double)
            / greatest(bought.side_fill_count, sold.side_fill_count) as {{ contract_type('decimal') }}
        ) as match_count
    from totalled as bought
    inner join totalled as sold
        on bought.instrument_id = sold.instrument_id
        and bought.executed_at = sold.executed_at
        and bought.price = sold.price
        and bought.quantity = sold.quantity
        and (bought.liquidity_role <> sold.liquidity_role or bought.liquidity_role = 'unknown')
    where bought.side = 'buy' and sold.side = 'sell'
),

final as (
    select
        buyer_id,
        seller_id,
        instrument_id,
        underlying,
        week_start,
        sum(match_count) as match_count,
        sum({{ decimal_product('quantity', 'match_count') }}) as quantity,
        sum({{ decimal_product('notional_usd', 'match_count') }}) as notional_usd
    from matches
    group by 1, 2, 3, 4, 5
)

select * from final
