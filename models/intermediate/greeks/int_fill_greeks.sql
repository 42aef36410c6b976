-- Fills with their sensitivities at trade time. Until the greeks macros are merged: delta-one instruments only.
{{ config(materialized='table') }}
with

fills as (
    select * from {{ ref('int_fills_valued') }}
),

final as (
    select
        fill_id,
        trader_id,
        account_id,
        instrument_id,
        order_id,
        combo_id,
        block_trade_id,
        executed_at,
        event_date,
        side,
        kind,
        option_type,
        strike,
        underlying,
        expires_at,
        signed_quantity,
        notional_usd,
        premium_usd,
        cast(underlying_price_usd as double) as underlying_price_usd,
        cast(null as double) as years_to_expiry,
        cast(null as double) as implied_volatility,
        cast(null as {{ type_string() }}) as implied_volatility_source,
        cast(null as double) as moneyness,
        cast(null as double) as unit_delta,
        cast(case when kind <> 'option' then case side when 'buy' then notional_usd else -notional_usd end end as {{ contract_type('decimal') }}) as delta_usd,
        cast(case when kind <> 'option' then 0 end as {{ contract_type('decimal') }}) as gamma_usd,
        cast(case when kind <> 'option' then 0 end as {{ contract_type('decimal') }}) as vega_usd,
        cast(case when kind <> 'option' then 0 end as {{ contract_type('decimal') }}) as theta_usd
    from fills
)

select * from final
