{{ config(database='restricted') }}
-- What a clearing clears. A note that names kinds of matches (pep, sanctions, adverse media) clears these kinds, one
-- that names matches of our own screening (SM-) these matches and no kind, any other every kind.
with

kinds as (
    select
        match_kind,
        match_words
    from {{ ref('verification_event_types') }}
    where match_kind is not null
),

clearings as (
    select
        events.event_id,
        events.trader_id,
        events.event_number,
        events.occurred_at,
        events.note,
        kinds.match_kind,
        coalesce(
            lower(replace(replace(events.note, '_', ' '), '-', ' ')) like '%' || kinds.match_words || '%', false
        ) as is_named,
        coalesce(events.note like '%SM-%', false) as names_matches
    from {{ ref('int_verification_events') }} as events
    cross join kinds
    where events.event_type = 'match_cleared'
),

final as (
    select
        event_id,
        match_kind,
        trader_id,
        event_number,
        occurred_at,
        note,
        names_matches,
        is_named
        or (not names_matches and max(case when is_named then 1 else 0 end) over (partition by event_id) = 0)
            as clears_kind
    from clearings
)

select * from final
