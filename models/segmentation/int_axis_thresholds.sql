-- What the quantiles in the rules of the axes come to among today's traders.
with

rules as (
    select * from {{ ref('axis_rules') }}
    where threshold_kind = 'quantile'
),

ranked_features as (
    select distinct feature from rules
),

feature_values as (
    {{ ruled_values('ranked_features', ref('axis_rules')) }}
),

ranked_values as (
    select
        feature,
        feature_value,
        percent_rank() over (partition by feature order by feature_value) as feature_rank
    from feature_values
),

-- Ranks rise with values, so a rule on ranks is one on the value at its edge; where nobody has the rank there is none.
final as (
    select
        rules.axis,
        rules.priority,
        rules.feature,
        case when rules.operator in ('>=', '>') then '>=' else '<=' end as operator,
        case
            when rules.operator in ('>=', '>') then min(ranked_values.feature_value)
            else max(ranked_values.feature_value)
        end as threshold
    from rules
    inner join ranked_values on rules.feature = ranked_values.feature
    where {{ condition_holds('ranked_values.feature_rank', 'rules.operator', 'rules.threshold') }}
    group by rules.axis, rules.priority, rules.feature, rules.operator, rules.threshold
)

select * from final
