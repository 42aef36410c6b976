{{ config(enabled=(active_venue() == 'exchange')) }}

with

source as (
    {{ select_raw_table(source('exchange', 'fills'), 'fills') }}
),

instruments as (
    select instrument_id
    from {{ ref('stg_exchange__instruments') }}
    where row_status = 'staged'
),

{{ checked_against_contract(
    'fills',
    'source',
    raw_column_types(source('exchange', 'fills')),
    known={'instrument_id': 'instruments'},
) }}

select * from checked
