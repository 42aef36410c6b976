-- What the rules look at that say what an account is for.
{{ config(materialized='table') }}
with

account_terms as (
    select * from {{ ref('int_account_terms') }}
),

activity as (
    select * from {{ ref('int_account_activity') }}
),

equity as (
    select
        account_id,
        sum(equity_usd) as equity_usd
    from {{ ref('int_account_collateral') }}
    group by 1
),

hedges as (
    select * from {{ ref('int_account_hedges') }}
),

final as (
    select
        account_terms.account_id,
        coalesce(activity.fill_count, 0) as fill_count,
        coalesce(activity.recent_fill_count, 0) as recent_fill_count,
        coalesce(activity.recent_transfer_count, 0) as recent_transfer_count,
        coalesce(hedges.position_count, 0) as position_count,
        hedges.notional_usd,
        hedges.hedged_share,
        hedges.netted_share,
        case when account_terms.account_type = 'vault' then 1 else 0 end as is_vault,
        equity.equity_usd
    from account_terms
    left join activity on account_terms.account_id = activity.account_id
    left join equity on account_terms.account_id = equity.account_id
    left join hedges on account_terms.account_id = hedges.account_id
)

select * from final
