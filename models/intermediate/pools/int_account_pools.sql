-- The exposure matrix: what each account has in each pool on the as-of date, collateral and positions.
{{ config(materialized='table') }}
with

collateral as (
    select
        account_id,
        pool_id,
        sum(equity_usd) as equity_usd,
        sum(initial_margin_usd) as initial_margin_usd
    from {{ ref('int_account_collateral') }}
    group by 1, 2
),

positions as (
    select
        account_id,
        pool_id,
        count(*) as position_count,
        count(case when delta_usd is null then 1 end) as unvalued_position_count,
        sum(notional_usd) as notional_usd,
        sum(delta_usd) as delta_usd,
        sum(abs(delta_usd)) as gross_delta_usd,
        sum(gamma_usd) as gamma_usd,
        sum(vega_usd) as vega_usd,
        sum(abs(vega_usd)) as gross_vega_usd
    from {{ ref('int_pooled_positions') }}
    where pool_id is not null
    group by 1, 2
),

account_terms as (
    select * from {{ ref('int_account_terms') }}
),

pairs as (
    select
        account_id,
        pool_id
    from collateral
    union
    select
        account_id,
        pool_id
    from positions
),

final as (
    select
        account_terms.trader_id,
        pairs.account_id,
        pairs.pool_id,
        account_terms.is_isolated,
        collateral.equity_usd,
        collateral.initial_margin_usd,
        coalesce(positions.position_count, 0) as position_count,
        coalesce(positions.unvalued_position_count, 0) as unvalued_position_count,
        positions.notional_usd,
        positions.delta_usd,
        positions.gross_delta_usd,
        positions.gamma_usd,
        positions.vega_usd,
        positions.gross_vega_usd
    from pairs
    inner join account_terms on pairs.account_id = account_terms.account_id
    left join collateral
        on pairs.account_id = collateral.account_id
        and pairs.pool_id = collateral.pool_id
    left join positions
        on pairs.account_id = positions.account_id
        and pairs.pool_id = positions.pool_id
)

select * from final
