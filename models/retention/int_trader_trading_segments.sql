-- The segment of a trader while trading. Silence alone makes a trader dormant, so that by the present style every
-- dormant trader has left and nobody else; what tells who leaves and who comes back is how they traded before.
{{ config(materialized='table') }}
with

traders as (
    select * from {{ ref('trader_segments') }}
),

former_styles as (
    select * from {{ ref('int_trader_former_styles') }}
),

former as (
    select
        traders.trader_id,
        traders.segment_id,
        traders.value_tier,
        traders.style = 'dormant' as is_dormant,
        case
            when traders.style = 'dormant' then coalesce(former_styles.style, 'unclassified')
            else traders.style
        end as style
    from traders
    left join former_styles on traders.trader_id = former_styles.trader_id
),

final as (
    select
        trader_id,
        case when is_dormant then concat_ws('__', style, value_tier) else segment_id end as segment_id,
        style,
        value_tier
    from former
)

select * from final
