-- Funding that each trader paid and received by day.
with

funding_payments as (
    select * from {{ ref('stg_funding_payments') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

final as (
    select
        coalesce(accounts.trader_id, funding_payments.account_id) as trader_id,
        cast(funding_payments.paid_at as date) as event_date,
        sum(case when funding_payments.amount_usd < 0 then -funding_payments.amount_usd else 0 end) as funding_paid_usd,
        sum(case when funding_payments.amount_usd > 0 then funding_payments.amount_usd else 0 end)
            as funding_received_usd
    from funding_payments
    left join accounts on funding_payments.account_id = accounts.account_id
    group by 1, 2
)

select * from final
