-- Choices with the attributes of what was chosen. An instrument that was not offered, so far as quotes tell, is left
-- out.
{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
with

choices as (
    select * from {{ ref('int_trader_choices') }}
    where {{ since_change('event_date') }}
),

offered as (
    select * from {{ ref('int_offered_instruments') }}
    where {{ since_change('cast(period_start as date)') }}
),

final as (
    select
        choices.trader_id,
        choices.event_date,
        choices.choice_count,
        choices.day_share,
        offered.*
    from choices
    inner join offered
        on choices.instrument_id = offered.instrument_id
        and choices.period_start = offered.period_start
)

select * from final
