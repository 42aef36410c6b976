{{ config(enabled=(active_venue() == 'exchange')) }}

with

source as (
    {{ select_raw_table(source('exchange', 'quotes'), 'quotes') }}
),

{{ checked_against_contract('quotes', 'source', raw_column_types(source('exchange', 'quotes'))) }}

select * from checked
