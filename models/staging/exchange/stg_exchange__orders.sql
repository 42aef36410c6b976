{{ config(enabled=(active_venue() == 'exchange')) }}

with

source as (
    {{ select_raw_table(source('exchange', 'orders'), 'orders') }}
),

{{ checked_against_contract('orders', 'source', raw_column_types(source('exchange', 'orders'))) }}

select * from checked
