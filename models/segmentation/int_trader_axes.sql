-- Value tier, risk appetite and lifecycle stage of each trader: the first rule of the axis of which all conditions
-- hold.
with

traders as (
    select trader_id from {{ ref('trader_features') }}
),

rules as (
    select * from {{ ref('axis_rules') }}
),

feature_values as (
    select * from {{ ref('int_trader_feature_values') }}
),

rule_features as (
    select distinct feature from rules
),

ranked_values as (
    select
        feature_values.*,
        percent_rank() over (
            partition by feature_values.feature_name order by feature_values.feature_value
        ) as feature_rank
    from feature_values
    inner join rule_features on feature_values.feature_name = rule_features.feature
),

conditions as (
    select
        axis,
        priority,
        min(label) as label,
        count(*) as condition_count
    from rules
    group by 1, 2
),

compared as (
    select
        ranked_values.trader_id,
        rules.axis,
        rules.priority,
        case rules.threshold_kind
            when 'quantile' then ranked_values.feature_rank
            else ranked_values.feature_value
        end as compared_value,
        rules.operator,
        rules.threshold
    from ranked_values
    inner join rules on ranked_values.feature_name = rules.feature
),

met as (
    select
        trader_id,
        axis,
        priority,
        count(*) as met_count
    from compared
    where
        (operator = '>=' and compared_value >= threshold)
        or (operator = '>' and compared_value > threshold)
        or (operator = '<=' and compared_value <= threshold)
        or (operator = '<' and compared_value < threshold)
    group by 1, 2, 3
),

labels as (
    select
        met.trader_id,
        met.axis,
        min_by(conditions.label, met.priority) as label
    from met
    inner join conditions
        on met.axis = conditions.axis
        and met.priority = conditions.priority
        and met.met_count = conditions.condition_count
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
