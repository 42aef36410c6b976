-- A higher tier asks for more volume and for no fewer assets; the lowest is open to everybody.
with

tiers as (
    select
        tier,
        minimum_volume_usd,
        minimum_assets_usd,
        lag(minimum_volume_usd) over (order by tier) as lower_volume_usd,
        max(minimum_assets_usd) over (order by tier rows between unbounded preceding and 1 preceding)
            as lower_assets_usd
    from {{ ref('fee_tiers') }}
)

select *
from tiers
where
    (lower_volume_usd is null and minimum_volume_usd <> 0)
    or minimum_volume_usd <= lower_volume_usd
    or minimum_assets_usd < lower_assets_usd
