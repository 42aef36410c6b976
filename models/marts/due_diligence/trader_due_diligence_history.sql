-- The scoring dates on which something about a trader changed, from all of them.
with

history as (
    select
        *,
        concat_ws(
            '|',
            level,
            coalesce(verification_status, '-'),
            coalesce(override_level, '-'),
            factors,
            coalesce(required_steps, '-'),
            blocked_services,
            ruleset_version
        ) as state
    from {{ ref('int_due_diligence_history') }}
),

followed as (
    select
        *,
        lag(state) over (partition by trader_id order by as_of_date) as earlier_state,
        lag(level) over (partition by trader_id order by as_of_date) as previous_level
    from history
),

changes as (
    select
        *,
        lead(as_of_date) over (partition by trader_id order by as_of_date) as valid_to
    from followed
    where earlier_state is null or earlier_state <> state
),

final as (
    select
        trader_id,
        as_of_date as valid_from,
        valid_to,
        level,
        previous_level,
        verification_status,
        points,
        points_level,
        override_level,
        floor_level,
        floors,
        factors,
        hold_reason,
        required_steps,
        blocked_services,
        ruleset_version
    from changes
)

select * from final
