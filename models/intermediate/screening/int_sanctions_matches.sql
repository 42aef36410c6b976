{{ config(materialized='table', database='restricted') }}
-- Customers and listed entries that match by name or address, and whether a reviewer has cleared that: a clearing that
-- names matches these alone, another one of sanctions what was seen by its day. No names.
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
    select * from {{ ref('int_match_clearings') }}
    where match_kind = 'sanctions'
),

cleared as (
    select distinct matches.match_id
    from matches
    inner join clearings
        on matches.trader_id = clearings.trader_id
        and case
            when clearings.names_matches then clearings.note like '%' || matches.match_id || '%'
            else clearings.clears_kind and matches.first_seen_on <= cast(clearings.occurred_at as date)
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
