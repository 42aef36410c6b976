with

measures as (
    select * from {{ ref('segmentation_measures') }}
),

final as (
    select
        cast(model_version as {{ type_string() }}) as model_version,
        cast(measure as {{ type_string() }}) as measure,
        cast(value as double) as value,
        cast(threshold as double) as threshold,
        cast(passed as boolean) as passed
    from measures
)

select * from final
