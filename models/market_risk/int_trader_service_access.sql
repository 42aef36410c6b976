-- What the rules that hold for a trader allow together: the lowest cap, the longest hold, what none of them blocks.
{%- set products = ['spot', 'perpetual', 'future', 'option_buying', 'option_selling', 'event'] %}
with

measures as (
    select
        trader_id,
        factor as measure,
        factor_value as measure_value
    from {{ ref('int_trader_risk_points') }}
    union all
    select
        trader_id,
        'risk_score' as measure,
        coalesce(risk_score, 0) as measure_value
    from {{ ref('int_trader_risk_scores') }}
    union all
    select
        trader_id,
        'known_weight_share' as measure,
        known_weight_share as measure_value
    from {{ ref('int_trader_risk_scores') }}
),

rules as (
    select * from {{ ref('service_access_rules') }}
    where valid_from <= {{ as_of_date() }} and coalesce(valid_to > {{ as_of_date() }}, true)
),

final as (
    select
        measures.trader_id,
        {%- for product in products %}
        count(case when rules.blocked_product = '{{ product }}' then 1 end) > 0 as is_{{ product }}_blocked,
        {%- endfor %}
        min(rules.leverage_cap) as leverage_cap,
        max(rules.withdrawal_hold_hours) as withdrawal_hold_hours
    from measures
    inner join rules on measures.measure = rules.measure
    where {{ condition_holds('measures.measure_value', 'rules.operator', 'rules.threshold') }}
    group by 1
)

select * from final
