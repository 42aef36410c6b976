-- One row per staged fill with its owner, instrument and value in US dollars. A table: exact decimals cost most of a
-- scan, and the facts of a day read it more than once.
{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
{%- set dollars = text_list(var('dollar_currencies')) %}
with

fills as (
    select * from {{ ref('stg_fills') }}
    where {{ since_change('cast(executed_at as date)') }}
),

instruments as (
    select * from {{ ref('stg_instruments') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

asset_days as (
    select * from {{ ref('int_asset_days') }}
),

-- Without the instruments table an instrument is taken as linear, one base unit a contract, quoted in US dollars.
described as (
    select
        fills.*,
        cast(fills.executed_at as date) as event_date,
        accounts.trader_id,
        instruments.kind,
        instruments.option_type,
        instruments.strike,
        instruments.expires_at,
        coalesce(instruments.underlying, fills.instrument_id) as underlying,
        coalesce(instruments.is_inverse, false) as is_inverse,
        coalesce(instruments.contract_multiplier, 1) as contract_multiplier,
        upper(coalesce(instruments.quote_currency, 'USD')) as quote_currency,
        upper(coalesce(instruments.settlement_currency, 'USD')) as settlement_currency,
        upper(coalesce(fills.fee_currency, instruments.settlement_currency, 'USD')) as charged_currency
    from fills
    inner join accounts on fills.account_id = accounts.account_id
    left join instruments on fills.instrument_id = instruments.instrument_id
),

priced as (
    select
        described.*,
        coalesce(described.index_price, underlying_days.price_usd) as underlying_price_usd,
        {{ dollar_price('described.quote_currency', 'quote_days.price_usd') }} as quote_price_usd,
        {{ dollar_price(
            'described.settlement_currency',
            'settlement_days.price_usd',
            own_price="case when described.settlement_currency"
                ~ " = upper(described.underlying) then described.index_price end",
        ) }} as settlement_price_usd,
        {{ dollar_price(
            'described.charged_currency',
            'fee_days.price_usd',
            own_price="case when described.charged_currency"
                ~ " = upper(described.underlying) then described.index_price end",
        ) }} as fee_price_usd
    from described
    left join asset_days as underlying_days
        on upper(described.underlying) = underlying_days.asset and described.event_date = underlying_days.event_date
    left join asset_days as quote_days
        on described.quote_currency = quote_days.asset and described.event_date = quote_days.event_date
    left join asset_days as settlement_days
        on described.settlement_currency = settlement_days.asset and described.event_date = settlement_days.event_date
    left join asset_days as fee_days
        on described.charged_currency = fee_days.asset and described.event_date = fee_days.event_date
),

sized as (
    select
        priced.*,
        {{ decimal_product('quantity', 'contract_multiplier') }} as units,
        charged_currency in {{ dollars }} as is_charged_in_dollars
    from priced
),

-- What a fee is charged on, in its own currency: with a price in between, a fee that stands still would seem to move.
charged as (
    select
        sized.*,
        case
            when reported_notional_usd is not null
                then case when is_charged_in_dollars then cast(reported_notional_usd as double) end
            when charged_currency = upper(underlying)
                then {{ share(
                    'units', "case when is_inverse and coalesce(kind, '') <> 'option' then price else 1 end"
                ) }}
            when kind = 'option' then case when is_charged_in_dollars then cast(units as double) * index_price end
            when is_inverse then case when is_charged_in_dollars then cast(units as double) end
            when charged_currency = quote_currency or (is_charged_in_dollars and quote_currency in {{ dollars }})
                then cast(units as double) * price
        end as fee_base
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
        ingested_at,
        side,
        kind,
        option_type,
        strike,
        underlying,
        expires_at,
        is_inverse,
        contract_multiplier,
        quote_currency,
        liquidity_role,
        is_liquidation,
        price,
        mark_iv,
        index_price,
        underlying_price_usd,
        cast(case side when 'buy' then quantity else -quantity end as {{ contract_type('decimal') }})
            as signed_quantity,
        coalesce(
            reported_notional_usd,
            case
                when is_inverse and kind = 'option' then {{ decimal_product('quantity', 'underlying_price_usd') }}
                when is_inverse then units
                else {{ decimal_product(decimal_product('units', 'price'), 'quote_price_usd') }}
            end
        ) as notional_usd,
        case
            when kind = 'option' and is_inverse
                then {{ decimal_product(decimal_product('quantity', 'price'), 'underlying_price_usd') }}
            when kind = 'option' then {{ decimal_product(decimal_product('units', 'price'), 'quote_price_usd') }}
        end as premium_usd,
        {{ decimal_product('fee', 'fee_price_usd') }} as fee_usd,
        10000 * {{ share('fee', 'fee_base') }} as fee_bps,
        {{ decimal_product('realized_pnl', 'settlement_price_usd') }} as realized_pnl_usd,
        case
            when fee is not null and fee_price_usd is null then charged_currency
            when realized_pnl is not null and settlement_price_usd is null then settlement_currency
            when reported_notional_usd is null and not is_inverse and quote_price_usd is null then quote_currency
            when is_inverse and kind = 'option' and underlying_price_usd is null then underlying
        end as unpriced_currency
    from charged
)

select * from final
