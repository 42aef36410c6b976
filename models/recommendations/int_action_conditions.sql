-- Traders for whom every condition of an action holds, and how far beyond the thresholds they are.
with

conditions as (
    select
        *,
        count(*) over (partition by action_id) as condition_count
    from {{ ref('recommendation_conditions') }}
),

feature_values as (
    {{ ruled_values('conditions', ref('recommendation_conditions')) }}
),

-- Half at the threshold, and toward 1 as the value leaves it behind.
met as (
    select
        trader_id,
        action_id,
        condition_count,
        cast(
            case
                when threshold = 0 or feature_value * threshold < 0 then 1e0
                when abs(feature_value) > abs(threshold) then 1e0 - 0.5e0 * threshold / feature_value
                else 1e0 - 0.5e0 * feature_value / threshold
            end as decimal(18, 9)
        ) as need,
        concat(
            replace(feature, '_', ' '), ' is ', {{ plain_text('round(cast(feature_value as decimal(38, 6)), 2)') }}
        ) as condition_text
    from feature_values
    where {{ condition_holds('feature_value', 'operator', 'threshold') }}
),

final as (
    select
        trader_id,
        action_id,
        {{ share('sum(need)', 'count(*)') }} as need,
        {{ joined_text('condition_text', ', ') }} as conditions
    from met
    group by trader_id, action_id, condition_count
    having count(*) = condition_count
)

select * from final
