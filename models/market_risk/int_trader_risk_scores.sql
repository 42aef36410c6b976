-- The score is the sum of the points that are known, and its tier.
with

points as (
    select * from {{ ref('int_trader_risk_points') }}
),

tiers as (
    select * from {{ ref('risk_tiers') }}
    where valid_from <= {{ as_of_date() }} and coalesce(valid_to > {{ as_of_date() }}, true)
),

scores as (
    select
        trader_id,
        sum(points) as risk_score,
        {{ share(
            'sum(case when points is not null then cast(weight as decimal(18, 9)) else 0 end)',
            'sum(cast(weight as decimal(18, 9)))',
        ) }} as known_weight_share
    from points
    group by 1
),

reached as (
    select
        scores.trader_id,
        max(tiers.least_score) as least_score
    from scores
    inner join tiers on scores.risk_score >= tiers.least_score
    where scores.known_weight_share >= {{ var('market_risk').least_known_share }}
    group by 1
),

final as (
    select
        scores.trader_id,
        cast(scores.risk_score as double) as risk_score,
        scores.known_weight_share,
        tiers.tier as risk_tier,
        tiers.monitoring_intensity
    from scores
    left join reached on scores.trader_id = reached.trader_id
    left join tiers
        on (reached.least_score = tiers.least_score)
        or (reached.least_score is null and tiers.tier = 'unknown')
)

select * from final
