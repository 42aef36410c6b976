{{ config(enabled=(active_venue() == 'exchange')) }}

with

source as (
    {{ select_raw_table(source('exchange', 'incentives'), 'incentives') }}
),

{{ checked_against_contract('incentives', 'source', raw_column_types(source('exchange', 'incentives'))) }}

select * from checked
