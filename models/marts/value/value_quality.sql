-- How far the forecasts of each scoring date could be trusted; the date that is built replaces its rows, the others
-- stay.
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='as_of_date',
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

with

measures as (
    select * from {{ ref('value_measures') }}
),

-- Everybody's ranking is for information: half of a venue trades for cents.
thresholds as (
    select
        *,
        'recently_active' as population
    from {{ ref('value_thresholds') }}
),

basis as (
    select * from {{ ref('int_value_basis') }}
),

final as (
    select
        {{ value_model_version() }} as model_version,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(measures.measure as {{ type_string() }}) as measure,
        cast(measures.population as {{ type_string() }}) as population,
        cast(measures.value as double) as value,
        cast(measures.run_rate as double) as baseline,
        cast(measures.last_8_weeks as double) as baseline_last_8_weeks,
        cast(measures.last_4_weeks as double) as baseline_last_4_weeks,
        cast(measures.rfm_quintiles as double) as baseline_rfm_quintiles,
        cast(thresholds.threshold as double) as threshold,
        {{ condition_holds(
            'case when thresholds.is_absolute then abs(measures.value) else measures.value end',
            'thresholds.comparison',
            'thresholds.threshold',
        ) }} as passed,
        cast(measures.holdout_weeks as bigint) as holdout_weeks,
        cast(measures.trader_count as bigint) as trader_count,
        basis.value_basis,
        cast(measures.why as {{ type_string() }}) as why
    from measures
    cross join basis
    left join thresholds
        on measures.measure = thresholds.measure and measures.population = thresholds.population
)

select * from final
