-- noqa: disable=LT02
{%- set components = style_components(ref('int_segmentation_components')) %}
-- How traders who are dormant now traded while they did: what the discriminant says of their last days, which is what
-- a window holds of who trades rarely (int_trader_windows).
with

dormant as (
    select trader_id from {{ ref('int_trader_ruled_styles') }}
    where style = 'dormant'
),

inputs as (
    select inputs.*
    from {{ ref('int_trader_inputs') }} as inputs
    inner join dormant on inputs.trader_id = dormant.trader_id
    where inputs.is_known
),

{{ style_posteriors(components) }},

final as (
    select
        trader_id,
        case when posterior >= 0.5 then style else 'unclassified' end as style,
        posterior as style_probability
    from style_posteriors
    where is_best
)

select * from final
