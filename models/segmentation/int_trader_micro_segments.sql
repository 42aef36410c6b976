{{ config(materialized='view') }}
-- The most probable micro-segment of the style that the discriminant is sure of.
with

inputs as (
    select * from {{ ref('int_trader_inputs') }}
),

best_styles as (
    select * from {{ ref('int_trader_style_posteriors') }}
    where is_best and posterior >= 0.5
),

components as (
    select * from {{ ref('int_segmentation_components') }}
    where kind = 'micro_segment'
),

log_scores as (
    select
        inputs.trader_id,
        components.micro_segment_id,
        components.position,
        components.intercept
        {{- weighted_inputs('components', 'inputs') }} as log_score
    from inputs
    inner join best_styles on inputs.trader_id = best_styles.trader_id
    inner join components on best_styles.style = components.style
),

ranked as (
    select
        *,
        row_number() over (partition by trader_id order by log_score desc, position asc) as segment_rank
    from log_scores
),

final as (
    select
        trader_id,
        micro_segment_id
    from ranked
    where segment_rank = 1
)

select * from final
