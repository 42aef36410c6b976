-- What suspects of wash trades would have exchanged by chance.
with

suspects as (
    select * from {{ ref('int_wash_trade_suspects') }}
),

-- Chance is asked from each of the two: a customer meets the only market maker of an instrument by necessity.
views as (
    select trader_id as our_id, other_trader_id as their_id from suspects
    union
    select other_trader_id as our_id, trader_id as their_id from suspects
),

-- A market is an instrument, and the underlying with all its instruments: the only market maker of a quiet option
-- stands out in it, but not among those of its underlying.
{%- set levels = ['instrument_id', 'underlying'] %}

trader_weeks as (
    {%- for level in levels %}
    select
        '{{ level }}' as level,
        {{ level }} as market,
        trader_id,
        cast(date_trunc('week', event_date) as date) as week_start,
        cast(sum(notional_usd + net_notional_usd) as double) / 2 as bought,
        cast(sum(notional_usd - net_notional_usd) as double) / 2 as sold
    from {{ ref('int_trader_instrument_days') }}
    where event_date <= {{ as_of_date() }} and notional_usd is not null
    group by 2, 3, 4
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

market_weeks as (
    select
        level,
        market,
        week_start,
        cast(sum(cast(bought as decimal(38, 6))) as double) as bought,
        cast(sum(cast(sold as decimal(38, 6))) as double) as sold
    from trader_weeks
    group by 1, 2, 3
),

matched_weeks as (
    {%- for level in levels %}
    select
        '{{ level }}' as level,
        {{ level }} as market,
        buyer_id,
        seller_id,
        week_start,
        cast(sum(notional_usd) as double) as notional_usd
    from {{ ref('int_matched_trade_weeks') }}
    group by 2, 3, 4, 5
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

others as (
    select
        views.our_id,
        views.their_id,
        ours.level,
        ours.bought,
        ours.sold,
        theirs.bought - coalesce(sales.notional_usd, 0) as their_bought,
        theirs.sold - coalesce(purchases.notional_usd, 0) as their_sold,
        market_weeks.bought - coalesce(sales.notional_usd, 0)
        - case when views.our_id = views.their_id then 0 else ours.bought end as market_bought,
        market_weeks.sold - coalesce(purchases.notional_usd, 0)
        - case when views.our_id = views.their_id then 0 else ours.sold end as market_sold
    from views
    inner join trader_weeks as ours on views.our_id = ours.trader_id
    inner join trader_weeks as theirs
        on views.their_id = theirs.trader_id
        and ours.level = theirs.level
        and ours.market = theirs.market
        and ours.week_start = theirs.week_start
    inner join market_weeks
        on ours.level = market_weeks.level
        and ours.market = market_weeks.market
        and ours.week_start = market_weeks.week_start
    left join matched_weeks as purchases
        on views.our_id = purchases.buyer_id
        and views.their_id = purchases.seller_id
        and ours.level = purchases.level
        and ours.market = purchases.market
        and ours.week_start = purchases.week_start
    left join matched_weeks as sales
        on views.our_id = sales.seller_id
        and views.their_id = sales.buyer_id
        and ours.level = sales.level
        and ours.market = sales.market
        and ours.week_start = sales.week_start
),

-- What they would exchange if each found counterparties in proportion to what these trade with everybody else.
expectations as (
    select
        least(our_id, their_id) as trader_id,
        greatest(our_id, their_id) as other_trader_id,
        our_id,
        level,
        sum(cast(
            bought * case when market_sold > 0 then greatest(their_sold, 0) / market_sold else 0 end
            + sold * case when market_bought > 0 then greatest(their_bought, 0) / market_bought else 0 end
            as decimal(38, 6)
        )) as notional_usd
    from others
    group by 1, 2, 3, 4
),

final as (
    select
        trader_id,
        other_trader_id,
        max(notional_usd) as expected_notional_usd
    from expectations
    group by 1, 2
)

select * from final
