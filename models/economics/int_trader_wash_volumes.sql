-- What each trader traded to and fro with another, or with oneself, in the weeks that begin in the window of the fee
-- schedule: rather too little.
{%- set days = var('fee_schedule').volume_days %}
with

wash_trades as (
    select
        least(matched.buyer_id, matched.seller_id) as trader_id,
        greatest(matched.buyer_id, matched.seller_id) as other_trader_id,
        sum(matched.notional_usd) as notional_usd
    from {{ ref('int_matched_trade_weeks') }} as matched
    inner join {{ ref('int_wash_trade_pairs') }} as pairs
        on least(matched.buyer_id, matched.seller_id) = pairs.trader_id
        and greatest(matched.buyer_id, matched.seller_id) = pairs.other_trader_id
    where {{ dbt.datediff('matched.week_start', as_of_date(), 'day') }} < {{ days }}
    group by 1, 2
),

-- Who buys from oneself has traded twice.
wash_sides as (
    select
        trader_id,
        notional_usd
    from wash_trades
    union all
    select
        other_trader_id as trader_id,
        notional_usd
    from wash_trades
),

final as (
    select
        trader_id,
        sum(notional_usd) as wash_volume_usd
    from wash_sides
    group by 1
)

select * from final
