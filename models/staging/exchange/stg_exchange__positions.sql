{{ config(
    enabled=(active_venue() == 'exchange'),
    materialized=by_date(),
    incremental_strategy='by_file',
    on_schema_change='fail',
    post_hook='{{ record_staged_files() }}',
) }}

with

source as (
    {{ select_raw_table(source('exchange', 'positions'), 'positions') }}
),

{{ checked_against_contract('positions', 'source', raw_column_types(source('exchange', 'positions'))) }}

select * from checked
