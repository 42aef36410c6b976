-- What is traded, as shares of the notional of the recent days: each kind of instrument, and `block`, agreed outside
-- the book.
with

fills as (
    select
        trader_id,
        coalesce(kind, 'unknown') as kind,
        block_trade_id is not null as is_block,
        notional_usd
    from {{ ref('int_fills_valued') }}
    where
        event_date <= {{ as_of_date() }}
        and {{ dbt.datediff('event_date', as_of_date(), 'day') }} < {{ due_diligence_threshold('transfer_days') }}
        and notional_usd is not null
),

totals as (
    select
        trader_id,
        sum(notional_usd) as notional_usd
    from fills
    group by 1
),

products as (
    select
        trader_id,
        kind as product,
        sum(notional_usd) as notional_usd
    from fills
    group by 1, 2
    union all
    select
        trader_id,
        'block' as product,
        sum(notional_usd) as notional_usd
    from fills
    where is_block
    group by 1
),

final as (
    select
        products.trader_id,
        {{ share('products.notional_usd', 'totals.notional_usd') }} as fact_value,
        products.product as detail
    from products
    inner join totals on products.trader_id = totals.trader_id
    where totals.notional_usd > 0
)

select * from final
