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
        cast(champion_since as date) as champion_since,
        cast(compared_with as {{ type_string() }}) as compared_with,
        cast(holdout_brier_score as double) as holdout_brier_score,
        cast(champion_brier_score as double) as champion_brier_score,
        cast(brier_gain_error as double) as brier_gain_error,
        cast(style_agreement as double) as style_agreement,
        cast(moved_share as double) as moved_share,
        cast(refit_moved_share as double) as refit_moved_share,
        cast(parameters as {{ type_string() }}) as parameters
    from fits
)

select * from final
