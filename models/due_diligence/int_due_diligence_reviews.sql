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

dues as (
    select
        subjects.trader_id,
        subjects.reviewed_on,
        case
            when levels.review_months is null then null
            when subjects.reviewed_on is null then subjects.started_on
            else least(
                cast({{ dbt.dateadd('month', 'levels.review_months', 'subjects.reviewed_on') }} as date),
                coalesce(subjects.identity_expires_on, cast('9999-12-31' as date)),
                coalesce(cast(overrides.expires_at as date), cast('9999-12-31' as date))
            )
        end as next_review_due_on
    from subjects
    inner join trader_levels on subjects.trader_id = trader_levels.trader_id
    inner join levels on trader_levels.level = levels.level
    left join overrides on subjects.trader_id = overrides.trader_id
),

final as (
    select
        trader_id,
        reviewed_on,
        next_review_due_on,
        coalesce(next_review_due_on < {{ as_of_date() }}, false) as is_overdue
    from dues
)

select * from final
