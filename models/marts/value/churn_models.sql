-- The churn models of each scoring date; the date that is built replaces its rows, the others stay.
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='as_of_date',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

with

fits as (
    select * from {{ ref('churn_fits') }}
),

final as (
    select
        cast(model_version as {{ type_string() }}) as model_version,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(target as {{ type_string() }}) as target,
        cast(method as {{ type_string() }}) as method,
        cast(status as {{ type_string() }}) as status,
        cast(why as {{ type_string() }}) as why,
        cast(trained_rows as bigint) as trained_rows,
        cast(trained_events as bigint) as trained_events,
        cast(parameters as {{ type_string() }}) as parameters
    from fits
)

select * from final
