{{ config(materialized='table') }}
-- Everybody who is known: customers of the as-of date, and who has sent papers but opened no account yet. Where the
-- venue hands over no KYC events, nothing is known of verification; where it does, who has none is unverified.
with

traders as (
    select trader_id from {{ ref('int_traders') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
    where opened_date <= {{ as_of_date() }}
),

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

events as (
    select * from {{ ref('int_verification_events') }}
),

event_types as (
    select * from {{ ref('verification_event_types') }}
),

states as (
    select * from {{ ref('int_verification_states') }}
),

handed_over as (
    select count(*) > 0 as is_known from events
),

beginnings as (
    select
        trader_id,
        cast(null as date) as started_on
    from traders
    union all
    select
        trader_id,
        min(opened_date) as started_on
    from accounts
    group by 1
    union all
    select
        trader_id,
        min(event_date) as started_on
    from trader_days
    group by 1
    union all
    select
        trader_id,
        min(cast(occurred_at as date)) as started_on
    from events
    group by 1
),

known as (
    select
        trader_id,
        min(started_on) as started_on
    from beginnings
    group by 1
),

reviews as (
    select
        events.trader_id,
        max(cast(events.occurred_at as date)) as reviewed_on
    from events
    inner join event_types on events.event_type = event_types.event_type
    where event_types.is_review
    group by 1
),

final as (
    select
        known.trader_id,
        known.started_on,
        reviews.reviewed_on,
        handed_over.is_known as is_verification_known,
        case when handed_over.is_known then coalesce(states.verification_status, 'unverified') end
            as verification_status,
        states.method,
        cast(coalesce(
            states.expires_at, case when states.verification_status = 'expired' then states.decided_at end
        ) as date) as identity_expires_on,
        coalesce(states.verification_status = 'verified', false) as is_identity_verified,
        coalesce(states.is_address_verified, false) as is_address_verified,
        coalesce(states.is_source_of_wealth_verified, false) as is_source_of_wealth_verified
    from known
    cross join handed_over
    left join states on known.trader_id = states.trader_id
    left join reviews on known.trader_id = reviews.trader_id
)

select * from final
