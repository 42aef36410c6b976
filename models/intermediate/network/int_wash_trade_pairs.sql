-- Pairs who traded back and forth with each other, left nothing open, and met far more often than their shares of the
-- market explain.
{{ config(materialized='table') }}
with

suspects as (
    select
        pairs.*,
        trader_id = other_trader_id as is_same_trader
    from {{ ref('int_matched_pairs') }} as pairs
    where
        match_count >= {{ network_threshold('wash_matched_fills') }}
        and net_share <= {{ network_threshold('wash_net_share') }}
        and (
            -- The owner does not change: no share of their trading is too small.
            trader_id = other_trader_id
            or least(own_share, other_own_share) >= {{ network_threshold('wash_own_share') }}
        )
),

-- Chance is asked twice, once from each of the two: a customer meets the only market maker of an instrument by necessity.
views as (
    select trader_id as our_id, other_trader_id as their_id from suspects
    union
    select other_trader_id as our_id, trader_id as their_id from suspects
),

trader_weeks as (
    select
        trader_id,
        instrument_id,
        cast(date_trunc('week', event_date) as date) as week_start,
        cast(sum(bought_quantity) as double) as bought,
        cast(sum(sold_quantity) as double) as sold,
        {{ share('sum(notional_usd)', 'sum(bought_quantity) + sum(sold_quantity)') }} as unit_value_usd
    from {{ ref('int_trader_instrument_days') }}
    where event_date <= {{ as_of_date() }}
    group by 1, 2, 3
),

market_weeks as (
    select
        instrument_id,
        cast(date_trunc('week', event_date) as date) as week_start,
        cast(sum(bought_quantity) as double) as bought,
        cast(sum(sold_quantity) as double) as sold
    from {{ ref('int_trader_instrument_days') }}
    where event_date <= {{ as_of_date() }}
    group by 1, 2
),

meetings as (
    select
        ours.instrument_id,
        ours.week_start,
        views.our_id,
        views.their_id,
        ours.bought,
        ours.sold,
        ours.unit_value_usd,
        greatest(theirs.bought - coalesce(cast(sales.quantity as double), 0), 0) as their_other_bought,
        greatest(theirs.sold - coalesce(cast(purchases.quantity as double), 0), 0) as their_other_sold,
        market.bought - coalesce(cast(sales.quantity as double), 0)
        - case when views.our_id = views.their_id then 0 else ours.bought end as market_other_bought,
        market.sold - coalesce(cast(purchases.quantity as double), 0)
        - case when views.our_id = views.their_id then 0 else ours.sold end as market_other_sold
    from views
    inner join trader_weeks as ours on views.our_id = ours.trader_id
    inner join trader_weeks as theirs
        on views.their_id = theirs.trader_id
        and ours.instrument_id = theirs.instrument_id
        and ours.week_start = theirs.week_start
    inner join market_weeks as market
        on ours.instrument_id = market.instrument_id and ours.week_start = market.week_start
    left join {{ ref('int_matched_trade_weeks') }} as purchases
        on views.our_id = purchases.buyer_id
        and views.their_id = purchases.seller_id
        and ours.instrument_id = purchases.instrument_id
        and ours.week_start = purchases.week_start
    left join {{ ref('int_matched_trade_weeks') }} as sales
        on views.our_id = sales.seller_id
        and views.their_id = sales.buyer_id
        and ours.instrument_id = sales.instrument_id
        and ours.week_start = sales.week_start
),

-- What they would exchange if each found counterparties in proportion to what these trade with everybody else.
expectations as (
    select
        least(our_id, their_id) as trader_id,
        greatest(our_id, their_id) as other_trader_id,
        our_id,
        sum(cast(unit_value_usd * (
            bought * coalesce(case when market_other_sold > 0 then their_other_sold / market_other_sold end, 0)
            + sold * coalesce(case when market_other_bought > 0 then their_other_bought / market_other_bought end, 0)
        ) as decimal(38, 6))) as notional_usd
    from meetings
    group by 1, 2, 3
),

expected as (
    select
        trader_id,
        other_trader_id,
        max(notional_usd) as notional_usd
    from expectations
    group by 1, 2
),

final as (
    select
        suspects.*,
        expected.notional_usd as expected_notional_usd
    from suspects
    inner join expected
        on suspects.trader_id = expected.trader_id and suspects.other_trader_id = expected.other_trader_id
    where suspects.notional_usd >= {{ network_threshold('wash_over_expected') }} * expected.notional_usd
)

select * from final
