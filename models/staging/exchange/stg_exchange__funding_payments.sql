{{ config(enabled=(active_venue() == 'exchange')) }}

with

source as (
    {{ select_raw_table(source('exchange', 'funding_payments'), 'funding_payments') }}
),

{{ checked_against_contract('funding_payments', 'source', raw_column_types(source('exchange', 'funding_payments'))) }}

select * from checked
