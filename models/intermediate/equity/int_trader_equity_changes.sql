-- Equity and margin of each trader by day, and the change of equity from the day before.
with

balances as (
    select * from {{ ref('stg_balances') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

account_days as (
    select
        coalesce(accounts.trader_id, balances.account_id) as trader_id,
        balances.account_id,
        balances.snapshot_date as event_date,
        lag(balances.snapshot_date) over (
            partition by balances.account_id order by balances.snapshot_date
        ) as previous_date,
        sum(balances.equity_usd) as equity_usd,
        sum(balances.initial_margin_usd) as initial_margin_usd,
        sum(balances.maintenance_margin_usd) as maintenance_margin_usd
    from balances
    left join accounts on balances.account_id = accounts.account_id
    group by 1, 2, 3
),

equity_days as (
    select
        trader_id,
        event_date,
        sum(equity_usd) as equity_usd,
        sum(initial_margin_usd) as initial_margin_usd,
        sum(maintenance_margin_usd) as maintenance_margin_usd,
        count(*) as account_count,
        count(case when {{ dbt.datediff('previous_date', 'event_date', 'day') }} = 1 then 1 end) as carried_on_count,
        count(case when previous_date is null then 1 end) as new_count
    from account_days
    group by 1, 2
),

followed as (
    select
        equity_days.*,
        lag(event_date) over (partition by trader_id order by event_date) as previous_date,
        lag(equity_usd) over (partition by trader_id order by event_date) as previous_equity_usd,
        lag(account_count) over (partition by trader_id order by event_date) as previous_count
    from equity_days
),

-- The change is known where every account of the day before is there again and every other one is new.
final as (
    select
        trader_id,
        event_date,
        equity_usd,
        initial_margin_usd,
        maintenance_margin_usd,
        previous_equity_usd,
        case
            when {{ dbt.datediff('previous_date', 'event_date', 'day') }} = 1
                and carried_on_count = previous_count
                and carried_on_count + new_count = account_count
                then equity_usd - previous_equity_usd
        end as equity_change_usd
    from followed
)

select * from final
