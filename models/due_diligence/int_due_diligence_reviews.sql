-- When each trader is due for review: the months of the level after the last review, at once where there was none, and
-- no later than the evidence of identity or a reviewer's decision runs out.
with

subjects as (
    select * from {{ ref('int_due_diligence_subjects') }}
    where is_verification_known
),

trader_levels as (
    select * from {{ ref('int_due_diligence_levels') }}
),

levels as (
    select * from {{ ref('due_diligence_levels') }}
),

overrides as (
    select * from {{ ref('int_due_diligence_overrides') }}
),

-- `least` leaves out what is not known.
dues as (
    select
        subjects.trader_id,
        subjects.started_on,
        subjects.reviewed_on,
        levels.review_months,
        least(
            cast({{ dbt.dateadd('month', 'levels.review_months', 'subjects.reviewed_on') }} as date),
            subjects.identity_expires_on,
            cast(overrides.expires_at as date)
        ) as after_review_on
    from subjects
    inner join trader_levels on subjects.trader_id = trader_levels.trader_id
    inner join levels on trader_levels.level = levels.level
    left join overrides on subjects.trader_id = overrides.trader_id
),

due as (
    select
        trader_id,
        reviewed_on,
        case
            when review_months is null then null
            when reviewed_on is null then started_on
            else after_review_on
        end as next_review_due_on
    from dues
),

final as (
    select
        trader_id,
        reviewed_on,
        next_review_due_on,
        coalesce(next_review_due_on < {{ as_of_date() }}, false) as is_overdue
    from due
)

select * from final
