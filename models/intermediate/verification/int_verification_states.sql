{{ config(database='restricted') }}
-- Where each trader's verification stands. The latest decision counts until its evidence expires; who has submitted
-- again since a rejection or expiry is pending, and who renews while verified stays verified. What rests on an
-- attestation alone is evidence, and no decision.
with

events as (
    select
        *,
        case when event_type = 'identity_verified' and method = 'attestation' then null else event_type end as step
    from {{ ref('int_verification_events') }}
),

latest as (
    select
        trader_id,
        max(case
            when step in ('identity_verified', 'identity_rejected', 'document_expired') then event_number
        end) as decision_number,
        max(case when event_type = 'identity_submitted' then event_number end) as submission_number,
        max(case when event_type = 'address_verified' then event_number end) as address_number,
        max(case when event_type = 'source_of_wealth_verified' then event_number end) as wealth_number,
        min(case when event_type = 'identity_submitted' then occurred_at end) as first_submitted_at
    from events
    group by 1
),

-- What is verified without a submission on record took no time that anybody knows.
first_verified as (
    select
        events.trader_id,
        min(events.occurred_at) as first_verified_at
    from events
    inner join latest on events.trader_id = latest.trader_id
    where events.step = 'identity_verified' and events.occurred_at >= latest.first_submitted_at
    group by 1
),

states as (
    select
        latest.trader_id,
        latest.first_submitted_at,
        decisions.event_type as decision,
        decisions.occurred_at as decided_at,
        decisions.method,
        decisions.expires_at,
        decisions.event_type = 'document_expired' or coalesce(decisions.is_expired, false) as is_expired,
        latest.submission_number > coalesce(latest.decision_number, 0) as is_submitted_since,
        coalesce(not addresses.is_expired, false) as is_address_verified,
        coalesce(not wealth.is_expired, false) as is_source_of_wealth_verified
    from latest
    left join events as decisions
        on latest.trader_id = decisions.trader_id and latest.decision_number = decisions.event_number
    left join events as addresses
        on latest.trader_id = addresses.trader_id and latest.address_number = addresses.event_number
    left join events as wealth
        on latest.trader_id = wealth.trader_id and latest.wealth_number = wealth.event_number
),

final as (
    select
        states.trader_id,
        case
            when states.decision = 'identity_verified' and not states.is_expired then 'verified'
            when states.is_submitted_since then 'pending'
            when states.decision = 'identity_rejected' then 'rejected'
            when states.decision is not null then 'expired'
            else 'unverified'
        end as verification_status,
        states.decided_at,
        case when states.decision = 'identity_verified' then states.method end as method,
        case when states.decision = 'identity_verified' then states.expires_at end as expires_at,
        states.is_address_verified,
        states.is_source_of_wealth_verified,
        states.first_submitted_at,
        first_verified.first_verified_at,
        {{ seconds_between('states.first_submitted_at', 'first_verified.first_verified_at') }} / 3600.0
            as hours_to_verify
    from states
    left join first_verified on states.trader_id = first_verified.trader_id
)

select * from final
