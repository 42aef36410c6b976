{{ config(materialized='table') }}
-- The level of each trader: that of the sum of points, or what a reviewer has set instead, but never below a floor.
with

traders as (
    select trader_id from {{ ref('int_due_diligence_subjects') }}
),

hits as (
    select * from {{ ref('int_due_diligence_hits') }}
),

overrides as (
    select * from {{ ref('int_due_diligence_overrides') }}
),

levels as (
    select
        level,
        strictness,
        points_from
    from {{ ref('due_diligence_levels') }}
),

summed as (
    select
        traders.trader_id,
        cast(coalesce(sum(hits.points), 0) as bigint) as points,
        max(floors.strictness) as floor_strictness
    from traders
    left join hits on traders.trader_id = hits.trader_id
    left join levels as floors on hits.floor = floors.level
    group by 1
),

pointed as (
    select
        summed.trader_id,
        max(levels.strictness) as points_strictness
    from summed
    inner join levels on summed.points >= levels.points_from
    group by 1
),

decided as (
    select
        summed.trader_id,
        summed.points,
        summed.floor_strictness,
        pointed.points_strictness,
        overridden.level as override_level,
        greatest(
            coalesce(overridden.strictness, pointed.points_strictness),
            coalesce(summed.floor_strictness, 0)
        ) as strictness
    from summed
    inner join pointed on summed.trader_id = pointed.trader_id
    left join overrides on summed.trader_id = overrides.trader_id
    left join levels as overridden on overrides.level = overridden.level
),

final as (
    select
        decided.trader_id,
        decided.points,
        points_levels.level as points_level,
        decided.override_level,
        floors.level as floor_level,
        levels.level
    from decided
    inner join levels on decided.strictness = levels.strictness
    inner join levels as points_levels on decided.points_strictness = points_levels.strictness
    left join levels as floors on decided.floor_strictness = floors.strictness
)

select * from final
