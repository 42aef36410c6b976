-- The exposure matrix with the segment of each trader.
{{ config(materialized='view') }}
with

account_pools as (
    select * from {{ ref('int_account_pools') }}
),

segments as (
    select * from {{ ref('trader_segments') }}
),

final as (
    select
        account_pools.*,
        coalesce(segments.segment_id, 'unknown') as segment_id,
        coalesce(segments.segment_name, 'Unknown') as segment_name,
        greatest(coalesce(account_pools.equity_usd, 0), 0) as claim_usd
    from account_pools
    left join segments on account_pools.trader_id = segments.trader_id
)

select * from final
