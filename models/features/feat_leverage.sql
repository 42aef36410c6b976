-- How much a trader holds for each dollar of equity, and what holding it costs.
with

leverage_days as (
    {{ recent_days('int_trader_leverage_days') }}
),

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

recent_days as (
    {{ recent_days('int_trader_days') }}
),

funding_days as (
    select * from {{ ref('int_trader_funding_days') }}
    where event_date <= {{ as_of_date() }}
),

means as (
    select
        trader_id,
        {{ share('sum(leverage)', 'count(leverage)') }} as leverage,
        {{ share('sum(net_leverage)', 'count(net_leverage)') }} as net_leverage,
        {{ share('sum(notional_leverage)', 'count(notional_leverage)') }} as gross_notional_leverage,
        {{ share('sum(margin_use)', 'count(margin_use)') }} as margin_use
    from leverage_days
    group by 1
),

-- Apart, because Spark computes percentiles beside other sums slowly.
peaks as (
    select
        trader_id,
        cast(percentile_cont(0.95) within group (order by leverage) as double) as peak_leverage,
        cast(percentile_cont(0.95) within group (order by margin_use) as double) as peak_margin_use
    from leverage_days
    group by 1
),

activity as (
    select
        trader_id,
        sum(notional_usd) as notional_usd
    from trader_days
    group by 1
),

liquidations as (
    select
        trader_id,
        {{ share(
            'count(case when liquidation_notional_usd > 0 then 1 end)',
            'count(known_liquidation_notional_usd)',
        ) }} as liquidation_rate
    from recent_days
    group by 1
),

paid as (
    select
        trader_id,
        sum(funding_paid_usd) as funding_paid_usd,
        sum(funding_received_usd) as funding_received_usd
    from funding_days
    group by 1
),

-- A trader without a payment has paid nothing, where the venue reports payments at all.
funding_known as (
    select case when count(*) > 0 then 0 end as no_payment_usd from funding_days
),

traders as (
    select trader_id from activity
    union
    select trader_id from means
    union
    select trader_id from paid
),

final as (
    select
        traders.trader_id,
        means.leverage,
        peaks.peak_leverage,
        means.net_leverage,
        means.gross_notional_leverage,
        means.margin_use,
        peaks.peak_margin_use,
        liquidations.liquidation_rate,
        cast(coalesce(paid.funding_paid_usd, funding_known.no_payment_usd) as {{ contract_type('decimal') }})
            as funding_paid_usd,
        cast(coalesce(paid.funding_received_usd, funding_known.no_payment_usd) as {{ contract_type('decimal') }})
            as funding_received_usd,
        10000 * {{ share(
            'coalesce(paid.funding_paid_usd - paid.funding_received_usd, funding_known.no_payment_usd)',
            'activity.notional_usd',
        ) }} as net_funding_bps
    from traders
    cross join funding_known
    left join means on traders.trader_id = means.trader_id
    left join peaks on traders.trader_id = peaks.trader_id
    left join activity on traders.trader_id = activity.trader_id
    left join liquidations on traders.trader_id = liquidations.trader_id
    left join paid on traders.trader_id = paid.trader_id
)

select * from final
