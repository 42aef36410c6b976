with

ranks as (
    select * from {{ ref('int_trader_recommendation_ranks') }}
    where as_of_date = {{ as_of_date() }}
),

candidates as (
    select * from {{ ref('int_recommendation_candidates') }}
),

reasons as (
    select * from {{ ref('int_recommendation_reasons') }}
),

actions as (
    select * from {{ ref('recommendation_actions') }}
),

final as (
    select
        ranks.trader_id,
        ranks.rank,
        ranks.as_of_date,
        ranks.action_id,
        actions.name as action_name,
        actions.kind,
        candidates.underlying,
        ranks.score,
        reasons.reason,
        ranks.is_eligible,
        ranks.ineligible_because,
        ranks.open_since,
        actions.cost_usd,
        candidates.affinity,
        candidates.utility,
        candidates.segment_gap,
        candidates.need,
        candidates.value as value_at_stake,
        candidates.churn as churn_risk
    from ranks
    inner join actions on ranks.action_id = actions.action_id
    inner join candidates on ranks.trader_id = candidates.trader_id and ranks.action_id = candidates.action_id
    inner join reasons on ranks.trader_id = reasons.trader_id and ranks.action_id = reasons.action_id
)

select * from final
