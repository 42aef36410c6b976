-- Positions at the end of each day with their sensitivities then, signed by the position. A view: the facts of a trader
-- and day read a few columns each, and storing all of them cost more than a join.
with

quantities as (
    select * from {{ ref('int_position_quantities') }}
),

sensitivities as (
    select * from {{ ref('int_instrument_sensitivities') }}
),

final as (
    select
        quantities.trader_id,
        quantities.account_id,
        quantities.instrument_id,
        sensitivities.kind,
        sensitivities.option_type,
        sensitivities.strike,
        sensitivities.underlying,
        sensitivities.expires_at,
        quantities.event_date,
        quantities.quantity,
        quantities.position_source,
        cast(
            abs(cast(quantities.quantity as double)) * sensitivities.notional_usd as {{ contract_type('decimal') }}
        ) as notional_usd,
        {%- for sensitivity in ['delta_usd', 'gamma_usd', 'vega_usd', 'theta_usd'] %}
        cast(
            cast(quantities.quantity as double) * sensitivities.{{ sensitivity }} as {{ contract_type('decimal') }}
        ) as {{ sensitivity }},
        {%- endfor %}
        sensitivities.implied_volatility,
        sensitivities.implied_volatility_source
    from quantities
    inner join sensitivities
        on quantities.instrument_id = sensitivities.instrument_id
        and quantities.event_date = sensitivities.event_date
)

select * from final
