-- Which traders sent money from, or to, an address that others used too. An address of many is a service, not a link.
{{ config(materialized='table') }}
with

transfers as (
    select * from {{ ref('stg_transfers') }}
    where cast(occurred_at as date) <= {{ as_of_date() }} and kind <> 'internal'
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

-- Hexadecimal and bech32 addresses mean the same in both cases; others do not.
addresses as (
    select
        coalesce(accounts.trader_id, transfers.account_id) as trader_id,
        case
            when
                lower(trim(transfers.counterparty_address)) like '0x%'
                or lower(trim(transfers.counterparty_address)) like 'bc1%'
                then lower(trim(transfers.counterparty_address))
            else trim(transfers.counterparty_address)
        end as address
    from transfers
    left join accounts on transfers.account_id = accounts.account_id
    where not {{ is_blank('transfers.counterparty_address') }}
),

traders as (
    select
        address,
        trader_id,
        count(*) as transfer_count
    from addresses
    group by 1, 2
),

counted as (
    select
        traders.*,
        count(*) over (partition by address) as trader_count
    from traders
),

final as (
    select
        address,
        trader_id,
        transfer_count,
        trader_count,
        trader_count between 2 and {{ network_threshold('address_traders') }} as is_link
    from counted
)

select * from final
