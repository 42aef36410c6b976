{{ config(enabled=(active_venue() == 'exchange')) }}

with

source as (
    {{ select_raw_table(source('exchange', 'open_interest'), 'open_interest') }}
),

{{ checked_against_contract('open_interest', 'source', raw_column_types(source('exchange', 'open_interest'))) }}

select * from checked
