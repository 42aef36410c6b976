-- The last fill of anybody in an instrument on a day: its price, or of an option the volatility at which the venue
-- marked it then.
{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
with

fills as (
    select
        instrument_id,
        event_date,
        price,
        mark_iv,
        row_number() over (
            partition by instrument_id, event_date
            order by executed_at desc, fill_id desc
        ) as fill_rank
    from {{ ref('int_fills_valued') }}
    where (kind <> 'option' or mark_iv is not null) and {{ since_change('event_date') }}
),

final as (
    select
        instrument_id,
        event_date,
        price,
        mark_iv
    from fills
    where fill_rank = 1
)

select * from final
