{{ config(enabled=(active_venue() == 'exchange')) }}

with

source as (
    {{ select_raw_table(source('exchange', 'campaign_assignments'), 'campaign_assignments') }}
),

{{ checked_against_contract(
    'campaign_assignments',
    'source',
    raw_column_types(source('exchange', 'campaign_assignments')),
) }}

select * from checked
