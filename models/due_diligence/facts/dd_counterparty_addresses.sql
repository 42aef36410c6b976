-- From how many addresses money came on recent days (fan-in), and to how many it went (fan-out).
with

transfers as (
    select * from {{ ref('int_external_transfers') }}
    where is_recent and address is not null
),

final as (
    select
        trader_id,
        count(distinct address) as fact_value,
        case when kind = 'deposit' then 'fan_in' else 'fan_out' end as detail
    from transfers
    group by trader_id, kind
)

select * from final
