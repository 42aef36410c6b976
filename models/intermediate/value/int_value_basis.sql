-- What stands for value at this venue: net value where any fee is known, else notional. One row.
{{ config(materialized='table') }}
with

days as (
    select * from {{ ref('int_trader_value_days') }}
),

final as (
    select case when count(fee_usd) > 0 then 'net_value' else 'notional' end as value_basis
    from days
)

select * from final
