{{ config(materialized='table') }}
-- The rules in force on the as-of date, and the version that they and the levels make together: the day of the last
-- change, and a digest that tells an edit that was not dated.
with

rules as (
    select * from {{ ref('due_diligence_rules') }}
),

levels as (
    select * from {{ ref('due_diligence_levels') }}
),

in_force as (
    select
        rule_id,
        fact,
        category,
        operator,
        threshold,
        factor,
        points,
        floor,
        is_hold,
        description,
        source
    from rules
    where valid_from <= {{ as_of_date() }} and coalesce(valid_to > {{ as_of_date() }}, true)
),

-- A level is a rule too: so many points are a floor.
stated as (
    select * from in_force
    union all
    select
        concat('level_', level) as rule_id,
        'points' as fact,
        cast(null as {{ type_string() }}) as category,
        '>=' as operator,
        cast(points_from as double) as threshold,
        'level' as factor,
        0 as points,
        level as floor,
        false as is_hold,
        case
            when review_months is null then concat('Level ', level)
            else concat('Level ', level, ', reviewed after ', cast(review_months as {{ type_string() }}), ' months')
        end as description,
        why as source
    from levels
),

lines as (
    select
        rule_id,
        concat_ws(
            '|',
            rule_id,
            fact,
            coalesce(category, '-'),
            coalesce(operator, '-'),
            coalesce(cast(cast(threshold as decimal(24, 6)) as {{ type_string() }}), '-'),
            factor,
            cast(points as {{ type_string() }}),
            coalesce(floor, '-'),
            case when is_hold then 'hold' else '-' end
        ) as line
    from stated
),

digest as (
    select substring(md5({{ joined_text('line', '/') }}), 1, 8) as content
    from lines
),

changes as (
    select valid_from as changed_on from rules
    union all
    select valid_to as changed_on from rules
),

last_change as (
    select max(changed_on) as changed_on
    from changes
    where changed_on <= {{ as_of_date() }}
),

final as (
    select
        stated.*,
        concat_ws('-', cast(last_change.changed_on as {{ type_string() }}), digest.content) as ruleset_version
    from stated
    cross join last_change
    cross join digest
)

select * from final
