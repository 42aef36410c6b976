-- Tier of each trader who traded in the window, and what it would have paid, under each schedule.
with

traded as (
    select
        bases.*,
        coalesce(volumes.trailing_volume_usd, 0) as volume_usd,
        equity.equity_usd
    from {{ ref('int_trader_fee_bases') }} as bases
    left join {{ ref('int_trader_fee_volumes') }} as volumes on bases.trader_id = volumes.trader_id
    left join {{ ref('int_trader_equity') }} as equity on bases.trader_id = equity.trader_id
),

tiers as (
    select * from {{ ref('int_schedule_tiers') }}
),

reached as (
    select
        traded.trader_id,
        tiers.schedule,
        max(tiers.tier) as tier
    from traded
    inner join tiers
        on traded.volume_usd >= tiers.minimum_volume_usd
        or traded.equity_usd >= tiers.minimum_assets_usd
    group by 1, 2
),

final as (
    select
        reached.trader_id,
        reached.schedule,
        reached.tier,
        traded.charged_usd,
        traded.unscheduled_usd,
        traded.fee_usd as charged_fee_usd,
        case when traded.charged_usd is not null then {{ scheduled_fee('traded', 'tiers') }} end as fee_usd
    from reached
    inner join traded on reached.trader_id = traded.trader_id
    inner join tiers on reached.schedule = tiers.schedule and reached.tier = tiers.tier
)

select * from final
