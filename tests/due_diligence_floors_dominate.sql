-- Every level is the override, or else that of the points, and never below the floor.
with

levels as (
    select
        level,
        strictness
    from {{ ref('due_diligence_levels') }}
),

ranked as (
    select
        decided.trader_id,
        levels.strictness,
        points_levels.strictness as points_strictness,
        overridden.strictness as override_strictness,
        floors.strictness as floor_strictness
    from {{ ref('trader_due_diligence') }} as decided
    left join levels on decided.level = levels.level
    left join levels as points_levels on decided.points_level = points_levels.level
    left join levels as overridden on decided.override_level = overridden.level
    left join levels as floors on decided.floor_level = floors.level
)

select * from ranked
where strictness is null
    or strictness <> greatest(coalesce(override_strictness, points_strictness), coalesce(floor_strictness, 0))
