-- As fee_tiers_rise, for schedules that might be; each needs a tier for everybody, and none is called as the venue's
-- own.
with

tiers as (
    select
        schedule,
        tier,
        minimum_volume_usd,
        minimum_assets_usd,
        lag(minimum_volume_usd) over (partition by schedule order by tier) as lower_volume_usd,
        max(minimum_assets_usd) over (
            partition by schedule order by tier rows between unbounded preceding and 1 preceding
        ) as lower_assets_usd
    from {{ ref('fee_schedules') }}
)

select *
from tiers
where
    schedule = 'present'
    or (lower_volume_usd is null and minimum_volume_usd <> 0)
    or minimum_volume_usd <= lower_volume_usd
    or minimum_assets_usd < lower_assets_usd
