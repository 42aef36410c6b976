-- Customers who want no marketing.
{{ config(database='restricted') }}
with

customers as (
    select * from {{ ref('stg_customers') }}
),

final as (
    select trader_id
    from customers
    where has_opted_out
)

select * from final
