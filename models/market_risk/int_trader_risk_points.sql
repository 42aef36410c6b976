-- Points of each factor: the weight at the reference, about as many again for each doubling far beyond it, without a
-- ceiling.
{%- set factors = [
    'tail_loss', 'leverage', 'liquidations', 'margin_use', 'drawdown', 'short_gamma', 'concentration',
] %}
{%- set rows = [] %}
{%- for factor in factors %}
{%- do rows.append(["'" ~ factor ~ "'", 'cast(' ~ factor ~ ' as double)']) %}
{%- endfor %}
with

measures as (
    {{ unpivoted(ref('int_trader_risk_measures'), ['trader_id'], ['factor', 'factor_value'], rows) }}
),

factors as (
    select * from {{ ref('risk_factors') }}
    where valid_from <= {{ as_of_date() }} and coalesce(valid_to > {{ as_of_date() }}, true)
),

final as (
    select
        measures.trader_id,
        factors.factor,
        factors.weight,
        factors.reference,
        measures.factor_value,
        cast(
            factors.weight * ln(1 + measures.factor_value / factors.reference) / ln(2) as decimal(18, 9)
        ) as points
    from measures
    inner join factors on measures.factor = factors.factor
)

select * from final
