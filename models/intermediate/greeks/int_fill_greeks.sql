-- Fills with their sensitivities at trade time, in dollars and signed by the side. Formulas and units: docs/greeks.md.
{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
{%- set terms = ['underlying_price_usd', 'strike_usd', 'years_to_expiry', 'implied_volatility'] -%}
{%- set option = terms + ['option_type'] -%}
{%- set money = contract_type('decimal') %}
with

fills as (
    select * from {{ ref('int_fill_volatilities') }}
    where {{ since_change('event_date') }}
),

-- Of one option and one unit of the underlying. The engine computes once what the formulas have in common.
terms as (
    select
        *,
        {{ black_76_d1(*terms) }} as d1
    from fills
),

unit_greeks as (
    select
        *,
        {{ black_76_delta(*option, d1='d1') }} as delta,
        {{ inverse_option_net_delta(*option, d1='d1') }} as net_delta,
        {{ black_76_gamma(*terms, d1='d1') }} as gamma,
        {{ black_76_vega(*terms, d1='d1') }} as vega,
        {{ black_76_theta(*terms, d1='d1') }} as theta
    from terms
),

sized as (
    select
        *,
        kind in ('spot', 'perpetual', 'future') as is_delta_one,
        cast(signed_quantity as double)
        * case when is_inverse then 1e0 else cast(contract_multiplier as double) end as units,
        case side when 'buy' then notional_usd else -notional_usd end as signed_notional_usd
    from unit_greeks
),

-- Options in dollars, to the millionth: further digits of a DOUBLE differ between machines.
option_dollars as (
    select
        *,
        cast(units * delta * underlying_price_usd as decimal(38, 6)) as option_delta_usd,
        cast(units * gamma * underlying_price_usd * underlying_price_usd / 100 as decimal(38, 6)) as option_gamma_usd,
        cast(units * vega as decimal(38, 6)) as option_vega_usd,
        cast(units * theta as decimal(38, 6)) as option_theta_usd,
        cast(
            units * case when is_inverse then net_delta else delta end * underlying_price_usd as decimal(38, 6)
        ) as option_net_delta_usd
    from sized
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
        underlying_price_usd,
        years_to_expiry,
        implied_volatility,
        implied_volatility_source,
        case
            when kind = 'option' and underlying_price_usd > 0 and strike_usd > 0
                then ln(strike_usd / underlying_price_usd)
                    / nullif(implied_volatility * sqrt(years_to_expiry), 0)
        end as moneyness,
        case when kind = 'option' then delta when is_delta_one then 1 end as unit_delta,
        cast(
            case when kind = 'option' then option_delta_usd when is_delta_one then signed_notional_usd end
            as {{ money }}
        ) as delta_usd,
        cast(case when kind = 'option' then option_gamma_usd when is_delta_one then 0 end as {{ money }}) as gamma_usd,
        cast(case when kind = 'option' then option_vega_usd when is_delta_one then 0 end as {{ money }}) as vega_usd,
        cast(case when kind = 'option' then option_theta_usd when is_delta_one then 0 end as {{ money }}) as theta_usd,
        cast(
            case when kind = 'option' then option_net_delta_usd when is_delta_one then signed_notional_usd end
            as {{ money }}
        ) as net_delta_usd
    from option_dollars
)

select * from final
