-- What forbids each candidate, before anything is ranked: due diligence, service access, cost, and rest since the last
-- time. All of it, in words; NULL where nothing does.
with -- noqa: disable=LT02

candidates as (
    select
        trader_id,
        action_id,
        underlying,
        score
    from {{ ref('int_recommendation_candidates') }}
),

actions as (
    select
        actions.*,
        levels.strictness as most_strictness
    from {{ ref('recommendation_actions') }} as actions
    left join {{ ref('due_diligence_levels') }} as levels on actions.strictest_level = levels.level
),

due_diligence as (
    select
        decided.trader_id,
        decided.level,
        levels.strictness,
        decided.hold_reason is not null as is_on_hold,
        concat(', ', decided.blocked_services, ',') as blocked_services
    from {{ ref('trader_due_diligence') }} as decided
    left join {{ ref('due_diligence_levels') }} as levels on decided.level = levels.level
),

risk as (
    select
        trader_id,
        leverage_cap,
        concat(', ', allowed_products, ',') as allowed_products
    from {{ ref('trader_risk_profile') }}
),

stakes as (
    select * from {{ ref('int_trader_value_at_stake') }}
),

campaigns as (
    select
        trader_id,
        max(cast(assigned_at as date)) as last_assigned_on
    from {{ ref('stg_campaign_assignments') }}
    where cast(assigned_at as date) <= {{ as_of_date() }}
    group by 1
),

looked_up as (
    select
        candidates.trader_id,
        candidates.action_id,
        candidates.underlying,
        candidates.score,
        actions.kind,
        actions.cool_down_days,
        actions.is_allowed_under_hold,
        actions.most_strictness,
        actions.required_product,
        actions.required_service,
        actions.leverage,
        actions.cost_usd,
        actions.campaign_cool_down_days,
        due_diligence.level,
        due_diligence.strictness,
        due_diligence.is_on_hold,
        due_diligence.blocked_services,
        risk.leverage_cap,
        risk.allowed_products,
        stakes.value_usd,
        {{ dbt.datediff('campaigns.last_assigned_on', as_of_date(), 'day') }} as days_in_campaign
    from candidates
    inner join actions on candidates.action_id = actions.action_id
    left join due_diligence on candidates.trader_id = due_diligence.trader_id
    left join risk on candidates.trader_id = risk.trader_id
    left join stakes on candidates.trader_id = stakes.trader_id
    left join campaigns on candidates.trader_id = campaigns.trader_id
),

final as (
    select
        trader_id,
        action_id,
        kind,
        underlying,
        score,
        cool_down_days,
        nullif(concat_ws(
            '; ',
            case when level is null and not is_allowed_under_hold then 'due diligence is not known' end,
            case when is_on_hold and not is_allowed_under_hold then 'on hold by due diligence' end,
            case when strictness > most_strictness then concat('level of due diligence is ', level) end,
            case
                when required_service is not null and blocked_services like concat('%, ', required_service, ',%')
                    then concat('due diligence blocks ', replace(required_service, '_', ' '))
            end,
            case
                when required_product is not null and allowed_products is null then 'service access is not known'
                when required_product is not null and allowed_products not like concat('%, ', required_product, ',%')
                    then concat('service access forbids ', replace(required_product, '_', ' '))
            end,
            case
                when leverage > 1 and leverage_cap is null then 'leverage cap is not known'
                when leverage > leverage_cap
                    then concat('leverage cap is ', {{ plain_text('cast(leverage_cap as decimal(18, 1))') }})
            end,
            case when cost_usd > 0 and cost_usd > coalesce(value_usd, 0) then 'costs more than what is at stake' end,
            case
                when days_in_campaign < campaign_cool_down_days
                    then concat('in a campaign for ', cast(days_in_campaign as {{ type_string() }}), ' days')
            end
        ), '') as ineligible_because
    from looked_up
)

select * from final
