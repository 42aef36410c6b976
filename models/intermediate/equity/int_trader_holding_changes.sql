-- Change of what each trader holds in each asset, valued at the price of the day: free of what prices did to it.
with

balances as (
    select * from {{ ref('stg_balances') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

-- The price at which the venue itself valued the asset that day.
asset_prices as (
    select
        asset,
        snapshot_date as event_date,
        {{ share('sum(abs(equity_usd))', 'sum(abs(equity))') }} as price_usd
    from balances
    group by 1, 2
),

-- A balance counts on its day and is taken off again on the next, also where the asset is gone by then.
movements as (
    select
        account_id,
        asset,
        snapshot_date as event_date,
        equity
    from balances
    union all
    select
        account_id,
        asset,
        cast({{ dbt.dateadd('day', 1, 'snapshot_date') }} as date) as event_date,
        -equity as equity
    from balances
),

changes as (
    select
        coalesce(accounts.trader_id, movements.account_id) as trader_id,
        movements.asset,
        movements.event_date,
        sum(movements.equity) as equity
    from movements
    left join accounts on movements.account_id = accounts.account_id
    group by 1, 2, 3
    having sum(movements.equity) <> 0
),

valued as (
    select
        changes.trader_id,
        changes.event_date,
        cast(cast(changes.equity as double) * asset_prices.price_usd as {{ contract_type('decimal') }}) as change_usd
    from changes
    left join asset_prices
        on changes.asset = asset_prices.asset
        and changes.event_date = asset_prices.event_date
),

final as (
    select
        trader_id,
        event_date,
        case when count(*) = count(change_usd) then sum(change_usd) end as holding_change_usd,
        count(*) as changed_asset_count
    from valued
    group by 1, 2
)

select * from final
