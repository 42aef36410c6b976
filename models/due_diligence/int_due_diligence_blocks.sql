-- Which services are closed to a trader, and why: by the state of the verification, the level, a hold, or evidence that
-- is missing.
with

blocks as (
    select * from {{ ref('service_blocks') }}
),

conditions as (
    select
        trader_id,
        'verification_status' as subject,
        verification_status as state
    from {{ ref('int_due_diligence_subjects') }}
    where verification_status is not null
    union all
    select
        trader_id,
        'level' as subject,
        level as state
    from {{ ref('int_due_diligence_levels') }}
    union all
    select distinct
        trader_id,
        'hold' as subject,
        'any' as state
    from {{ ref('int_due_diligence_hits') }}
    where is_hold
    union all
    select
        trader_id,
        'evidence' as subject,
        evidence as state
    from {{ ref('int_due_diligence_steps') }}
),

final as (
    select
        conditions.trader_id,
        blocks.service,
        blocks.subject,
        blocks.state
    from conditions
    inner join blocks on conditions.subject = blocks.subject and conditions.state = blocks.state
)

select * from final
