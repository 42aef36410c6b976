-- Traders above the low value tier who have gone quiet, by their own habits or for eight weeks.
with

segments as (
    select * from {{ ref('trader_segments') }}
),

final as (
    select trader_id
    from segments
    where value_tier in ('top', 'high', 'medium') and lifecycle_stage in ('at_risk', 'dormant', 'churned')
)

select * from final
