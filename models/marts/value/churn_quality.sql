-- How the churn models of each scoring date did on the latest outcomes; the date that is built replaces its rows.
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='as_of_date',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

with

measures as (
    select * from {{ ref('churn_measures') }}
),

final as (
    select
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(target as {{ type_string() }}) as target,
        cast(predictor as {{ type_string() }}) as predictor,
        cast(model_version as {{ type_string() }}) as model_version,
        cast(is_champion as boolean) as is_champion,
        cast(measure as {{ type_string() }}) as measure,
        cast(value as double) as value,
        cast(threshold as double) as threshold,
        cast(passed as boolean) as passed
    from measures
)

select * from final
