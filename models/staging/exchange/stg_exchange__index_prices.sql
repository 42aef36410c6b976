{{ config(enabled=(active_venue() == 'exchange')) }}

with

source as (
    {{ select_raw_table(source('exchange', 'index_prices'), 'index_prices') }}
),

{{ checked_against_contract('index_prices', 'source', raw_column_types(source('exchange', 'index_prices'))) }}

select * from checked
