{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
with

fills as (
    select * from {{ ref('int_fills_valued') }}
    where {{ since_change('event_date') }}
),

final as (
    select
        trader_id,
        instrument_id,
        kind,
        option_type,
        underlying,
        expires_at,
        count(*) as fill_count,
        sum(signed_quantity) as net_quantity,
        sum(case when side = 'buy' then signed_quantity else 0 end) as bought_quantity,
        sum(case when side = 'sell' then -signed_quantity else 0 end) as sold_quantity,
        sum(notional_usd) as notional_usd,
        sum(case when side = 'buy' then notional_usd else -notional_usd end) as net_notional_usd,
        sum(premium_usd) as premium_usd,
        sum(case when side = 'sell' then premium_usd end) as premium_sold_usd,
        sum(case when side = 'buy' and option_type = 'put' then premium_usd end) as put_premium_bought_usd,
        max(ingested_at) as last_ingested_at,
        event_date
    from fills
    group by trader_id, instrument_id, kind, option_type, underlying, expires_at, event_date
)

select * from final
