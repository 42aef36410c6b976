{{ config(enabled=(active_venue() == 'polymarket')) }}

with

outcomes as (
    select
        instrument_id,
        split_part(instrument_id, ':', 1) as market
    from {{ ref('stg_polymarket__fills') }}
    where instrument_id is not null
    group by 1, 2
),

renamed as (
    select
        instrument_id,
        'event' as kind,
        market as underlying,
        'USDC' as quote_currency,
        'USDC' as settlement_currency,
        'false' as is_inverse,
        '1' as contract_multiplier
    from outcomes
),

{{ checked_against_contract(
    'instruments',
    'renamed',
    absent=['strike', 'option_type', 'expires_at', 'listed_at', 'source_file', 'source_row'],
) }}

select * from checked
