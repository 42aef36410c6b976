-- Traders a fifth of the volume or less short of the next fee tier, and those about to lose the one they have.
with

fee_tiers as (
    select * from {{ ref('trader_fee_tiers') }}
),

final as (
    select trader_id
    from fee_tiers
    where next_tier_volume_gap_share <= 0.2 or is_downgrade_risk
)

select * from final
