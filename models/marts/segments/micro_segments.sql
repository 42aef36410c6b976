with

descriptions as (
    select * from {{ ref('micro_segment_descriptions') }}
),

segments as (
    select * from {{ ref('trader_segments') }}
),

sizes as (
    select
        micro_segment_id,
        count(*) as traders
    from segments
    where micro_segment_id is not null
    group by 1
),

styles as (
    select
        style,
        count(*) as traders
    from segments
    group by 1
),

final as (
    select
        cast(descriptions.micro_segment_id as {{ type_string() }}) as micro_segment_id,
        {{ as_of_date() }} as as_of_date,
        cast(descriptions.style as {{ type_string() }}) as style,
        cast(descriptions.name as {{ type_string() }}) as micro_segment_name,
        cast(descriptions.description as {{ type_string() }}) as description,
        coalesce(sizes.traders, 0) as traders,
        {{ share('coalesce(sizes.traders, 0)', 'styles.traders') }} as style_share,
        cast(descriptions.jaccard as double) as jaccard,
        cast(descriptions.fidelity as double) as fidelity,
        cast(descriptions.description_precision as double) as description_precision,
        cast(descriptions.model_version as {{ type_string() }}) as model_version
    from descriptions
    left join sizes on descriptions.micro_segment_id = sizes.micro_segment_id
    left join styles on descriptions.style = styles.style
)

select * from final
