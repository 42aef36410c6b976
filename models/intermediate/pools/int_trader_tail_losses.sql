-- The most that each trader loses under any scenario, over all accounts and pools.
with

losses as (
    select * from {{ ref('int_account_pool_losses') }}
),

account_terms as (
    select * from {{ ref('int_account_terms') }}
),

trader_losses as (
    select
        account_terms.trader_id,
        losses.scenario_id,
        sum(losses.loss_usd) as loss_usd
    from losses
    inner join account_terms on losses.account_id = account_terms.account_id
    group by 1, 2
),

ranked as (
    select
        trader_id,
        scenario_id,
        loss_usd,
        row_number() over (partition by trader_id order by round(loss_usd, 6) desc, scenario_id asc) as loss_rank
    from trader_losses
),

-- Who gains in every scenario loses nothing in any.
final as (
    select
        trader_id,
        case when loss_usd > 0 then scenario_id end as tail_scenario_id,
        case when loss_usd > 0 then loss_usd else 0 end as tail_loss_usd
    from ranked
    where loss_rank = 1
)

select * from final
