-- One hop away: traders with a listed wallet with whom one shares an address or moved money inside the venue.
with

listed as (
    select distinct trader_id from {{ ref('int_sanctions_matches') }}
    where subject = 'wallet' and not coalesce(is_cleared, false) and first_seen_on <= {{ as_of_date() }}
),

shared as (
    select * from {{ ref('int_shared_addresses') }}
    where is_link
),

links as (
    select
        ours.trader_id,
        theirs.trader_id as other_trader_id
    from shared as ours
    inner join shared as theirs on ours.address = theirs.address and ours.trader_id <> theirs.trader_id
    union
    select
        trader_id,
        other_trader_id
    from {{ ref('int_internal_transfer_links') }}
),

final as (
    select
        links.trader_id,
        count(*) as fact_value,
        cast(null as {{ type_string() }}) as detail
    from links
    inner join listed on links.other_trader_id = listed.trader_id
    group by links.trader_id
)

select * from final
