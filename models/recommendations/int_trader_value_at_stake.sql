-- What the venue stands to lose with each trader, on scales from 0 to 1. Here are the fees paid so far less rebates; the
-- one place to change where more is known of what a trader will be worth, and of how likely it is to be lost.
with

traders as (
    select
        trader_id,
        net_revenue_usd as value_usd,
        cast(null as double) as churn_risk
    from {{ ref('trader_segments') }}
),

ranked as (
    select
        trader_id,
        percent_rank() over (order by value_usd) as value_rank
    from traders
    where value_usd is not null
),

final as (
    select
        traders.trader_id,
        traders.value_usd,
        case
            when traders.value_usd <= 0 then 0e0
            else cast(ranked.value_rank as double)
        end as value_at_stake,
        traders.churn_risk
    from traders
    left join ranked on traders.trader_id = ranked.trader_id
)

select * from final
