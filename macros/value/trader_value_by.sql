{#-
    Sums of int_trader_value_days by trader and a period, with the cost of service and the net value: CTEs `summed`,
    `costed` and `valued`. A period with fills whose fees are all unknown has no net value; other parts that are
    unknown count as nothing.
-#}
{% macro trader_value_by(period, name) -%}
    value_days as (
        select
            days.*,
            dates.as_of_date
        from {{ ref('int_trader_value_days') }} as days
        cross join {{ ref('int_as_of_date') }} as dates
    ),

    summed as (
        select
            trader_id,
            {{ period }} as {{ name }},
            cast(sum(fill_count) as bigint) as fill_count,
            sum(notional_usd) as notional_usd,
            sum(fee_usd) as fee_usd,
            sum(liquidation_fee_usd) as liquidation_fee_usd,
            sum(spread_usd) as spread_usd,
            sum(rebate_usd) as rebate_usd,
            sum(reward_usd) as reward_usd,
            sum(referral_usd) as referral_usd
        from value_days
        group by 1, 2
    ),

    costed as (
        select
            trader_id,
            {{ name }},
            fill_count > 0 as is_active,
            fill_count,
            notional_usd,
            case when fill_count = 0 then 0 else fee_usd end as fee_usd,
            case when fill_count = 0 then 0 else liquidation_fee_usd end as liquidation_fee_usd,
            spread_usd,
            case when fill_count = 0 then coalesce(rebate_usd, 0) else rebate_usd end as rebate_usd,
            reward_usd,
            referral_usd,
            case
                when fill_count > 0
                    then cast({{ var('trader_value').service_cost_usd }} as {{ contract_type('decimal') }})
                else 0
            end as service_cost_usd
        from summed
    ),

    valued as (
        select
            *,
            fee_usd
            + coalesce(liquidation_fee_usd, 0)
            + coalesce(spread_usd, 0)
            - coalesce(rebate_usd, 0)
            - coalesce(reward_usd, 0)
            - coalesce(referral_usd, 0)
            - service_cost_usd as net_value_usd
        from costed
    )
{%- endmacro %}
