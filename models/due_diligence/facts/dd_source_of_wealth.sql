-- How well the source of wealth is known, with what was paid in over the trailing year: proof is asked of large sums.
with

customers as (
    select * from {{ ref('stg_customers') }}
),

subjects as (
    select * from {{ ref('int_due_diligence_subjects') }}
),

paid_in as (
    select
        trader_id,
        sum(amount_usd) as amount_usd
    from {{ ref('int_external_transfers') }}
    where kind = 'deposit'
    group by 1
),

final as (
    select
        customers.trader_id,
        cast(coalesce(paid_in.amount_usd, 0) as double) as fact_value,
        case
            when coalesce(subjects.is_source_of_wealth_verified, false) then 'verified'
            when {{ is_blank('customers.source_of_wealth') }} then 'missing'
            else 'stated'
        end as detail
    from customers
    left join subjects on customers.trader_id = subjects.trader_id
    left join paid_in on customers.trader_id = paid_in.trader_id
)

select * from final
