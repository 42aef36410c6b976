{{ config(enabled=(active_venue() == 'exchange')) }}

with

source as (
    {{ select_raw_table(source('exchange', 'instruments'), 'instruments') }}
),

{{ checked_against_contract('instruments', 'source', raw_column_types(source('exchange', 'instruments'))) }}

select * from checked
