-- Currencies that fills are counted in and that have no dollar price: what is in them is NULL in every dollar column.
with

fills as (
    select * from {{ ref('int_fills_valued') }}
    where unpriced_currency is not null
),

final as (
    select
        unpriced_currency as currency,
        count(*) as fill_count,
        min(event_date) as first_event_date,
        max(event_date) as last_event_date
    from fills
    group by 1
)

select * from final
