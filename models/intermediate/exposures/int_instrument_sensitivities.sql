-- Sensitivities of one unit of each instrument at the end of each day on which an account holds it, in US dollars.
{{ config(materialized='table') }}
with

closes as (
    select * from {{ ref('int_instrument_closes') }}
),

final as (
    select
        instrument_id,
        event_date,
        kind,
        option_type,
        strike,
        underlying,
        expires_at,
        cast(null as double) as implied_volatility,
        cast(null as {{ type_string() }}) as implied_volatility_source,
        case
            when kind = 'option' and is_inverse then underlying_price_usd
            when kind = 'option' then contract_multiplier * underlying_price_usd
            when is_inverse then contract_multiplier
            when kind = 'event' then contract_multiplier * coalesce(mark_price, traded_price) * quote_price_usd
            else
                contract_multiplier
                * coalesce(mark_price * quote_price_usd, underlying_price_usd, traded_price * quote_price_usd)
        end as notional_usd
    from closes
)

select
    *,
    case when kind <> 'option' then notional_usd end as delta_usd,
    case when kind <> 'option' then 0e0 end as gamma_usd,
    case when kind <> 'option' then 0e0 end as vega_usd,
    case when kind <> 'option' then 0e0 end as theta_usd
from final
