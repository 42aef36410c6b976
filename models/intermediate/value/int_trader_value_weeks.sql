-- What each trader was worth to the venue in each ISO week with a fill or an incentive, sub-accounts together.
{{ config(materialized='table') }}
with

{{ trader_value_by("cast(date_trunc('week', event_date) as date)", 'week_start_date') }},

final as (
    select
        trader_id,
        week_start_date,
        is_active,
        fill_count,
        cast(notional_usd as {{ contract_type('decimal') }}) as notional_usd,
        cast(fee_usd as {{ contract_type('decimal') }}) as fee_usd,
        cast(liquidation_fee_usd as {{ contract_type('decimal') }}) as liquidation_fee_usd,
        cast(spread_usd as {{ contract_type('decimal') }}) as spread_usd,
        cast(rebate_usd as {{ contract_type('decimal') }}) as rebate_usd,
        cast(reward_usd as {{ contract_type('decimal') }}) as reward_usd,
        cast(referral_usd as {{ contract_type('decimal') }}) as referral_usd,
        cast(service_cost_usd as {{ contract_type('decimal') }}) as service_cost_usd,
        cast(net_value_usd as {{ contract_type('decimal') }}) as net_value_usd
    from valued
)

select * from final
