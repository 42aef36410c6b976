with

history as (
    select * from {{ ref('int_due_diligence_history') }}
    where as_of_date = {{ as_of_date() }}
),

final as (
    select
        trader_id,
        as_of_date,
        level,
        verification_status,
        points,
        points_level,
        override_level,
        floor_level,
        floors,
        factors,
        reviewed_on,
        next_review_due_on,
        is_overdue,
        hold_reason,
        required_steps,
        blocked_services,
        has_valid_attestation,
        ruleset_version
    from history
)

select * from final
