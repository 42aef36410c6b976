-- How near the shares that were predicted of new expiries came to those they took.
with

measures as (
    select * from {{ ref('choice_quality_measures') }}
),

segments as (
    select * from {{ ref('segment_summary') }}
),

final as (
    select
        cast(measures.segment_id as {{ type_string() }}) as segment_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(coalesce(segments.segment_name, 'All segments') as {{ type_string() }}) as segment_name,
        cast(measures.expiries as bigint) as expiries,
        cast(measures.choices as double) as choices,
        cast(measures.actual_share as double) as actual_share,
        cast(measures.predicted_share as double) as predicted_share,
        cast(measures.popular_share as double) as popular_share,
        cast(measures.predicted_error as double) as predicted_error,
        cast(measures.popular_error as double) as popular_error,
        cast(measures.predicted_rank_correlation as double) as predicted_rank_correlation,
        cast(measures.popular_rank_correlation as double) as popular_rank_correlation,
        cast(measures.covered_share as double) as covered_share,
        cast(measures.model_error as double) as model_error
    from measures
    left join segments on measures.segment_id = segments.segment_id
)

select * from final
