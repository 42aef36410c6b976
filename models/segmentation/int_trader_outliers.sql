{{ config(materialized='view') }}
-- Traders far from every style: the squared Mahalanobis distance to the nearest, in its width, is beyond the bound.
with

inputs as (
    select * from {{ ref('int_trader_inputs') }}
),

components as (
    select * from {{ ref('int_segmentation_components') }}
),

-- |W (z - m)|² = |W z|² and terms linear in z, so the rows of W are walked once and not for every style.
lengths as (
    select
        inputs.trader_id,
        cast(
            sum(
                cast(
                    least(
                        power(
                            components.intercept
                            {{- weighted_inputs('components', 'inputs', '__distance') | indent(16) }},
                            2
                        ),
                        1e20
                    ) as decimal(38, 12)
                )
            ) as double
        ) as squared_length
    from inputs
    cross join components
    where components.kind = 'whitening'
    group by 1
),

distances as (
    select
        inputs.trader_id,
        components.bound,
        lengths.squared_length / components.width
        + components.intercept
        {{- weighted_inputs('components', 'inputs', '__distance') }} as squared_distance
    from inputs
    inner join lengths on inputs.trader_id = lengths.trader_id
    cross join components
    where components.kind = 'spread'
),

final as (
    select
        trader_id,
        min(squared_distance) > max(bound) as is_outlier
    from distances
    group by 1
)

select * from final
