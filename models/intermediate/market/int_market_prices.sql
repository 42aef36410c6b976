-- Prices and implied volatilities of assets by time: the index prices, else the index printed on the fills of an asset.
{{ config(materialized='table') }}
with

fills as (
    select * from {{ ref('stg_fills') }}
    where index_price is not null
),

instruments as (
    select * from {{ ref('stg_instruments') }}
),

index_prices as (
    select
        upper(asset) as asset,
        priced_at,
        max(price_usd) as price_usd,
        max(implied_volatility) as implied_volatility
    from {{ ref('stg_index_prices') }}
    group by 1, 2
),

indexed_assets as (
    select distinct asset from index_prices
),

printed_prices as (
    select
        upper(coalesce(instruments.underlying, fills.instrument_id)) as asset,
        fills.executed_at as priced_at,
        max(fills.index_price) as price_usd,
        cast(null as {{ contract_type('decimal') }}) as implied_volatility
    from fills
    left join instruments on fills.instrument_id = instruments.instrument_id
    group by 1, 2
),

final as (
    select * from index_prices
    union all
    select printed_prices.*
    from printed_prices
    left join indexed_assets on printed_prices.asset = indexed_assets.asset
    where indexed_assets.asset is null
)

select * from final
