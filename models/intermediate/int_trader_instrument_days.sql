{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='event_date',
    on_schema_change='append_new_columns',
    post_hook='{{ delete_dates_without_fills() }}',
) }}

-- depends_on: {{ ref('stg_fills') }}
with

fills as (
    select * from {{ ref('int_fills_valued') }}
    {% if is_incremental() %}
    where event_date in (
        {{ changed_dates(
            ref('int_fills_valued'),
            this,
            grain=['trader_id', 'instrument_id', 'kind', 'option_type', 'underlying', 'expires_at', 'event_date'],
            sums={
                'stored.fill_count': '1',
                'stored.net_quantity': 'signed_quantity',
                'stored.notional_usd': 'notional_usd',
                'stored.premium_usd': 'premium_usd',
            },
        ) }}
    )
    {% endif %}
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
