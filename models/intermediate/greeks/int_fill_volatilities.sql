-- What the greeks of each fill are computed from. The implied volatility of an option is the venue's mark, else solved
-- from the price of the trade, else the volatility index of the hour. Nothing here was known later than the fill.
{%- set contracts = 'cast(abs(fills.signed_quantity) as double) * cast(fills.contract_multiplier as double)' %}
with

fills as (
    select * from {{ ref('int_fills_valued') }}
),

market_hours as (
    select * from {{ ref('int_market_hours') }}
),

known as (
    select
        fills.*,
        cast(coalesce(fills.index_price, market_hours.price_usd) as double) as spot_usd,
        {{ credible_volatility('cast(fills.mark_iv as double)') }} as mark_volatility,
        {{ credible_volatility('cast(market_hours.implied_volatility as double)') }} as index_volatility,
        case
            when fills.expires_at <= fills.executed_at then 0
            else cast({{ seconds_between('fills.executed_at', 'fills.expires_at') }} as double) / (365e0 * 86400e0)
        end as years_to_expiry,
        {{ dollar_price(
            'fills.quote_currency', share('fills.premium_usd', contracts ~ ' * cast(fills.price as double)')
        ) }} as quote_price_usd
    from fills
    left join market_hours
        on upper(fills.underlying) = market_hours.asset
        and date_trunc('hour', fills.executed_at) = market_hours.hour_start
),

-- Coin-settled options are quoted in coin and struck in dollars; linear ones have both in the quote currency.
priced as (
    select
        *,
        cast(strike as double) * case when is_inverse then 1e0 else cast(quote_price_usd as double) end as strike_usd,
        cast(price as double) * case when is_inverse then spot_usd else cast(quote_price_usd as double) end as price_usd
    from known
),

unsolved as (
    select
        fill_id,
        event_date,
        price_usd as price,
        spot_usd as forward,
        strike_usd as strike,
        years_to_expiry,
        option_type
    from priced
    where kind = 'option' and mark_volatility is null
),

candidates as (
    select
        priced.*,
        {{ credible_volatility('solved.implied_volatility') }} as trade_volatility
    from priced
    left join {{ implied_volatility('unsolved', 'fill_id, event_date') }} as solved
        on priced.fill_id = solved.fill_id
        and priced.event_date = solved.event_date
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
        is_inverse,
        contract_multiplier,
        signed_quantity,
        notional_usd,
        premium_usd,
        spot_usd as underlying_price_usd,
        strike_usd,
        years_to_expiry,
        case when kind = 'option' then coalesce(mark_volatility, trade_volatility, index_volatility) end
            as implied_volatility,
        case
            when kind <> 'option' then null
            when mark_volatility is not null then 'mark'
            when trade_volatility is not null then 'trade'
            when index_volatility is not null then 'index'
        end as implied_volatility_source
    from candidates
)

select * from final
