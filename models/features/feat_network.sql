-- With whom a trader is linked: by doing the same or the opposite, by trading with each other, by common money.
with

traders as (
    select * from {{ ref('int_traders') }}
),

links as (
    select
        trader_id,
        count(distinct case when is_same_side then other_trader_id end) as same_side_links,
        count(distinct case when not is_same_side then other_trader_id end) as opposite_side_links
    from {{ ref('int_trader_links') }}
    group by 1
),

wash_pairs as (
    select trader_id, own_share from {{ ref('int_wash_trade_pairs') }}
    union all
    select other_trader_id as trader_id, other_own_share as own_share from {{ ref('int_wash_trade_pairs') }}
    where not is_same_trader
),

wash_trades as (
    select
        trader_id,
        count(*) as wash_trade_pairs,
        least(cast(sum(cast(own_share as decimal(38, 12))) as double), 1) as wash_trade_share
    from wash_pairs
    group by 1
),

shared_addresses as (
    select
        ours.trader_id,
        count(distinct theirs.trader_id) as shared_address_traders
    from {{ ref('int_shared_addresses') }} as ours
    inner join {{ ref('int_shared_addresses') }} as theirs
        on ours.address = theirs.address and ours.trader_id <> theirs.trader_id
    where ours.is_link and theirs.is_link
    group by 1
),

internal_transfers as (
    select
        trader_id,
        count(*) as internal_transfer_traders
    from {{ ref('int_internal_transfer_links') }}
    group by 1
),

active as (
    select
        trader_id,
        sum(notional_usd) as notional_usd
    from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
    group by 1
),

-- Where no transfer names its other side, nobody can be said to be linked to nobody.
known as (
    select
        count(case when kind <> 'internal' and not {{ is_blank('counterparty_address') }} then 1 end) as addresses,
        count(case when not {{ is_blank('counterparty_account_id') }} then 1 end) as counterparties
    from {{ ref('stg_transfers') }}
    where cast(occurred_at as date) <= {{ as_of_date() }}
),

final as (
    select
        traders.trader_id,
        coalesce(links.same_side_links, 0) as same_side_links,
        coalesce(links.opposite_side_links, 0) as opposite_side_links,
        coalesce(wash_trades.wash_trade_pairs, 0) as wash_trade_pairs,
        case when active.notional_usd > 0 then coalesce(wash_trades.wash_trade_share, 0) end as wash_trade_share,
        case when known.addresses > 0 then coalesce(shared_addresses.shared_address_traders, 0) end
            as shared_address_traders,
        case when known.counterparties > 0 then coalesce(internal_transfers.internal_transfer_traders, 0) end
            as internal_transfer_traders
    from traders
    cross join known
    left join links on traders.trader_id = links.trader_id
    left join wash_trades on traders.trader_id = wash_trades.trader_id
    left join shared_addresses on traders.trader_id = shared_addresses.trader_id
    left join internal_transfers on traders.trader_id = internal_transfers.trader_id
    left join active on traders.trader_id = active.trader_id
)

select * from final
