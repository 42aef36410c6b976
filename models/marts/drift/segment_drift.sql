{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='as_of_date',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

with

scores as (
    select * from {{ ref('segment_drift_scores') }}
),

final as (
    select
        cast(segment_id as {{ type_string() }}) as segment_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(model_version as {{ type_string() }}) as model_version,
        cast(reference_date as date) as reference_date,
        cast(reference_traders as bigint) as reference_traders,
        cast(current_traders as bigint) as current_traders,
        cast(reference_share as double) as reference_share,
        cast(current_share as double) as current_share,
        cast(share_shift as double) as share_shift,
        cast(alarm_threshold as double) as alarm_threshold,
        cast(is_alarm as boolean) as is_alarm
    from scores
    where {{ as_of_date() }} is not null
)

select * from final
