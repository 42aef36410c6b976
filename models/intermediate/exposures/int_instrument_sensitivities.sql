-- Sensitivities of one unit of each instrument at the end of each day on which an account holds it, in US dollars,
-- computed once however many accounts hold it. The implied volatility is the day's last mark, else solved from the mark
-- price, else the last one printed on a fill, else the index's.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'knows_as_of_date': true}},
) }}
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
    where {{ since_change('event_date') }}
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
    where kind = 'option' and {{ credible_volatility('quoted_volatility') }} is null
),

candidates as (
    select
        closes.*,
        {{ credible_volatility('closes.quoted_volatility') }} as from_mark,
        {{ credible_volatility('solved.implied_volatility') }} as from_price,
        {{ credible_volatility('closes.traded_volatility') }} as from_trade,
        {{ credible_volatility('closes.index_volatility') }} as from_index
    from closes
    left join {{ implied_volatility('marked', 'instrument_id, event_date') }} as solved
        on closes.instrument_id = solved.instrument_id
        and closes.event_date = solved.event_date
),

volatilities as (
    select
        *,
        case when kind = 'option' then coalesce(from_mark, from_price, from_trade, from_index) end
            as implied_volatility,
        case
            when kind <> 'option' then null
            when from_mark is not null then 'mark'
            when from_price is not null then 'price'
            when from_trade is not null then 'trade'
            when from_index is not null then 'index'
        end as implied_volatility_source
    from candidates
),

distances as (
    select
        *,
        {{ black_76_d1(*terms) }} as d1
    from volatilities
),

valued as (
    select
        *,
        case when is_inverse then 1 else contract_multiplier end as options,
        {{ black_76_delta(*option, d1='d1') }} as delta,
        {{ black_76_gamma(*terms, d1='d1') }} as gamma,
        {{ black_76_vega(*terms, d1='d1') }} as vega,
        {{ black_76_theta(*terms, d1='d1') }} as theta,
        case
            when kind = 'option' and is_inverse then underlying_price_usd
            when kind = 'option' then contract_multiplier * underlying_price_usd
            when is_inverse then contract_multiplier
            when kind = 'event' then contract_multiplier * coalesce(mark_price, traded_price) * quote_price_usd
            else
                contract_multiplier
                * coalesce(mark_price * quote_price_usd, underlying_price_usd, traded_price * quote_price_usd)
        end as notional_usd
    from distances
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
