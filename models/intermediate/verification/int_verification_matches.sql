{{ config(database='restricted') }}
-- Matches that the KYC provider reports and nobody has cleared since: a clearing does not clear what comes later.
with

events as (
    select * from {{ ref('int_verification_events') }}
),

kinds as (
    select
        event_type,
        match_kind
    from {{ ref('verification_event_types') }}
    where match_kind is not null
),

last_clearings as (
    select
        trader_id,
        match_kind,
        max(event_number) as event_number
    from {{ ref('int_match_clearings') }}
    where clears_kind
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
