{{ config(
    enabled=(active_venue() == 'exchange'),
    materialized=by_date(),
    incremental_strategy='by_file',
    on_schema_change='fail',
    post_hook='{{ record_staged_files() }}',
) }}

{%- set instruments = "(select * from " ~ ref('stg_exchange__instruments') ~ " where row_status = 'staged')" %}
with

source as (
    {{ select_raw_table(source('exchange', 'fills'), 'fills', known={'instrument_id': instruments}) }}
),

instruments as (
    select instrument_id
    from {{ ref('stg_exchange__instruments') }}
    where row_status = 'staged'
),

{{ checked_against_contract(
    'fills',
    'source',
    raw_column_types(source('exchange', 'fills')),
    known={'instrument_id': 'instruments'},
) }}

select * from checked
