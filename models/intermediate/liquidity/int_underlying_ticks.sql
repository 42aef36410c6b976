-- The price of an underlying whenever the venue printed it: on fills and in its index.
with

printed as (
    select
        upper(underlying) as underlying,
        executed_at as priced_at,
        event_date,
        index_price as price_usd
    from {{ ref('int_fills_valued') }}
    where index_price > 0
    union all
    select
        upper(asset) as underlying,
        priced_at,
        cast(priced_at as date) as event_date,
        price_usd
    from {{ ref('stg_index_prices') }}
    where price_usd > 0
),

final as (
    select
        underlying,
        priced_at,
        event_date,
        cast(max(price_usd) as double) as tick_price_usd
    from printed
    group by 1, 2, 3
)

select * from final
