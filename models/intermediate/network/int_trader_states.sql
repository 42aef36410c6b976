-- What a trader did in an underlying on a day: buy, sell, or both (Tumminello et al. 2012). A put that is bought sells
-- its underlying.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'knows_as_of_date': true}},
) }}
with

instrument_days as (
    select * from {{ ref('int_trader_instrument_days') }}
    where event_date <= {{ as_of_date() }} and {{ since_change('event_date') }}
),

directed as (
    select
        trader_id,
        underlying,
        event_date,
        notional_usd,
        case when option_type = 'put' then -net_notional_usd else net_notional_usd end as net_notional_usd
    from instrument_days
),

imbalances as (
    select
        trader_id,
        underlying,
        event_date,
        {{ share('sum(net_notional_usd)', 'sum(notional_usd)') }} as imbalance
    from directed
    group by 1, 2, 3
),

final as (
    select
        trader_id,
        underlying,
        event_date,
        imbalance,
        case
            when imbalance > {{ network_threshold('state_imbalance') }} then 'buy'
            when imbalance < -{{ network_threshold('state_imbalance') }} then 'sell'
            else 'buy-sell'
        end as state
    from imbalances
    where imbalance is not null
)

select * from final
