-- Positions at the end of the as-of date in the pool that pays for them: that of the account's collateral in the
-- settlement currency, else that of most of its collateral, else its margin group.
{{ config(materialized='table') }}
with

positions as (
    select * from {{ ref('int_position_days') }}
    where event_date = {{ as_of_date() }}
),

instruments as (
    select
        instrument_id,
        upper(settlement_currency) as settlement_currency
    from {{ ref('stg_instruments') }}
),

account_terms as (
    select * from {{ ref('int_account_terms') }}
),

asset_pools as (
    select
        account_id,
        asset,
        min(pool_id) as pool_id
    from {{ ref('int_account_collateral') }}
    group by 1, 2
),

pool_equity as (
    select
        account_id,
        pool_id,
        sum(equity_usd) as equity_usd
    from {{ ref('int_account_collateral') }}
    group by 1, 2
),

ranked_pools as (
    select
        account_id,
        pool_id,
        row_number() over (
            partition by account_id order by coalesce(equity_usd, 0) desc, pool_id asc
        ) as pool_rank
    from pool_equity
),

final as (
    select
        positions.trader_id,
        positions.account_id,
        positions.instrument_id,
        coalesce(asset_pools.pool_id, ranked_pools.pool_id, account_terms.margin_group_id) as pool_id,
        instruments.settlement_currency,
        positions.kind,
        upper(positions.underlying) as underlying,
        positions.quantity,
        positions.notional_usd,
        positions.delta_usd,
        positions.gamma_usd,
        positions.vega_usd
    from positions
    inner join instruments on positions.instrument_id = instruments.instrument_id
    left join account_terms on positions.account_id = account_terms.account_id
    left join asset_pools
        on positions.account_id = asset_pools.account_id
        and instruments.settlement_currency = asset_pools.asset
    left join ranked_pools
        on positions.account_id = ranked_pools.account_id
        and ranked_pools.pool_rank = 1
)

select * from final
