{{ config(database='restricted') }}
-- The level that a reviewer has set and that still holds: not lifted since, not expired. A note that names no level is
-- taken for the cautious one, since a reviewer had a reason.
with

events as (
    select * from {{ ref('int_verification_events') }}
    where event_type in ('override_set', 'override_lifted')
),

levels as (
    select
        level,
        strictness
    from {{ ref('due_diligence_levels') }}
),

latest as (
    select
        trader_id,
        max(event_number) as event_number
    from events
    group by 1
),

held as (
    select events.*
    from events
    inner join latest on events.trader_id = latest.trader_id and events.event_number = latest.event_number
    where events.event_type = 'override_set' and not events.is_expired
),

-- Of several levels in a note the strictest.
named as (
    select
        held.trader_id,
        max(levels.strictness) as strictness
    from held
    inner join levels on lower(held.note) like '%' || levels.level || '%'
    group by 1
),

final as (
    select
        held.trader_id,
        coalesce(levels.level, '{{ var("override_level") }}') as level,
        held.occurred_at as set_at,
        held.expires_at
    from held
    left join named on held.trader_id = named.trader_id
    left join levels on named.strictness = levels.strictness
)

select * from final
