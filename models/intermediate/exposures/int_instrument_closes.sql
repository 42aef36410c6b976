-- Price and volatility of each instrument at the end of each day on which an account holds it.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'knows_as_of_date': true}},
) }}
with

positions as (
    select
        instrument_id,
        event_date,
        max(mark_price) as mark_price
    from {{ ref('int_position_quantities') }}
    where {{ since_change('event_date') }}
    group by 1, 2
),

last_fills as (
    select * from {{ ref('int_instrument_last_fills') }}
),

quote_days as (
    select
        instrument_id,
        cast(quoted_at as date) as event_date,
        max_by(mark_price, case when mark_price is not null then quoted_at end) as mark_price,
        max_by(mark_iv, case when mark_iv is not null then quoted_at end) as mark_iv
    from {{ ref('stg_quotes') }}
    where {{ since_change('cast(quoted_at as date)') }}
    group by 1, 2
),

instruments as (
    select * from {{ ref('stg_instruments') }}
),

asset_closes as (
    select * from {{ ref('int_asset_closes') }}
),

days as (
    select instrument_id, event_date from positions
    union
    select instrument_id, event_date from last_fills
),

carried as (
    select
        days.instrument_id,
        days.event_date,
        max(last_fills.event_date) over (
            partition by days.instrument_id
            order by days.event_date
            rows between unbounded preceding and current row
        ) as fill_date
    from days
    left join last_fills
        on days.instrument_id = last_fills.instrument_id
        and days.event_date = last_fills.event_date
),

final as (
    select
        positions.instrument_id,
        positions.event_date,
        instruments.kind,
        instruments.option_type,
        instruments.strike,
        instruments.underlying,
        instruments.expires_at,
        instruments.is_inverse,
        cast(instruments.contract_multiplier as double) as contract_multiplier,
        cast({{ seconds_between(
            'cast(' ~ dbt.dateadd('day', 1, 'positions.event_date') ~ ' as timestamp)', 'instruments.expires_at'
        ) }} as double) / (365 * 86400) as years_to_expiry,
        underlying_closes.price_usd as underlying_price_usd,
        cast({{ dollar_price('upper(instruments.quote_currency)', 'quote_closes.price_usd') }} as double)
            as quote_price_usd,
        cast(coalesce(positions.mark_price, quote_days.mark_price) as double) as mark_price,
        cast(last_fills.price as double) as traded_price,
        cast(quote_days.mark_iv as double) as quoted_volatility,
        cast(last_fills.mark_iv as double) as traded_volatility,
        underlying_closes.implied_volatility as index_volatility
    from positions
    inner join instruments on positions.instrument_id = instruments.instrument_id
    inner join carried
        on positions.instrument_id = carried.instrument_id
        and positions.event_date = carried.event_date
    left join last_fills
        on carried.instrument_id = last_fills.instrument_id
        and carried.fill_date = last_fills.event_date
    left join quote_days
        on positions.instrument_id = quote_days.instrument_id
        and positions.event_date = quote_days.event_date
    left join asset_closes as underlying_closes
        on upper(instruments.underlying) = underlying_closes.asset
        and positions.event_date = underlying_closes.event_date
    left join asset_closes as quote_closes
        on upper(instruments.quote_currency) = quote_closes.asset
        and positions.event_date = quote_closes.event_date
)

select * from final
