{{ config(enabled=(active_venue() == 'hyperliquid')) }}

with

fills as (
    select distinct instrument_id
    from {{ ref('stg_hyperliquid__fills') }}
    where instrument_id is not null
),

-- The venue names a spot pair `@<number>` or `<base>/<quote>`, a perpetual by its coin.
renamed as (
    select
        instrument_id,
        case when instrument_id like '@%' or instrument_id like '%/%' then 'spot' else 'perpetual' end as kind,
        split_part(instrument_id, '/', 1) as underlying,
        'USDC' as quote_currency,
        'USDC' as settlement_currency,
        'false' as is_inverse,
        '1' as contract_multiplier
    from fills
),

{{ checked_against_contract(
    'instruments',
    'renamed',
    absent=['strike', 'option_type', 'expires_at', 'listed_at', 'source_file', 'source_row'],
) }}

select * from checked
