-- Volatility that a trader bought and sold on each day, and what became known of it on the day its options expired.
{{ config(
    materialized=by_date(),
    incremental_strategy='by_date',
    on_schema_change='fail',
    meta={'by_date': {'knows_as_of_date': true}},
) }}
with

fills as (
    select
        *,
        abs(vega_usd) as gross_vega_usd,
        abs(unit_delta) as absolute_delta,
        cast(premium_usd as double) as premium
    from {{ ref('int_fill_greeks') }}
    where kind = 'option' and {{ since_change('event_date') }}
),

settled_fills as (
    select * from {{ ref('int_option_fills_settled') }}
    where {{ since_change('event_date') }}
),

buckets as (
    select * from {{ ref('moneyness_buckets') }}
),

traded as (
    select
        fills.trader_id,
        fills.event_date,
        count(*) as option_fill_count,
        sum(fills.gross_vega_usd) as vega_traded_usd,
        sum(case when fills.side = 'sell' then fills.gross_vega_usd else 0 end) as vega_sold_usd,
        {%- for bucket in ['wing', 'out_of_the_money', 'at_the_money', 'in_the_money'] %}
        sum(case when buckets.moneyness_bucket = '{{ bucket }}' then fills.gross_vega_usd else 0 end)
            as {{ bucket }}_vega_usd,
        {%- endfor %}
        sum(case when fills.years_to_expiry is not null then fills.premium_usd end) as tenor_premium_usd,
        sum(cast(fills.premium * fills.years_to_expiry * 365 as decimal(38, 12))) as premium_usd_days,
        sum(case when fills.moneyness is not null then fills.premium_usd end) as moneyness_premium_usd,
        sum(cast(fills.premium * fills.moneyness as decimal(38, 12))) as premium_usd_moneyness,
        sum(cast(fills.premium * abs(fills.moneyness) as decimal(38, 12))) as premium_usd_absolute_moneyness
    from fills
    left join buckets
        on coalesce(fills.absolute_delta > buckets.absolute_delta_above, buckets.absolute_delta_above is null)
        and coalesce(fills.absolute_delta <= buckets.absolute_delta_up_to, buckets.absolute_delta_up_to is null)
    group by 1, 2
),

settled as (
    select
        trader_id,
        event_date,
        sum(abs(vega_usd)) as settled_vega_usd,
        sum(cast(
            cast(vega_usd as double) * (implied_volatility - realized_volatility) * 100 as decimal(38, 12)
        )) as vega_usd_implied_less_realized
    from settled_fills
    group by 1, 2
),

final as (
    select
        coalesce(traded.trader_id, settled.trader_id) as trader_id,
        coalesce(traded.event_date, settled.event_date) as event_date,
        coalesce(traded.option_fill_count, 0) as option_fill_count,
        traded.vega_traded_usd,
        traded.vega_sold_usd,
        traded.wing_vega_usd,
        traded.out_of_the_money_vega_usd,
        traded.at_the_money_vega_usd,
        traded.in_the_money_vega_usd,
        traded.tenor_premium_usd,
        traded.premium_usd_days,
        traded.moneyness_premium_usd,
        traded.premium_usd_moneyness,
        traded.premium_usd_absolute_moneyness,
        settled.settled_vega_usd,
        settled.vega_usd_implied_less_realized
    from traded
    full outer join settled
        on traded.trader_id = settled.trader_id
        and traded.event_date = settled.event_date
)

select * from final
