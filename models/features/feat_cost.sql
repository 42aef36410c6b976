-- What a trader pays to the venue.
with

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

costs as (
    select
        trader_id,
        sum(fee_paid_usd) as fee_paid_usd,
        sum(rebate_usd) as rebate_usd,
        sum(notional_usd) as notional_usd
    from trader_days
    group by 1
),

final as (
    select
        trader_id,
        fee_paid_usd,
        rebate_usd,
        fee_paid_usd - rebate_usd as net_fee_usd,
        10000 * {{ share('(fee_paid_usd - rebate_usd)', 'notional_usd') }} as net_fee_bps
    from costs
)

select * from final
