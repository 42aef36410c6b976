-- The champion's best style of each trader, before a style that is not certain is held back.
with

traders as (
    select trader_id from {{ ref('trader_features') }}
),

champion as (
    select max(model_version) as model_version
    from {{ ref('segmentation_fits') }}
    where status = 'champion'
),

ruled as (
    select * from {{ ref('int_trader_ruled_styles') }}
),

best_styles as (
    select * from {{ ref('int_trader_style_posteriors') }}
    where is_best
),

micro_segments as (
    select * from {{ ref('int_trader_micro_segments') }}
),

outliers as (
    select * from {{ ref('int_trader_outliers') }}
),

reasons as (
    select * from {{ ref('trader_style_reasons') }}
),

final as (
    select
        traders.trader_id,
        coalesce(
            ruled.style,
            case when best_styles.posterior >= 0.5 then best_styles.style end,
            'unclassified'
        ) as style,
        case when ruled.style is not null then 1 else best_styles.posterior end as style_probability,
        micro_segments.micro_segment_id,
        best_styles.trader_id is not null and coalesce(outliers.is_outlier, false) as is_outlier,
        reasons.top_reasons,
        champion.model_version
    from traders
    cross join champion
    left join ruled on traders.trader_id = ruled.trader_id
    left join best_styles on traders.trader_id = best_styles.trader_id
    left join micro_segments on traders.trader_id = micro_segments.trader_id
    left join outliers on traders.trader_id = outliers.trader_id
    left join reasons on traders.trader_id = reasons.trader_id
)

select * from final
