-- What it is worth to a trader to reach the next fee tier, and to the venue to help.
{%- set days = var('fee_schedule').volume_days %}
{%- set reach = var('fee_schedule').reach_deviations %}
{%- set decimal = contract_type('decimal') %}
with

tiers as (
    select * from {{ ref('trader_fee_tiers') }}
    where next_tier is not null
),

bases as (
    select * from {{ ref('int_trader_fee_bases') }}
),

volumes as (
    select * from {{ ref('int_trader_fee_volumes') }}
),

schedule as (
    select * from {{ ref('fee_tiers') }}
),

priced as (
    select
        tiers.*,
        bases.charged_usd,
        tiers.trailing_volume_usd + tiers.next_tier_volume_gap_usd as next_volume_usd,
        case when bases.charged_usd is not null then {{ scheduled_fee('bases', 'present') }} end as fee_usd,
        case when bases.charged_usd is not null then {{ scheduled_fee('bases', 'upper_tier') }} end as next_fee_usd,
        -- As in trader_fee_tiers: the deviation of the volume to come.
        {{ share(
            '(tiers.projected_volume_usd - tiers.trailing_volume_usd - tiers.next_tier_volume_gap_usd)',
            'volumes.week_deviation_usd * sqrt(' ~ days ~ ' / 7e0 * (1 + ' ~ days
                ~ ' / cast(volumes.observed_days as double)))',
        ) }} as distance
    from tiers
    inner join bases on tiers.trader_id = bases.trader_id
    inner join volumes on tiers.trader_id = volumes.trader_id
    inner join schedule as present on tiers.tier = present.tier
    inner join schedule as upper_tier on tiers.next_tier = upper_tier.tier
    where tiers.trailing_volume_usd > 0
),

valued as (
    select
        priced.*,
        fee_usd - next_fee_usd as saving_usd,
        case
            when projected_volume_usd is not null
                then coalesce(distance >= -{{ reach }}, projected_volume_usd >= next_volume_usd)
        end as is_in_reach,
        cast(
            {{ share('next_fee_usd', 'trailing_volume_usd') }}
            * cast(next_tier_volume_gap_usd as double) as {{ decimal }}
        ) as gap_fee_usd,
        case
            when projected_volume_usd is null then null
            when distance is null then case when projected_volume_usd >= next_volume_usd then 1e0 else 0e0 end
            else round({{ normal_cdf('distance') }}, 12)
        end as probability_anyway
    from priced
),

final as (
    select
        trader_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        tier,
        next_tier,
        next_tier_volume_gap_usd,
        next_tier_volume_gap_share,
        cast(fee_usd as {{ decimal }}) as fee_usd,
        cast(saving_usd as {{ decimal }}) as trader_saving_usd,
        gap_fee_usd,
        cast(gap_fee_usd - saving_usd as {{ decimal }}) as venue_net_usd,
        cast(
            cast(trailing_volume_usd as double)
            * {{ share('fee_usd', 'case when next_fee_usd > 0 then next_fee_usd end') }} as {{ decimal }}
        ) as breakeven_volume_usd,
        cast(probability_anyway as double) as probability_anyway,
        is_in_reach,
        case
            when is_in_reach
                then cast((1 - probability_anyway) * cast(gap_fee_usd - saving_usd as double) as {{ decimal }})
        end as expected_venue_net_usd,
        is_in_reach and gap_fee_usd > saving_usd as is_worthwhile
    from valued
)

select * from final
