{{ config(enabled=(active_venue() == 'exchange')) }}

with

source as (
    {{ select_raw_table(source('exchange', 'transfers'), 'transfers') }}
),

{{ checked_against_contract('transfers', 'source', raw_column_types(source('exchange', 'transfers'))) }}

select * from checked
