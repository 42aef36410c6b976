{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='as_of_date',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

with

scores as (
    select * from {{ ref('feature_drift_scores') }}
),

final as (
    select
        cast(feature_name as {{ type_string() }}) as feature_name,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(model_version as {{ type_string() }}) as model_version,
        cast(reference_date as date) as reference_date,
        cast(reference_traders as bigint) as reference_traders,
        cast(current_traders as bigint) as current_traders,
        cast(bins as bigint) as bins,
        cast(psi as double) as psi,
        cast(alarm_threshold as double) as alarm_threshold,
        cast(is_alarm as boolean) as is_alarm,
        cast(reading as {{ type_string() }}) as reading,
        cast(stayers as bigint) as stayers,
        cast(common_shift as double) as common_shift,
        cast(psi_remaining as double) as psi_remaining,
        cast(psi_stayers as double) as psi_stayers
    from scores
    where {{ as_of_date() }} is not null
)

select * from final
