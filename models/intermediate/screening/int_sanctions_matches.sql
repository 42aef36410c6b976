{{ config(materialized='table', database='restricted') }}
-- Customers and listed entries that match by name or address, and whether a reviewer has cleared that. A clearing whose
-- note holds ids of matches clears these; any other, unless it speaks of another kind of match alone, what was seen by
-- its day. No names.
with

matches as (
    select
        trader_id,
        subject,
        match_id,
        list_name,
        entry_id,
        score,
        least(cast(first_seen_on as date), {{ as_of_date() }}) as first_seen_on
    from {{ ref('sanctions_screening') }}
    where match_id is not null
),

clearings as (
    select
        trader_id,
        note,
        cast(occurred_at as date) as cleared_on,
        coalesce(note like '%SM-%', false) as names_matches,
        coalesce(lower(note) like '%sanction%', true)
        or not (lower(note) like '%pep%' or lower(note) like '%adverse%') as is_of_sanctions
    from {{ ref('stg_verification_events') }}
    where event_type = 'match_cleared' and cast(occurred_at as date) <= {{ as_of_date() }}
),

cleared as (
    select distinct matches.match_id
    from matches
    inner join clearings
        on matches.trader_id = clearings.trader_id
        and case
            when clearings.names_matches then clearings.note like '%' || matches.match_id || '%'
            else clearings.is_of_sanctions and matches.first_seen_on <= clearings.cleared_on
        end
),

final as (
    select
        matches.trader_id,
        matches.subject,
        matches.list_name,
        matches.entry_id,
        max(matches.score) as score,
        count(cleared.match_id) = count(*) as is_cleared,
        min(matches.first_seen_on) as first_seen_on
    from matches
    left join cleared on matches.match_id = cleared.match_id
    group by 1, 2, 3, 4
)

select * from final
