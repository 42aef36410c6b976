-- Pairs of traders between whom money leads: an external address in common, or moves inside the venue. Who moved money
-- with many is a service, not a link.
with

addresses as (
    select * from {{ ref('int_shared_addresses') }}
    where is_link
),

transfers as (
    select
        trader_id,
        other_trader_id,
        count(*) over (partition by trader_id) as trader_count,
        count(*) over (partition by other_trader_id) as other_trader_count
    from {{ ref('int_internal_transfer_links') }}
),

final as (
    select distinct
        ours.trader_id,
        theirs.trader_id as other_trader_id
    from addresses as ours
    inner join addresses as theirs on ours.address = theirs.address and ours.trader_id < theirs.trader_id
    union
    select
        trader_id,
        other_trader_id
    from transfers
    where
        trader_id < other_trader_id
        and trader_count < {{ network_threshold('address_traders') }}
        and other_trader_count < {{ network_threshold('address_traders') }}
)

select * from final
