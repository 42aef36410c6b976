{{ config(enabled=(active_venue() == 'exchange'), database='restricted') }}

with

source as (
    {{ select_raw_table(source('exchange', 'verification_events'), 'verification_events') }}
),

{{ checked_against_contract(
    'verification_events',
    'source',
    raw_column_types(source('exchange', 'verification_events')),
) }}

select * from checked
