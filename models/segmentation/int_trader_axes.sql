-- Value tier, risk appetite and lifecycle stage of each trader: the first rule of the axis of which all conditions
-- hold.
with

traders as (
    select trader_id from {{ ref('trader_features') }}
),

rules as (
    select * from {{ ref('axis_rules') }}
),

ranked_features as (
    select distinct feature from rules
    where threshold_kind = 'quantile'
),

ranked_values as (
    select
        ruled_values.feature_name,
        ruled_values.feature_value,
        percent_rank() over (
            partition by ruled_values.feature_name order by ruled_values.feature_value
        ) as feature_rank
    from {{ ref('int_trader_ruled_values') }} as ruled_values
    inner join ranked_features on ruled_values.feature_name = ranked_features.feature
),

-- Ranks rise with values, so a rule on ranks is one on the value at its edge; where nobody has the rank there is none.
thresholds as (
    select
        rules.axis,
        rules.priority,
        rules.feature,
        rules.operator,
        rules.threshold,
        case
            when rules.operator in ('>=', '>') then min(ranked_values.feature_value)
            else max(ranked_values.feature_value)
        end as edge
    from rules
    inner join ranked_values on rules.feature = ranked_values.feature_name
    where
        rules.threshold_kind = 'quantile'
        and (
            (rules.operator = '>=' and ranked_values.feature_rank >= rules.threshold)
            or (rules.operator = '>' and ranked_values.feature_rank > rules.threshold)
            or (rules.operator = '<=' and ranked_values.feature_rank <= rules.threshold)
            or (rules.operator = '<' and ranked_values.feature_rank < rules.threshold)
        )
    group by 1, 2, 3, 4, 5
),

conditions as (
    select
        axis,
        priority,
        feature,
        case when operator in ('>=', '>') then '>=' else '<=' end as operator,
        edge as threshold
    from thresholds
    union all
    select
        axis,
        priority,
        feature,
        operator,
        threshold
    from rules
    where threshold_kind <> 'quantile'
),

labels as (
    select
        axis,
        priority,
        min(label) as label,
        count(*) as condition_count
    from rules
    group by 1, 2
),

met as (
    select
        ruled_values.trader_id,
        conditions.axis,
        conditions.priority,
        labels.condition_count
    from {{ ref('int_trader_ruled_values') }} as ruled_values
    inner join conditions on ruled_values.feature_name = conditions.feature
    inner join labels on conditions.axis = labels.axis and conditions.priority = labels.priority
    where
        (conditions.operator = '>=' and ruled_values.feature_value >= conditions.threshold)
        or (conditions.operator = '>' and ruled_values.feature_value > conditions.threshold)
        or (conditions.operator = '<=' and ruled_values.feature_value <= conditions.threshold)
        or (conditions.operator = '<' and ruled_values.feature_value < conditions.threshold)
),

-- The rules of one condition are one group, of which the first that holds is kept: fewer groups by far.
rules_met as (
    select
        trader_id,
        axis,
        min(priority) as priority
    from met
    group by trader_id, axis, case when condition_count > 1 then priority end
    having max(condition_count) = 1 or count(*) = max(condition_count)
),

first_rules as (
    select
        rules_met.trader_id,
        rules_met.axis,
        min_by(labels.label, rules_met.priority) as label
    from rules_met
    inner join labels on rules_met.axis = labels.axis and rules_met.priority = labels.priority
    group by 1, 2
),

final as (
    select
        traders.trader_id,
        max(case when first_rules.axis = 'value_tier' then first_rules.label end) as value_tier,
        coalesce(max(case when first_rules.axis = 'risk_appetite' then first_rules.label end), 'unknown')
            as risk_appetite,
        max(case when first_rules.axis = 'lifecycle_stage' then first_rules.label end) as lifecycle_stage
    from traders
    left join first_rules on traders.trader_id = first_rules.trader_id
    group by 1
)

select * from final
