-- The parameters that forecasts were made with on each scoring date; the date that is built replaces its rows, the
-- others stay.
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='as_of_date',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

with

fits as (
    select * from {{ ref('value_fits') }}
    where holdout_weeks = 0
),

basis as (
    select * from {{ ref('int_value_basis') }}
),

final as (
    select
        {{ value_model_version() }} as model_version,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(coalesce(fits.style, 'all_traders') as {{ type_string() }}) as style,
        cast(fits.part as {{ type_string() }}) as part,
        cast(fits.parameter as {{ type_string() }}) as parameter,
        cast(fits.value as double) as value,
        cast(fits.trained_traders as bigint) as trained_traders,
        basis.value_basis
    from fits
    cross join basis
)

select * from final
