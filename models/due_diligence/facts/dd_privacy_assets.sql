-- Deposits and withdrawals of the trailing year in assets that hide who holds them.
with

transfers as (
    select * from {{ ref('int_external_transfers') }}
),

assets as (
    select * from {{ ref('privacy_assets') }}
),

final as (
    select
        transfers.trader_id,
        count(*) as fact_value,
        cast(null as {{ type_string() }}) as detail
    from transfers
    inner join assets on upper(trim(transfers.asset)) = assets.asset
    group by transfers.trader_id
)

select * from final
