-- What each trader brought and cost by day, before the cost of service: fees of the fills and payments to the trader.
with

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where event_date <= {{ as_of_date() }}
),

incentives as (
    select
        trader_id,
        kind,
        amount_usd,
        cast(paid_at as date) as event_date
    from {{ ref('stg_incentives') }}
    where cast(paid_at as date) <= {{ as_of_date() }}
),

-- A venue that reports no incentives at all does not say that it pays none.
reports as (
    select count(*) as incentive_count from incentives
),

incentive_days as (
    select
        trader_id,
        event_date,
        sum(case when kind = 'rebate' then amount_usd else 0 end) as rebate_usd,
        sum(case when kind = 'referral' then amount_usd else 0 end) as referral_usd,
        sum(case when kind in ('rebate', 'referral') then 0 else amount_usd end) as reward_usd
    from incentives
    group by 1, 2
),

days as (
    select
        coalesce(trader_days.trader_id, incentive_days.trader_id) as trader_id,
        coalesce(trader_days.event_date, incentive_days.event_date) as event_date,
        coalesce(trader_days.fill_count, 0) as fill_count,
        trader_days.notional_usd,
        trader_days.fee_paid_usd - coalesce(trader_days.liquidation_fee_usd, 0) as fee_usd,
        trader_days.liquidation_fee_usd,
        trader_days.rebate_usd as fill_rebate_usd,
        incentive_days.rebate_usd as paid_rebate_usd,
        incentive_days.reward_usd,
        incentive_days.referral_usd
    from trader_days
    full outer join incentive_days
        on trader_days.trader_id = incentive_days.trader_id and trader_days.event_date = incentive_days.event_date
),

final as (
    select
        days.trader_id,
        days.event_date,
        days.fill_count,
        days.notional_usd,
        days.fee_usd,
        days.liquidation_fee_usd,
        cast(null as {{ contract_type('decimal') }}) as spread_usd,
        case
            when coalesce(days.fill_rebate_usd, days.paid_rebate_usd) is not null
                then coalesce(days.fill_rebate_usd, 0) + coalesce(days.paid_rebate_usd, 0)
        end as rebate_usd,
        case when reports.incentive_count > 0 then coalesce(days.reward_usd, 0) end as reward_usd,
        case when reports.incentive_count > 0 then coalesce(days.referral_usd, 0) end as referral_usd
    from days
    cross join reports
)

select * from final
