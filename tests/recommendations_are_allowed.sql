-- Nothing is recommended that due diligence or service access forbids, whatever the models between did: no product with
-- leverage above the cap or outside the products allowed, nothing but risk control under a hold or a prohibition.
with

recommended as (
    select
        recommendations.trader_id,
        recommendations.rank,
        recommendations.kind,
        actions.leverage,
        actions.required_product,
        actions.required_service
    from {{ ref('trader_recommendations') }} as recommendations
    inner join {{ ref('recommendation_actions') }} as actions on recommendations.action_id = actions.action_id
    where recommendations.is_eligible
),

final as (
    select
        recommended.trader_id,
        recommended.rank
    from recommended
    left join {{ ref('trader_risk_profile') }} as risk on recommended.trader_id = risk.trader_id
    left join {{ ref('trader_due_diligence') }} as due_diligence on recommended.trader_id = due_diligence.trader_id
    where (recommended.leverage > 1 and coalesce(risk.leverage_cap < recommended.leverage, true))
        or (
            recommended.required_product is not null
            and position(
                concat('"', recommended.required_product, '"') in coalesce(risk.service_access, '')
            ) = 0
        )
        or (
            recommended.kind <> 'risk_control'
            and (
                due_diligence.level is null
                or due_diligence.level = 'prohibited'
                or due_diligence.hold_reason is not null
            )
        )
        or coalesce(position(recommended.required_service in due_diligence.blocked_services) > 0, false)
)

select * from final
