-- Traders who may have a fee tier or incentives that they should not: several ids of one hand, volume with oneself.
{%- set decimal = contract_type('decimal') %}
with

tiers as (
    select * from {{ ref('trader_fee_tiers') }}
),

schedule as (
    select * from {{ ref('fee_tiers') }}
),

wash_volumes as (
    select * from {{ ref('int_trader_wash_volumes') }}
),

incentives as (
    select
        trader_id,
        sum(amount_usd) as incentive_usd
    from {{ ref('stg_incentives') }}
    where cast(paid_at as date) <= {{ as_of_date() }} and kind <> 'rebate'
    group by 1
),

members as (
    select
        members.*,
        tiers.trailing_volume_usd,
        tiers.equity_usd,
        coalesce(incentives.incentive_usd, 0) as incentive_usd
    from {{ ref('trader_groups') }} as members
    inner join tiers on members.trader_id = tiers.trader_id
    left join incentives on members.trader_id = incentives.trader_id
),

group_sums as (
    select
        group_trader_id,
        sum(trailing_volume_usd) as group_volume_usd,
        sum(equity_usd) as group_equity_usd,
        sum(incentive_usd) as group_incentive_usd,
        count(case when incentive_usd > 0 then 1 end) as incentive_takers
    from members
    group by 1
),

suspects as (
    select
        tiers.*,
        members.group_trader_id,
        coalesce(members.group_traders, 1) as group_traders,
        coalesce(group_sums.group_volume_usd, tiers.trailing_volume_usd) as group_volume_usd,
        coalesce(group_sums.group_equity_usd, tiers.equity_usd) as group_equity_usd,
        group_sums.incentive_takers,
        group_sums.group_incentive_usd,
        least(coalesce(wash_volumes.wash_volume_usd, 0), tiers.trailing_volume_usd) as wash_volume_usd
    from tiers
    left join members on tiers.trader_id = members.trader_id
    left join group_sums on members.group_trader_id = group_sums.group_trader_id
    left join wash_volumes on tiers.trader_id = wash_volumes.trader_id
    where members.trader_id is not null or wash_volumes.wash_volume_usd > 0
),

reached as (
    select
        suspects.trader_id,
        max(case
            when
                suspects.group_volume_usd >= schedule.minimum_volume_usd
                or suspects.group_equity_usd >= schedule.minimum_assets_usd
                then schedule.tier
        end) as group_tier,
        max(case
            when
                suspects.trailing_volume_usd - suspects.wash_volume_usd >= schedule.minimum_volume_usd
                or suspects.equity_usd >= schedule.minimum_assets_usd
                then schedule.tier
        end) as tier_without_wash
    from suspects
    cross join schedule
    group by 1
),

final as (
    select
        suspects.trader_id,
        cast({{ as_of_date() }} as date) as as_of_date,
        cast(suspects.group_trader_id as {{ type_string() }}) as group_trader_id,
        cast(suspects.group_traders as bigint) as group_traders,
        suspects.tier,
        suspects.trailing_volume_usd,
        reached.group_tier,
        cast(suspects.group_volume_usd as {{ decimal }}) as group_volume_usd,
        cast(suspects.group_incentive_usd as {{ decimal }}) as group_incentive_usd,
        coalesce(suspects.incentive_takers, 0) > 1 as is_paid_repeatedly,
        cast(suspects.wash_volume_usd as {{ decimal }}) as wash_volume_usd,
        {{ share('suspects.wash_volume_usd', 'suspects.trailing_volume_usd') }} as wash_volume_share,
        reached.tier_without_wash,
        cast(
            case when bases.charged_usd is not null then {{ scheduled_fee('bases', 'deserved') }} end
            - {{ scheduled_fee('bases', 'present') }} as {{ decimal }}
        ) as wash_saving_usd,
        reached.tier_without_wash < suspects.tier as is_washed_up,
        features.same_side_links,
        features.api_share
    from suspects
    inner join reached on suspects.trader_id = reached.trader_id
    inner join schedule as present on suspects.tier = present.tier
    inner join schedule as deserved on reached.tier_without_wash = deserved.tier
    left join {{ ref('int_trader_fee_bases') }} as bases on suspects.trader_id = bases.trader_id
    left join {{ ref('trader_features') }} as features on suspects.trader_id = features.trader_id
)

select * from final
