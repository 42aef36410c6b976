{{ config(database='restricted') }}
-- The latest attestation of each issuer about a trader: evidence, never due diligence by itself.
with

events as (
    select
        *,
        coalesce(issuer, 'unknown') as attested_by
    from {{ ref('int_verification_events') }}
    where event_type in ('attestation_issued', 'attestation_revoked')
),

latest as (
    select
        trader_id,
        attested_by,
        max(case when event_type = 'attestation_issued' then event_number end) as issue_number,
        max(case when event_type = 'attestation_revoked' then event_number end) as revocation_number
    from events
    group by 1, 2
),

final as (
    select
        events.trader_id,
        events.attested_by as issuer,
        events.occurred_at as issued_at,
        events.expires_at,
        coalesce(latest.revocation_number > latest.issue_number, false) as is_revoked,
        events.is_expired,
        not events.is_expired and not coalesce(latest.revocation_number > latest.issue_number, false) as is_valid
    from events
    inner join latest
        on events.trader_id = latest.trader_id
        and events.attested_by = latest.attested_by
        and events.event_number = latest.issue_number
)

select * from final
