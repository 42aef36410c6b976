-- Exposure to volatility: what is carried overnight, what is bought and sold, and at which price.
with

exposure_days as (
    {{ recent_days('int_trader_exposure_days') }}
),

volatility_days as (
    {{ recent_days('int_trader_volatility_days') }}
),

totals as (
    select
        trader_id,
        sum(vega_traded_usd) as vega_traded_usd
    from {{ ref('int_trader_volatility_days') }}
    where event_date <= {{ as_of_date() }}
    group by 1
),

carried as (
    select
        trader_id,
        {{ share('sum(gross_vega_usd)', 'count(gross_vega_usd)') }} as gross_vega_usd,
        {{ share('sum(net_vega_usd)', 'count(net_vega_usd)') }} as net_vega_usd,
        {{ share('sum(net_vega_usd)', 'sum(gross_vega_usd)') }} as net_vega_ratio,
        {{ share(
            'sum(case when gamma_usd > 0 and theta_usd < 0 then 1'
                ~ ' when gamma_usd < 0 and theta_usd > 0 then -1 else 0 end)',
            'count(gamma_usd)',
        ) }} as gamma_theta_sign
    from exposure_days
    where option_position_count > 0
    group by 1
),

traded as (
    select
        trader_id,
        {%- for part in ['vega_sold', 'wing_vega', 'out_of_the_money_vega', 'at_the_money_vega', 'in_the_money_vega'] %}
        {{ share('sum(' ~ part ~ '_usd)', 'sum(vega_traded_usd)') }} as {{ part | replace('_vega', '') }}_share,
        {%- endfor %}
        {{ share('sum(premium_usd_days)', 'sum(tenor_premium_usd)') }} as option_tenor_days,
        {{ share('sum(premium_usd_moneyness)', 'sum(moneyness_premium_usd)') }} as option_moneyness,
        {{ share('sum(premium_usd_absolute_moneyness)', 'sum(moneyness_premium_usd)') }} as option_absolute_moneyness,
        {{ share('sum(vega_usd_implied_less_realized)', 'sum(settled_vega_usd)') }}
            as implied_less_realized_volatility
    from volatility_days
    group by 1
),

final as (
    select
        coalesce(carried.trader_id, totals.trader_id) as trader_id,
        carried.gross_vega_usd,
        carried.net_vega_usd,
        carried.net_vega_ratio,
        carried.gamma_theta_sign,
        totals.vega_traded_usd,
        traded.vega_sold_share,
        traded.wing_share,
        traded.out_of_the_money_share,
        traded.at_the_money_share,
        traded.in_the_money_share,
        traded.option_tenor_days,
        traded.option_moneyness,
        traded.option_absolute_moneyness,
        traded.implied_less_realized_volatility
    from carried
    full outer join totals on carried.trader_id = totals.trader_id
    left join traded on totals.trader_id = traded.trader_id
)

select * from final
