-- Sensitivities of one unit of each instrument at the end of each day on which an account holds it, in US dollars: computed
-- once, however many accounts hold it. The implied volatility is the day's last mark, else solved from the mark price, else
-- the last one printed on a fill, else the index's.
{{ config(materialized='table') }}
{%- set terms = ['underlying_price_usd', 'strike_usd', 'years_to_expiry', 'implied_volatility'] -%}
{%- set option = terms + ['option_type'] %}
with

-- Coin-settled options are priced in coin and struck in dollars, linear ones are both in the quote currency.
closes as (
    select
        *,
        mark_price * case when is_inverse then underlying_price_usd else quote_price_usd end as mark_price_usd,
        cast(strike as double) * case when is_inverse then 1 else quote_price_usd end as strike_usd
    from {{ ref('int_instrument_closes') }}
),

marked as (
    select
        instrument_id,
        event_date,
        option_type,
        mark_price_usd as price,
        underlying_price_usd as forward,
        strike_usd as strike,
        years_to_expiry
    from closes
    where kind = 'option' and not coalesce({{ is_credible_volatility('quoted_volatility') }}, false)
),

candidates as (
    select
        closes.*,
        {%- for source, column in {
            'mark': 'closes.quoted_volatility',
            'price': 'solved.implied_volatility',
            'trade': 'closes.traded_volatility',
            'index': 'closes.index_volatility',
        }.items() %}
        case when closes.kind = 'option' and {{ is_credible_volatility(column) }} then {{ column }} end
            as from_{{ source }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from closes
    left join {{ implied_volatility('marked', 'instrument_id, event_date') }} as solved
        on closes.instrument_id = solved.instrument_id
        and closes.event_date = solved.event_date
),

volatilities as (
    select
        *,
        coalesce(from_mark, from_price, from_trade, from_index) as implied_volatility,
        case
            when from_mark is not null then 'mark'
            when from_price is not null then 'price'
            when from_trade is not null then 'trade'
            when from_index is not null then 'index'
        end as implied_volatility_source
    from candidates
),

valued as (
    select
        *,
        case when is_inverse then 1 else contract_multiplier end as options,
        {{ black_76_delta(*option) }} as delta,
        {{ black_76_gamma(*terms) }} as gamma,
        {{ black_76_vega(*terms) }} as vega,
        {{ black_76_theta(*terms) }} as theta,
        case
            when kind = 'option' and is_inverse then underlying_price_usd
            when kind = 'option' then contract_multiplier * underlying_price_usd
            when is_inverse then contract_multiplier
            when kind = 'event' then contract_multiplier * coalesce(mark_price, traded_price) * quote_price_usd
            else
                contract_multiplier
                * coalesce(mark_price * quote_price_usd, underlying_price_usd, traded_price * quote_price_usd)
        end as notional_usd
    from volatilities
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
        underlying_price_usd,
        implied_volatility,
        implied_volatility_source,
        notional_usd,
        case
            when kind = 'option' then options * delta * underlying_price_usd
            when kind in ('perpetual', 'future') then notional_usd
        end as delta_usd,
        case
            when kind = 'option' then options * gamma * underlying_price_usd * underlying_price_usd / 100
            when kind in ('perpetual', 'future') then 0
        end as gamma_usd,
        case when kind = 'option' then options * vega when kind in ('perpetual', 'future') then 0 end as vega_usd,
        case when kind = 'option' then options * theta when kind in ('perpetual', 'future') then 0 end as theta_usd
    from valued
)

select * from final
