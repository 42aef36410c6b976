{{ config(materialized='table', database='restricted') }}
-- KYC events up to the end of the as-of date, in the order in which they count: by time; of one moment the stricter
-- last, so that contradictions have one outcome whatever the order of arrival.
with

events as (
    select * from {{ ref('stg_verification_events') }}
    where cast(occurred_at as date) <= {{ as_of_date() }}
),

strictness as (
    select
        event_type,
        strictness
    from {{ ref('verification_event_types') }}
),

final as (
    select
        events.event_id,
        events.trader_id,
        events.event_type,
        events.occurred_at,
        events.issuer,
        events.method,
        events.expires_at,
        events.note,
        events.expires_at is not null
        and events.expires_at < cast({{ dbt.dateadd('day', 1, as_of_date()) }} as timestamp) as is_expired,
        row_number() over (
            partition by events.trader_id
            order by events.occurred_at, strictness.strictness, events.event_id
        ) as event_number
    from events
    inner join strictness on events.event_type = strictness.event_type
)

select * from final
