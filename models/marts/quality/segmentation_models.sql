with

fits as (
    select * from {{ ref('segmentation_fits') }}
),

final as (
    select
        cast(model_version as {{ type_string() }}) as model_version,
        cast(fitted_at as timestamp) as fitted_at,
        cast(as_of_date as date) as as_of_date,
        cast(trained_rows as bigint) as trained_rows,
        cast(status as {{ type_string() }}) as status,
        cast(why as {{ type_string() }}) as why,
        cast(parameters as {{ type_string() }}) as parameters
    from fits
)

select * from final
