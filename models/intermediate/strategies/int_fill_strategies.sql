-- Trades with their strategy: that of their legs, or of the combo's name where its legs are not reported.
{{ config(materialized=by_date(), incremental_strategy='by_date', on_schema_change='fail') }}
with

legs as (
    select * from {{ ref('int_fill_legs') }}
    where {{ since_change('event_date') }}
),

group_strategies as (
    select * from {{ ref('int_fill_group_strategies') }}
    where {{ since_change('event_date') }}
),

strategies as (
    select * from {{ ref('strategies') }}
),

combo_codes as (
    select * from {{ ref('combo_codes') }}
),

trades as (
    select
        group_id,
        max(trader_id) as trader_id,
        max(account_id) as account_id,
        event_date,
        min(started_at) as started_at,
        max(underlying) as underlying,
        max(group_source) as group_source,
        max(combo_id) as combo_id,
        count(block_trade_id) > 0 as is_block,
        count(distinct instrument_id) as leg_count,
        sum(fill_count) as fill_count,
        count(case when kind = 'option' then 1 end) as option_leg_count,
        count(case when kind = 'option' and side = 'buy' then 1 end) as option_buy_count,
        sum(notional_usd) as notional_usd,
        sum(case when kind = 'option' then notional_usd end) as option_notional_usd,
        sum(premium_usd) as premium_usd,
        case when count(vega_usd) = count(*) then sum(vega_usd) end as vega_usd
    from legs
    group by group_id, event_date
),

named as (
    select
        trades.*,
        coalesce(
            group_strategies.strategy,
            case when trades.leg_count = 1 then coalesce(combo_codes.strategy, 'single') else 'other' end
        ) as strategy
    from trades
    left join group_strategies
        on trades.group_id = group_strategies.group_id
        and trades.event_date = group_strategies.event_date
    left join combo_codes on split_part(trades.combo_id, '-', 2) = combo_codes.code
),

final as (
    select
        named.group_id,
        named.trader_id,
        named.account_id,
        named.event_date,
        named.started_at,
        named.underlying,
        named.group_source,
        named.is_block,
        named.strategy,
        strategies.family,
        strategies.family not in ('outright', 'other')
        or (named.group_source <> 'time' and named.leg_count > 1) as is_multi_leg,
        -- Options bought cannot lose volatility and options sold cannot gain it; of both, vega says.
        case
            when named.option_leg_count = 0 then null
            when named.option_buy_count = named.option_leg_count then 'long'
            when named.option_buy_count = 0 then 'short'
            when named.vega_usd > 0 then 'long'
            when named.vega_usd < 0 then 'short'
        end as volatility_direction,
        named.leg_count,
        named.fill_count,
        named.notional_usd,
        named.option_notional_usd,
        named.premium_usd,
        named.vega_usd
    from named
    inner join strategies on named.strategy = strategies.strategy
)

select * from final
