{{ config(enabled=(active_venue() == 'exchange'), database='restricted') }}

with

source as (
    {{ select_raw_table(source('exchange', 'customers'), 'customers') }}
),

{{ checked_against_contract('customers', 'source', raw_column_types(source('exchange', 'customers'))) }}

select * from checked
