{{ config(enabled=(active_venue() == 'exchange')) }}

with

source as (
    {{ select_raw_table(source('exchange', 'positions'), 'positions') }}
),

{{ checked_against_contract('positions', 'source', raw_column_types(source('exchange', 'positions'))) }}

select * from checked
