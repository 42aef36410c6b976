{{ config(enabled=(active_venue() == 'exchange')) }}

with

source as (
    {{ select_raw_table(source('exchange', 'accounts'), 'accounts') }}
),

{{ checked_against_contract('accounts', 'source', raw_column_types(source('exchange', 'accounts'))) }}

select * from checked
