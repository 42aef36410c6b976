-- What each account loses in each pool under each scenario, a row each: a view, as storing it would take dozens of rows
-- for each position.
{%- set rows = [] %}
{%- for scenario in risk_scenario_ids() %}
{%- do rows.append(["'" ~ scenario ~ "'", 'position_loss_' ~ loop.index, 'collateral_loss_' ~ loop.index]) %}
{%- endfor %}
with

losses as (
    {{ unpivoted(
        ref('int_account_scenarios'),
        ['account_id', 'pool_id'],
        ['scenario_id', 'position_loss_usd', 'collateral_loss_usd'],
        rows,
    ) }}
),

final as (
    select
        account_id,
        pool_id,
        scenario_id,
        coalesce(position_loss_usd, 0) as position_loss_usd,
        coalesce(collateral_loss_usd, 0) as collateral_loss_usd
    from losses
    where position_loss_usd is not null or collateral_loss_usd <> 0
)

select * from final
