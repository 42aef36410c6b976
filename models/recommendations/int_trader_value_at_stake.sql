-- What the venue stands to lose with each trader, on scales from 0 to 1: what the coming half year is expected to
-- bring, and how likely it is to be lost. Who is silent and so no longer at risk is lost as far as not alive.
with

traders as (
    select trader_id from {{ ref('trader_segments') }}
),

lifetime_values as (
    select * from {{ ref('trader_lifetime_value') }}
),

churn as (
    select * from {{ ref('trader_churn') }}
),

ranked as (
    select
        trader_id,
        case when value_basis = 'net_value' then expected_value_usd_26w end as value_usd,
        case
            when expected_value_usd_26w <= 0 then 0e0
            else cast(percent_rank() over (order by expected_value_usd_26w) as double)
        end as value_at_stake,
        probability_active
    from lifetime_values
    where expected_value_usd_26w is not null
),

final as (
    select
        traders.trader_id,
        ranked.value_usd,
        ranked.value_at_stake,
        coalesce(
            churn.churn_probability,
            case when churn.not_at_risk_because = 'silent' then 1e0 - ranked.probability_active end
        ) as churn_risk
    from traders
    left join ranked on traders.trader_id = ranked.trader_id
    left join churn on traders.trader_id = churn.trader_id
)

select * from final
