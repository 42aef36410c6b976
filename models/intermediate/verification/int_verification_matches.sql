{{ config(database='restricted') }}
-- Matches that the KYC provider reports and nobody has cleared since. A clearing whose note names a kind (pep, sanctions,
-- adverse media) clears that kind, one that names matches of our own screening (SM-) clears none of these, any other
-- clears all; it does not clear what comes later.
with

events as (
    select * from {{ ref('int_verification_events') }}
),

kinds as (
    select
        event_type,
        match_kind,
        match_words
    from {{ ref('verification_event_types') }}
    where match_kind is not null
),

clearings as (
    select
        events.trader_id,
        events.event_number,
        kinds.match_kind,
        coalesce(
            lower(replace(replace(events.note, '_', ' '), '-', ' ')) like '%' || kinds.match_words || '%', false
        ) as is_named,
        coalesce(events.note like '%SM-%', false) as is_of_screening
    from events
    cross join kinds
    where events.event_type = 'match_cleared'
),

named as (
    select
        trader_id,
        event_number,
        max(case when is_named then 1 else 0 end) as names_a_kind
    from clearings
    group by 1, 2
),

last_clearings as (
    select
        clearings.trader_id,
        clearings.match_kind,
        max(clearings.event_number) as event_number
    from clearings
    inner join named
        on clearings.trader_id = named.trader_id
        and clearings.event_number = named.event_number
    where clearings.is_named or (named.names_a_kind = 0 and not clearings.is_of_screening)
    group by 1, 2
),

final as (
    select
        events.trader_id,
        kinds.match_kind,
        min(events.occurred_at) as open_since,
        count(*) as open_matches
    from events
    inner join kinds on events.event_type = kinds.event_type
    left join last_clearings
        on events.trader_id = last_clearings.trader_id
        and kinds.match_kind = last_clearings.match_kind
    where events.event_number > coalesce(last_clearings.event_number, 0)
    group by 1, 2
)

select * from final
