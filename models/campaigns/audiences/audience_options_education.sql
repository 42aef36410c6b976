-- Active traders of perpetuals and futures who have not traded an option in their window, where the rules of risk let
-- them buy one.
with

segments as (
    select * from {{ ref('trader_segments') }}
),

features as (
    select * from {{ ref('trader_features') }}
),

risk_profiles as (
    select * from {{ ref('trader_risk_profile') }}
),

final as (
    select segments.trader_id
    from segments
    inner join features on segments.trader_id = features.trader_id
    inner join risk_profiles on segments.trader_id = risk_profiles.trader_id
    where
        segments.lifecycle_stage in ('active', 'returned')
        and features.option_share = 0
        and features.perpetual_share + features.future_share > 0
        and risk_profiles.allowed_products like '%option_buying%'
)

select * from final
