-- The most that each trader loses under any scenario, over all accounts and pools.
{%- set scenarios = risk_scenario_ids() %}
{%- set losses = [] %}
{%- for _ in scenarios %}
{%- do losses.append('loss_' ~ loop.index) %}
{%- endfor %}
with

account_scenarios as (
    select * from {{ ref('int_account_scenarios') }}
),

account_terms as (
    select * from {{ ref('int_account_terms') }}
),

trader_losses as (
    select
        {%- for loss in losses %}
        round(
            sum(
                coalesce(account_scenarios.position_{{ loss }}, 0)
                + coalesce(account_scenarios.collateral_{{ loss }}, 0)
            ),
            6
        ) as {{ loss }},
        {%- endfor %}
        account_terms.trader_id
    from account_scenarios
    inner join account_terms on account_scenarios.account_id = account_terms.account_id
    group by account_terms.trader_id
),

worst as (
    select
        *,
        {{ largest_of(losses) }} as worst_loss_usd
    from trader_losses
),

-- Who gains in every scenario loses nothing in any.
final as (
    select
        trader_id,
        case
            when worst_loss_usd <= 0 then null
            {%- for scenario in scenarios %}
            when loss_{{ loop.index }} = worst_loss_usd then '{{ scenario }}'
            {%- endfor %}
        end as tail_scenario_id,
        case when worst_loss_usd > 0 then worst_loss_usd else 0 end as tail_loss_usd
    from worst
)

select * from final
