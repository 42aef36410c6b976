-- The best bid and ask of an instrument whenever the venue printed them: its quotes, and the book on order events.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'column': 'cast(quoted_at as date)'}},
) }}
with

quoted as (
    select
        instrument_id,
        quoted_at,
        bid,
        ask,
        'quote' as source_id
    from {{ ref('stg_quotes') }}
    where {{ since_change('cast(quoted_at as date)') }}
    union all
    select
        instrument_id,
        event_at as quoted_at,
        best_bid as bid,
        best_ask as ask,
        concat('event ', order_event_id) as source_id
    from {{ ref('stg_orders') }}
    where {{ since_change('cast(event_at as date)') }}
),

two_sided as (
    select
        instrument_id,
        quoted_at,
        cast(bid as double) as bid,
        cast(ask as double) as ask,
        source_id
    from quoted
    where bid > 0 and ask > bid
),

-- Of one instant a quote counts before an order event, and the event with the last id.
at_instants as (
    select
        instrument_id,
        quoted_at,
        max_by(bid, source_id) as bid,
        max_by(ask, source_id) as ask
    from two_sided
    group by 1, 2
),

final as (
    select
        instrument_id,
        quoted_at,
        bid,
        ask,
        (bid + ask) / 2 as mid_price
    from at_instants
)

select * from final
