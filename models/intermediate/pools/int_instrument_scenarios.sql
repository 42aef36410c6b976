-- What one unit of each instrument held on the as-of date pays under each scenario, in US dollars: options are valued
-- anew, futures and perpetuals move with the price of the underlying.
{{ config(materialized='table') }}
{%- set today = ['underlying_price_usd', 'strike_usd', 'years_to_expiry', 'implied_volatility'] -%}
{%- set then = ['scenario_price_usd', 'strike_usd', 'years_to_expiry', 'scenario_volatility'] %}
with

closes as (
    select * from {{ ref('int_instrument_closes') }}
    where event_date = {{ as_of_date() }}
),

sensitivities as (
    select * from {{ ref('int_instrument_sensitivities') }}
    where event_date = {{ as_of_date() }}
),

scenarios as (
    select * from {{ ref('risk_scenarios') }}
),

-- As int_instrument_sensitivities: coin-settled options are struck in dollars, one coin each.
held as (
    select
        closes.instrument_id,
        closes.kind,
        closes.option_type,
        closes.is_inverse,
        upper(closes.underlying) as underlying,
        closes.years_to_expiry,
        closes.underlying_price_usd,
        cast(closes.strike as double) * case when closes.is_inverse then 1 else closes.quote_price_usd end
            as strike_usd,
        case when closes.is_inverse then 1 else closes.contract_multiplier end as options,
        sensitivities.implied_volatility,
        sensitivities.notional_usd
    from closes
    inner join sensitivities on closes.instrument_id = sensitivities.instrument_id
),

shocked as (
    select
        held.*,
        scenarios.scenario_id,
        scenarios.spot_shock,
        held.underlying_price_usd * (1 + scenarios.spot_shock) as scenario_price_usd,
        held.implied_volatility * (1 + scenarios.volatility_shock) as scenario_volatility
    from held
    inner join scenarios on coalesce(held.underlying = scenarios.underlying, true)
),

distances as (
    select
        *,
        {{ black_76_d1(*today) }} as d1,
        {{ black_76_d1(*then) }} as scenario_d1
    from shocked
),

valued as (
    select
        *,
        options * {{ black_76_price(*(today + ['option_type']), d1='d1') }} as option_usd,
        options * {{ black_76_price(*(then + ['option_type']), d1='scenario_d1') }} as scenario_option_usd
    from distances
),

-- A coin-settled option pays the change of its price in coin: the coin that it is worth already stands in the equity of
-- the account and is revalued there.
final as (
    select
        instrument_id,
        scenario_id,
        case
            when kind = 'option' and is_inverse then scenario_option_usd - option_usd * (1 + spot_shock)
            when kind = 'option' then scenario_option_usd - option_usd
            when kind in ('perpetual', 'future') then notional_usd * spot_shock
        end as pnl_usd
    from valued
)

select * from final
