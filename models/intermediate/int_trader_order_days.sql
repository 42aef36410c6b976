with

orders as (
    select * from {{ ref('stg_orders') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

final as (
    select
        coalesce(accounts.trader_id, orders.account_id) as trader_id,
        cast(orders.event_at as date) as event_date,
        count(case
            when orders.event_type = 'insert' and (orders.order_type is not null or orders.time_in_force is not null)
                then 1
        end) as known_insert_count,
        count(case
            when orders.event_type = 'insert'
                and (orders.order_type = 'market' or orders.time_in_force in ('ioc', 'fok'))
                then 1
        end) as aggressive_insert_count
    from orders
    left join accounts on orders.account_id = accounts.account_id
    group by 1, 2
)

select * from final
