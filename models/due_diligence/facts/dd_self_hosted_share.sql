-- Share of the money taken out on recent days that went to the wallet which the customer declares as their own. A lower
-- bound: an address that nobody declares may be self-hosted or a service's.
with

withdrawals as (
    select * from {{ ref('int_external_transfers') }}
    where is_recent and kind = 'withdrawal' and address is not null
),

customers as (
    select
        trader_id,
        {{ comparable_address('wallet_address') }} as address
    from {{ ref('stg_customers') }}
    where not {{ is_blank('wallet_address') }}
),

-- Of many traders: a service, whatever one of them declares.
services as (
    select distinct address from {{ ref('int_shared_addresses') }}
    where trader_count > {{ network_threshold('address_traders') }}
),

sent as (
    select
        withdrawals.trader_id,
        sum(withdrawals.amount_usd) as sent_usd,
        sum(case
            when withdrawals.address = customers.address and services.address is null then withdrawals.amount_usd
            else 0
        end) as self_hosted_usd
    from withdrawals
    inner join customers on withdrawals.trader_id = customers.trader_id
    left join services on withdrawals.address = services.address
    group by 1
),

final as (
    select
        trader_id,
        case
            when self_hosted_usd <= {{ due_diligence_threshold('least_transferred_usd') }} then 0
            else {{ share('self_hosted_usd', 'sent_usd') }}
        end as fact_value,
        cast(null as {{ type_string() }}) as detail
    from sent
)

select * from final
