-- A trader's part of the open interest at the end of each day with a position, and how it is spread.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'knows_as_of_date': true}},
) }}
with

positions as (
    select * from {{ ref('int_position_days') }}
    where {{ since_change('event_date') }}
),

open_interest as (
    select * from {{ ref('stg_open_interest') }}
),

-- Open interest counts one side, so of a trader's longs and shorts in two accounts the larger counts. Who has one
-- account has one position in an instrument: nothing to add up, for most traders.
several_accounts as (
    select trader_id from {{ ref('int_accounts') }}
    group by 1
    having count(*) > 1
),

added_up as (
    select
        positions.trader_id,
        positions.event_date,
        positions.instrument_id,
        positions.expires_at,
        greatest(
            sum(case when positions.quantity > 0 then positions.quantity else 0 end),
            sum(case when positions.quantity < 0 then -positions.quantity else 0 end)
        ) as held_quantity,
        sum(positions.notional_usd) as notional_usd
    from positions
    inner join several_accounts on positions.trader_id = several_accounts.trader_id
    group by 1, 2, 3, 4
),

instrument_days as (
    select * from added_up
    union all
    select
        positions.trader_id,
        positions.event_date,
        positions.instrument_id,
        positions.expires_at,
        abs(positions.quantity) as held_quantity,
        positions.notional_usd
    from positions
    left join several_accounts on positions.trader_id = several_accounts.trader_id
    where several_accounts.trader_id is null
),

shares as (
    select
        instrument_days.*,
        {{ share('instrument_days.held_quantity', 'open_interest.open_interest') }} as reported_share
    from instrument_days
    left join open_interest
        on instrument_days.instrument_id = open_interest.instrument_id
        and instrument_days.event_date = open_interest.snapshot_date
),

instrument_shares as (
    select
        *,
        case when reported_share > 1 then 1 else reported_share end as open_interest_share
    from shares
),

-- All that is asked of a day adds up over its expiries, so what is held is read once.
expiry_days as (
    select
        trader_id,
        event_date,
        expires_at,
        count(*) as instrument_count,
        count(open_interest_share) as known_share_count,
        sum(cast(open_interest_share as decimal(38, 12))) as open_interest_shares,
        sum(notional_usd) as notional_usd,
        max(notional_usd) as largest_notional_usd
    from instrument_shares
    group by 1, 2, 3
),

days as (
    select
        trader_id,
        event_date,
        cast(sum(instrument_count) as bigint) as instrument_count,
        cast(sum(known_share_count) as bigint) as known_share_count,
        sum(open_interest_shares) as open_interest_shares,
        sum(case when expires_at is not null then notional_usd end) as dated_notional_usd,
        {{ share('max(largest_notional_usd)', 'sum(notional_usd)') }} as largest_position_share
    from expiry_days
    group by 1, 2
),

concentrations as (
    select
        days.trader_id,
        days.event_date,
        cast(sum(cast(
            power({{ share('expiry_days.notional_usd', 'days.dated_notional_usd') }}, 2) as decimal(38, 12)
        )) as double) as expiry_concentration
    from days
    inner join expiry_days
        on days.trader_id = expiry_days.trader_id
        and days.event_date = expiry_days.event_date
    where expiry_days.expires_at is not null
    group by 1, 2
),

final as (
    select
        days.trader_id,
        days.event_date,
        days.instrument_count,
        days.known_share_count,
        days.open_interest_shares,
        days.largest_position_share,
        concentrations.expiry_concentration
    from days
    left join concentrations
        on days.trader_id = concentrations.trader_id
        and days.event_date = concentrations.event_date
)

select * from final
