-- Styles that rules decide: by definition, or because a style is too rare to be learned.
with

rules as (
    select
        *,
        max(case when is_rare then 1 else 0 end) over () = 1 as has_rare_styles
    from {{ ref('segmentation_rules') }}
),

deciding as (
    select * from rules
    where is_definition or has_rare_styles
),

feature_values as (
    {{ ruled_values('deciding', ref('segmentation_rules')) }}
),

conditions_met as (
    select * from feature_values
    where {{ condition_holds('feature_value', 'operator', 'threshold') }}
),

rules_met as (
    select
        trader_id,
        position,
        style,
        is_definition,
        is_rare,
        priority
    from conditions_met
    group by 1, 2, 3, 4, 5, 6, conditions
    having count(*) = conditions
),

defined as (
    select
        trader_id,
        min_by(style, position) as style
    from rules_met
    where is_definition
    group by 1
),

ranked as (
    select
        *,
        min(priority) over (partition by trader_id) as best_priority
    from rules_met
    where not is_definition
),

-- Where styles of the same priority contradict each other, the rules say nothing.
clear_cases as (
    select
        trader_id,
        min(style) as style
    from ranked
    where priority = best_priority
    group by 1
    having count(distinct style) = 1 and max(case when is_rare then 1 else 0 end) = 1
),

final as (
    select * from defined
    union all
    select clear_cases.*
    from clear_cases
    left join defined on clear_cases.trader_id = defined.trader_id
    where defined.trader_id is null
)

select * from final
