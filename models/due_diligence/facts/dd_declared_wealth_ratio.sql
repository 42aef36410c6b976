-- What was paid in over the trailing year, over the wealth that the customer declares: above 1 it is more than there
-- is.
with

customers as (
    select * from {{ ref('stg_customers') }}
    where declared_net_worth_usd >= 0
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
        {{ share('paid_in.amount_usd', 'greatest(customers.declared_net_worth_usd, 1)') }} as fact_value,
        cast(null as {{ type_string() }}) as detail
    from customers
    inner join paid_in on customers.trader_id = paid_in.trader_id
)

select * from final
