-- What a fill cost against the mid, and what it was worth after each horizon, to the client in US dollars.
{%- set horizons = var('markout_horizons') %}
{%- set days_ahead = (horizons.values() | max / 86400) | round(method='ceil') | int %}
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'days_before': days_ahead, 'knows_as_of_date': true}},
) }}
with

fills as (
    select
        fill_id,
        trader_id,
        order_id,
        instrument_id,
        event_date,
        case when kind = 'option' and is_inverse then 'inverse' when kind = 'option' then 'linear' end as option_form,
        liquidity_role,
        case side when 'buy' then 1 else -1 end as side_sign,
        cast(price as double) as price,
        cast(signed_quantity as double) * case when is_inverse then 1 else cast(contract_multiplier as double) end
            as signed_units,
        -- a linear option's notional is its premium; here it is the value of its underlying, as of an inverse one
        case
            when kind = 'option' and not is_inverse
                then {{ decimal_product(
                    decimal_product('abs(signed_quantity)', 'contract_multiplier'), 'index_price'
                ) }}
            else notional_usd
        end as notional_usd,
        cast(premium_usd as double) as premium_usd,
        fee_usd,
        cast(index_price as double) as underlying_price_usd
    from {{ ref('int_fills_valued') }}
    where event_date <= {{ as_of_date() }} and {{ since_change('event_date') }}
),

mids as (
    select * from {{ ref('int_fill_mids') }}
    where {{ since_change('event_date') }}
),

option_greeks as (
    select
        fill_id,
        unit_delta,
        abs(vega_usd) as vega_usd
    from {{ ref('int_fill_greeks') }}
    where kind = 'option' and {{ since_change('event_date') }}
),

described as (
    select
        fills.*,
        option_greeks.unit_delta,
        option_greeks.vega_usd,
        -- dollars per unit of the price: of an inverse option the coin's
        case fills.option_form
            when 'inverse' then fills.underlying_price_usd
            when 'linear' then abs(fills.premium_usd / (fills.signed_units * fills.price))
        end as quote_price_usd,
        {%- for name in horizons %}
        mids.mid_price_{{ name }},
        mids.underlying_price_{{ name }}_usd,
        {%- endfor %}
        mids.mid_price
    from fills
    inner join mids on fills.fill_id = mids.fill_id
    left join option_greeks on fills.fill_id = option_greeks.fill_id
),

valued as (
    select
        described.*,
        {%- for name in horizons %}
        mid_price_{{ name }}
        * case option_form when 'inverse' then underlying_price_{{ name }}_usd else quote_price_usd end
            as unit_value_{{ name }}_usd,
        {%- endfor %}
        price * quote_price_usd as unit_value_usd
    from described
),

-- In dollars to the client; the notional carries no sign.
measured as (
    select
        valued.*,
        {%- for name in horizons %}
        case
            when option_form is null
                then cast(notional_usd as double) * side_sign * (mid_price_{{ name }} - price) / price
            else
                signed_units * (unit_value_{{ name }}_usd - unit_value_usd)
                - signed_units * unit_delta * (underlying_price_{{ name }}_usd - underlying_price_usd)
        end as markout_{{ name }},
        {%- endfor %}
        case
            when option_form is null
                then cast(notional_usd as double) * side_sign * (price - mid_price) / mid_price
            else premium_usd * side_sign * (price - mid_price) / price
        end as effective_spread,
        cast(notional_usd as double) * side_sign * (price - mid_price_300s) / mid_price as delta_one_realized_spread
    from valued
),

final as (
    select
        fill_id,
        trader_id,
        coalesce(order_id, fill_id) as order_id,
        instrument_id,
        event_date,
        option_form is not null as is_option,
        coalesce(liquidity_role, 'taker') = 'taker' as is_taker,
        notional_usd,
        fee_usd,
        vega_usd,
        {%- for name in horizons %}
        cast(markout_{{ name }} as {{ contract_type('decimal') }}) as markout_{{ name }}_usd,
        {%- endfor %}
        cast(effective_spread as {{ contract_type('decimal') }}) as effective_spread_usd,
        cast(case
            when option_form is null then delta_one_realized_spread
            when mid_price is not null then -markout_300s
        end as {{ contract_type('decimal') }}) as realized_spread_usd
    from measured
)

select * from final
