-- Every action can be reached and says its time to expiry in the buckets that items have; weights add up to 1, and only
-- those of the mart's kinds are there.
{%- set tenors = var('derived_utility').tenor_days %}
with -- noqa: disable=LT02

actions as (
    select * from {{ ref('recommendation_actions') }}
),

conditioned as (
    select distinct action_id from {{ ref('recommendation_conditions') }}
),

final as (
    select
        actions.action_id as entry,
        'has neither items nor conditions' as problem
    from actions
    left join conditioned on actions.action_id = conditioned.action_id
    where actions.product_kind is null and actions.feature is null and conditioned.action_id is null
    union all
    select
        action_id as entry,
        'has a tenor that is no edge of derived_utility.tenor_days' as problem
    from actions
    where least_tenor_days not in ({{ ([0] + tenors) | join(', ') }})
        or most_tenor_days not in ({{ tenors | join(', ') }})
    union all
    select
        action_id as entry,
        'is allowed under a hold and no risk control' as problem
    from actions
    where kind <> 'risk_control' and (is_allowed_under_hold or strictest_level = 'prohibited')
    union all
    select
        kind as entry,
        'has weights that do not add up to 1' as problem
    from {{ ref('recommendation_kinds') }}
    where abs(
        affinity_weight + utility_weight + segment_gap_weight + need_weight + value_weight + churn_weight - 1
    ) > 1e-9
)

select * from final
