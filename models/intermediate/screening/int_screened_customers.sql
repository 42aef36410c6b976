{{ config(database='restricted') }}
-- Customers with a name, as screening reads them.
with

customers as (
    select * from {{ ref('stg_customers') }}
),

accounts as (
    select
        trader_id,
        min(opened_date) as customer_since
    from {{ ref('int_accounts') }}
    where opened_date <= {{ as_of_date() }}
    group by 1
),

final as (
    select
        customers.trader_id,
        customers.legal_name,
        customers.customer_type,
        customers.birth_date,
        accounts.customer_since
    from customers
    left join accounts on customers.trader_id = accounts.trader_id
    where customers.legal_name is not null
)

select * from final
