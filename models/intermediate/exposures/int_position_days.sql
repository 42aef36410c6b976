-- Positions at the end of each day with their sensitivities then, signed by the position.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'knows_as_of_date': true}},
) }}
with

quantities as (
    select * from {{ ref('int_position_quantities') }}
    where {{ since_change('event_date') }}
),

sensitivities as (
    select * from {{ ref('int_instrument_sensitivities') }}
    where {{ since_change('event_date') }}
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
