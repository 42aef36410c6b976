-- Market risk of each trader: the score with its factors, the tier, and what service the rules leave.
{%- set factors = [
    'tail_loss', 'leverage', 'liquidations', 'margin_use', 'drawdown', 'short_gamma', 'concentration',
] -%}
{%- set products = ['spot', 'perpetual', 'future', 'option_buying', 'option_selling', 'event'] %}
with

measures as (
    select * from {{ ref('int_trader_risk_measures') }}
),

points as (
    select
        *,
        '{"value": ' || {{ plain_text('round(factor_value, 4)') }}
        || ', "reference": ' || {{ plain_text('reference') }}
        || ', "points": ' || {{ plain_text('round(cast(points as double), 2)') }} || '}' as factor_text,
        row_number() over (partition by trader_id order by points desc, factor asc) as factor_rank
    from {{ ref('int_trader_risk_points') }}
    where points is not null
),

factor_texts as (
    select
        {%- for factor in factors %}
        max(case when factor = '{{ factor }}' then factor_text end) as {{ factor }}_text,
        {%- endfor %}
        max(case when factor_rank = 1 and points > 0 then factor end) as top_factor,
        trader_id
    from points
    group by trader_id
),

scores as (
    select
        *,
        rank() over (order by risk_score desc) as risk_rank,
        percent_rank() over (order by risk_score) as risk_percentile
    from {{ ref('int_trader_risk_scores') }}
    where risk_score is not null
    union all
    select
        *,
        cast(null as bigint) as risk_rank,
        cast(null as double) as risk_percentile
    from {{ ref('int_trader_risk_scores') }}
    where risk_score is null
),

service_access as (
    select
        *,
        '' {%- for product in products %}
        || case when is_{{ product }}_blocked then '' else ', "{{ product }}"' end
        {%- endfor %} as product_texts
    from {{ ref('int_trader_service_access') }}
),

final as (
    select
        measures.trader_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        scores.risk_score,
        cast(scores.risk_rank as bigint) as risk_rank,
        cast(scores.risk_percentile as double) as risk_percentile,
        scores.risk_tier,
        scores.monitoring_intensity,
        scores.known_weight_share,
        factor_texts.top_factor,
        '{'
        {%- for factor in factors %}
        || '"{{ factor }}": ' || coalesce(factor_texts.{{ factor }}_text, 'null'){{ " || ', '" if not loop.last }}
        {%- endfor %}
        || '}' as factors,
        {%- for factor in factors %}
        cast(measures.{{ factor }} as double) as {{ factor }},
        {%- endfor %}
        cast(measures.tail_loss_usd as {{ contract_type('decimal') }}) as tail_loss_usd,
        measures.tail_scenario_id,
        '{"leverage_cap": ' || coalesce({{ plain_text('service_access.leverage_cap') }}, 'null')
        || ', "products": [' || substring(service_access.product_texts, 3)
        || '], "withdrawal_hold_hours": '
        || coalesce({{ plain_text('service_access.withdrawal_hold_hours') }}, 'null') || '}' as service_access,
        service_access.leverage_cap,
        replace(substring(service_access.product_texts, 3), '"', '') as allowed_products,
        service_access.withdrawal_hold_hours
    from measures
    left join factor_texts on measures.trader_id = factor_texts.trader_id
    left join scores on measures.trader_id = scores.trader_id
    left join service_access on measures.trader_id = service_access.trader_id
)

select * from final
