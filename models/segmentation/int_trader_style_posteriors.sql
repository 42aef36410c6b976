-- What the discriminant gives the traders whom no rule decides and of whom enough is known.
with

ruled as (
    select * from {{ ref('int_trader_ruled_styles') }}
),

inputs as (
    select inputs.*
    from {{ ref('int_trader_inputs') }} as inputs
    left join ruled on inputs.trader_id = ruled.trader_id
    where inputs.is_known and ruled.trader_id is null
),

components as (
    select * from {{ ref('int_segmentation_components') }}
    where kind = 'style'
),

log_scores as (
    select
        inputs.trader_id,
        components.style,
        components.position,
        components.intercept
        {{- weighted_inputs('components', 'inputs') }} as log_score
    from inputs
    cross join components
),

peaks as (
    select
        trader_id,
        max(log_score) as log_score
    from log_scores
    group by 1
),

-- Less the largest, no exponential overflows; as decimals they add up alike in any order.
weights as (
    select
        log_scores.trader_id,
        log_scores.style,
        log_scores.position,
        cast(exp(log_scores.log_score - peaks.log_score) as decimal(38, 18)) as weight
    from log_scores
    inner join peaks on log_scores.trader_id = peaks.trader_id
),

style_weights as (
    select
        trader_id,
        style,
        min(position) as position,
        sum(weight) as weight
    from weights
    group by 1, 2
),

final as (
    select
        trader_id,
        style,
        cast(weight as double) / cast(sum(weight) over (partition by trader_id) as double) as posterior,
        row_number() over (partition by trader_id order by weight desc, position asc) as style_rank
    from style_weights
)

select * from final
