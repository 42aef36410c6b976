-- Value tier, risk appetite and lifecycle stage of each trader: the first rule of the axis of which all conditions
-- hold.
with

traders as (
    select trader_id from {{ ref('trader_features') }}
),

rules as (
    select
        axis,
        priority,
        min(label) as label,
        count(*) as condition_count
    from {{ ref('axis_rules') }}
    group by 1, 2
),

thresholds as (
    select
        axis,
        priority,
        feature,
        operator,
        threshold
    from {{ ref('axis_rules') }}
    where threshold_kind <> 'quantile'
    union all
    select * from {{ ref('int_axis_thresholds') }}
),

conditions as (
    select
        thresholds.*,
        rules.condition_count
    from thresholds
    inner join rules on thresholds.axis = rules.axis and thresholds.priority = rules.priority
),

feature_values as (
    {{ ruled_values('conditions', ref('axis_rules')) }}
),

conditions_met as (
    select * from feature_values
    where {{ condition_holds('feature_value', 'operator', 'threshold') }}
),

-- The rules of one condition are one group, of which the first that holds is kept: fewer groups by far.
rules_met as (
    select
        trader_id,
        axis,
        min(priority) as priority
    from conditions_met
    group by trader_id, axis, case when condition_count > 1 then priority end
    having max(condition_count) = 1 or count(*) = max(condition_count)
),

first_rules as (
    select
        trader_id,
        min(case when axis = 'value_tier' then priority end) as value_tier_priority,
        min(case when axis = 'risk_appetite' then priority end) as risk_appetite_priority,
        min(case when axis = 'lifecycle_stage' then priority end) as lifecycle_stage_priority
    from rules_met
    group by 1
),

final as (
    select
        traders.trader_id,
        value_tiers.label as value_tier,
        coalesce(risk_appetites.label, 'unknown') as risk_appetite,
        lifecycle_stages.label as lifecycle_stage
    from traders
    left join first_rules on traders.trader_id = first_rules.trader_id
    left join rules as value_tiers
        on value_tiers.axis = 'value_tier' and first_rules.value_tier_priority = value_tiers.priority
    left join rules as risk_appetites
        on risk_appetites.axis = 'risk_appetite' and first_rules.risk_appetite_priority = risk_appetites.priority
    left join rules as lifecycle_stages
        on lifecycle_stages.axis = 'lifecycle_stage'
        and first_rules.lifecycle_stage_priority = lifecycle_stages.priority
)

select * from final
