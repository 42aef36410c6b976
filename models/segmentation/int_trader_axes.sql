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

labels as (
    select
        rules_met.trader_id,
        rules_met.axis,
        min_by(rules.label, rules_met.priority) as label
    from rules_met
    inner join rules on rules_met.axis = rules.axis and rules_met.priority = rules.priority
    group by 1, 2
),

final as (
    select
        traders.trader_id,
        max(case when labels.axis = 'value_tier' then labels.label end) as value_tier,
        coalesce(max(case when labels.axis = 'risk_appetite' then labels.label end), 'unknown') as risk_appetite,
        max(case when labels.axis = 'lifecycle_stage' then labels.label end) as lifecycle_stage
    from traders
    left join labels on traders.trader_id = labels.trader_id
    group by 1
)

select * from final
