-- A trader's part of the venue's open interest, and how concentrated it is.
with

trading as (
    select distinct trader_id from {{ ref('int_trader_instrument_days') }}
    where event_date <= {{ as_of_date() }} and kind is not null
),

open_interest_days as (
    {{ recent_days('int_trader_open_interest_days') }}
),

held as (
    select
        trader_id,
        count(*) as open_interest_days,
        {{ share('sum(open_interest_shares)', 'sum(known_share_count)') }} as open_interest_share,
        {{ share('sum(cast(expiry_concentration as decimal(38, 12)))', 'count(expiry_concentration)') }}
            as expiry_concentration,
        {{ share('sum(cast(largest_position_share as decimal(38, 12)))', 'count(largest_position_share)') }}
            as largest_position_share
    from open_interest_days
    group by 1
),

final as (
    select
        coalesce(trading.trader_id, held.trader_id) as trader_id,
        held.open_interest_share,
        coalesce(held.open_interest_days, 0) as open_interest_days,
        held.expiry_concentration,
        held.largest_position_share
    from trading
    full outer join held on trading.trader_id = held.trader_id
)

select * from final
