{{ config(
    enabled=(active_venue() == 'exchange'),
    materialized=by_date(),
    incremental_strategy='by_file',
    on_schema_change='fail',
    post_hook='{{ record_staged_files() }}',
) }}

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
