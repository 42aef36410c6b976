with

traders as (
    select trader_id from {{ ref('int_traders') }}
),

histories as (
    select * from {{ ref('int_churn_histories') }}
    where weeks_ago = 0
),

blocked as (
    select distinct trader_id
    from {{ ref('int_churn_blocks') }}
    where
        coalesce(from_date <= {{ as_of_date() }}, true)
        and coalesce(until_date > {{ as_of_date() }}, true)
),

scores as (
    select * from {{ ref('churn_scores') }}
),

bands as (
    select
        band,
        least_probability,
        lead(least_probability) over (order by least_probability) as next_least_probability
    from {{ ref('churn_bands') }}
),

at_risk as (
    select
        traders.trader_id,
        case
            when histories.trader_id is null then 'never_traded'
            when not histories.is_at_risk then 'silent'
            when blocked.trader_id is not null then 'blocked'
        end as not_at_risk_because
    from traders
    left join histories on traders.trader_id = histories.trader_id
    left join blocked on traders.trader_id = blocked.trader_id
),

final as (
    select
        at_risk.trader_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        at_risk.not_at_risk_because is null as is_at_risk,
        at_risk.not_at_risk_because,
        scores.churn_probability,
        cast({{ var('churn').horizon_weeks }} as bigint) as horizon_weeks,
        bands.band as churn_band,
        cast(scores.top_reasons as {{ type_string() }}) as top_reasons,
        scores.value_churn_probability,
        cast(scores.model_version as {{ type_string() }}) as model_version
    from at_risk
    left join scores
        on at_risk.trader_id = scores.trader_id
        and at_risk.not_at_risk_because is null
    left join bands
        on scores.churn_probability >= bands.least_probability
        and coalesce(scores.churn_probability < bands.next_least_probability, true)
)

select * from final
