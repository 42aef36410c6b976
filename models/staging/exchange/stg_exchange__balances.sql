{{ config(enabled=(active_venue() == 'exchange')) }}

with

source as (
    {{ select_raw_table(source('exchange', 'balances'), 'balances') }}
),

{{ checked_against_contract('balances', 'source', raw_column_types(source('exchange', 'balances'))) }}

select * from checked
