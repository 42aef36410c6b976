with

measures as (
    select * from {{ ref('recommendation_measures') }}
),

final as (
    select
        cast(measure as {{ type_string() }}) as measure,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(value as double) as value,
        cast(baseline as double) as baseline,
        cast(threshold as double) as threshold,
        cast(passed as boolean) as passed
    from measures
)

select * from final
