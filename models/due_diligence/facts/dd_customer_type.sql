-- Person or entity, by the customers table.
with

customers as (
    select * from {{ ref('stg_customers') }}
),

final as (
    select
        trader_id,
        1 as fact_value,
        customer_type as detail
    from customers
)

select * from final
