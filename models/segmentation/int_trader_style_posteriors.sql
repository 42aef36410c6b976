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
    select
        *,
        min(position) over (partition by style) as style_position
    from {{ ref('int_segmentation_components') }}
    where kind = 'style'
),

-- Scores are made twice rather than kept: a sum is cheaper than a row for each trader and component.
peaks as (
    select
        inputs.trader_id,
        max(
            components.intercept
            {{- weighted_inputs('components', 'inputs') | indent(8) }}
        ) as log_score
    from inputs
    cross join components
    group by 1
),

-- Less the largest, no exponential overflows; as decimals they add up alike in any order.
weights as (
    select
        inputs.trader_id,
        components.style,
        components.style_position,
        cast(
            exp(
                components.intercept
                {{- weighted_inputs('components', 'inputs') | indent(12) }}
                - peaks.log_score
            ) as decimal(38, 18)
        ) as weight
    from inputs
    inner join peaks on inputs.trader_id = peaks.trader_id
    cross join components
),

style_weights as (
    select
        trader_id,
        style,
        style_position,
        sum(weight) as weight
    from weights
    where weight > 0
    group by 1, 2, 3
),

final as (
    select
        trader_id,
        style,
        cast(weight as double) / cast(sum(weight) over (partition by trader_id) as double) as posterior,
        row_number() over (partition by trader_id order by weight desc, style_position asc) as style_rank
    from style_weights
)

select * from final
