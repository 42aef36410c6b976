-- Pairs of traders whose fills met: how often, for how much, what a week left open, and how much of their own trading
-- it was. A trader may meet themselves.
{{ config(materialized='table') }}
with

matched as (
    select
        least(buyer_id, seller_id) as trader_id,
        greatest(buyer_id, seller_id) as other_trader_id,
        instrument_id,
        week_start,
        match_count,
        notional_usd,
        case when buyer_id <= seller_id then quantity else 0 end as bought_quantity,
        case when buyer_id >= seller_id then quantity else 0 end as sold_quantity
    from {{ ref('int_matched_trade_weeks') }}
),

weeks as (
    select
        trader_id,
        other_trader_id,
        instrument_id,
        week_start,
        sum(match_count) as match_count,
        sum(notional_usd) as notional_usd,
        {{ share('abs(sum(bought_quantity) - sum(sold_quantity))', 'sum(bought_quantity) + sum(sold_quantity)') }}
            as net_share
    from matched
    group by 1, 2, 3, 4
),

pairs as (
    select
        trader_id,
        other_trader_id,
        sum(match_count) as match_count,
        sum(notional_usd) as notional_usd,
        {{ share('sum(cast(cast(notional_usd as double) * net_share as decimal(38, 6)))', 'sum(notional_usd)') }}
            as net_share
    from weeks
    group by 1, 2
),

traders as (
    select
        trader_id,
        sum(notional_usd) as notional_usd
    from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
    group by 1
),

final as (
    select
        pairs.trader_id,
        pairs.other_trader_id,
        pairs.match_count,
        pairs.notional_usd,
        pairs.net_share,
        {{ share(
            'case when pairs.trader_id = pairs.other_trader_id then 2 else 1 end * pairs.notional_usd',
            'ours.notional_usd',
        ) }} as own_share,
        {{ share(
            'case when pairs.trader_id = pairs.other_trader_id then 2 else 1 end * pairs.notional_usd',
            'theirs.notional_usd',
        ) }} as other_own_share
    from pairs
    left join traders as ours on pairs.trader_id = ours.trader_id
    left join traders as theirs on pairs.other_trader_id = theirs.trader_id
)

select * from final
