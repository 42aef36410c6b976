{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='as_of_date',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}
-- What was decided about each trader on each scoring date, by which rules, from which facts. The date that is built
-- replaces its rows, the others stay as they were said.
with

subjects as (
    select * from {{ ref('int_due_diligence_subjects') }}
),

levels as (
    select * from {{ ref('int_due_diligence_levels') }}
),

reviews as (
    select * from {{ ref('int_due_diligence_reviews') }}
),

ruleset as (
    select max(ruleset_version) as ruleset_version from {{ ref('int_due_diligence_rules') }}
),

attested as (
    select distinct trader_id from {{ ref('int_attestations') }}
    where is_valid
),

reasons as (
    select * from {{ ref('int_due_diligence_reasons') }}
),

steps as (
    select
        trader_id,
        {{ joined_text('evidence', ', ') }} as required_steps
    from {{ ref('int_due_diligence_steps') }}
    group by 1
),

blocked as (
    select distinct
        trader_id,
        service
    from {{ ref('int_due_diligence_blocks') }}
),

blocks as (
    select
        trader_id,
        {{ joined_text('service', ', ') }} as blocked_services
    from blocked
    group by 1
),

entries as (
    select
        trader_id,
        concat(
            '{"fact": "', fact, '", "value": ',
            cast(cast(fact_value as decimal(24, 6)) as {{ type_string() }}),
            case when detail is null then '' else concat(', "detail": "', detail, '"') end, '}'
        ) as entry
    from {{ ref('int_due_diligence_facts') }}
),

facts as (
    select
        trader_id,
        {{ joined_text('entry', ', ') }} as entries
    from entries
    group by 1
),

final as (
    select
        subjects.trader_id,
        levels.level,
        subjects.verification_status,
        levels.points,
        levels.points_level,
        levels.override_level,
        levels.floor_level,
        coalesce(reasons.floors, '[]') as floors,
        coalesce(reasons.factors, '[]') as factors,
        reviews.reviewed_on,
        reviews.next_review_due_on,
        reviews.is_overdue,
        reasons.hold_reason,
        case when subjects.is_verification_known then coalesce(steps.required_steps, '') end as required_steps,
        coalesce(blocks.blocked_services, '') as blocked_services,
        case when subjects.is_verification_known then attested.trader_id is not null end as has_valid_attestation,
        ruleset.ruleset_version,
        concat('[', coalesce(facts.entries, ''), ']') as facts,
        cast({{ as_of_date() }} as date) as as_of_date
    from subjects
    inner join levels on subjects.trader_id = levels.trader_id
    cross join ruleset
    left join reviews on subjects.trader_id = reviews.trader_id
    left join reasons on subjects.trader_id = reasons.trader_id
    left join steps on subjects.trader_id = steps.trader_id
    left join blocks on subjects.trader_id = blocks.trader_id
    left join attested on subjects.trader_id = attested.trader_id
    left join facts on subjects.trader_id = facts.trader_id
)

select * from final
