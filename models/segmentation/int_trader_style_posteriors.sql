-- noqa: disable=LT02
{%- set components = style_components(ref('int_segmentation_components')) %}
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

{{ style_posteriors(components) }},

final as (
    select * from style_posteriors
    where posterior >= 1e-18
)

select * from final
