-- Days on which an isolated account that moved money to or from its trader's other accounts lost much, was called for
-- margin or was liquidated.
with

moves as (
    select * from {{ ref('int_bucket_moves') }}
),

accounts as (
    select distinct account_id from moves
    where is_internal
),

net_moves as (
    select
        account_id,
        move_date as event_date,
        sum(amount_usd) as net_amount_usd
    from moves
    group by 1, 2
),

equity_days as (
    select
        balances.account_id,
        balances.snapshot_date as event_date,
        sum(balances.equity_usd) as equity_usd,
        sum(balances.initial_margin_usd) as initial_margin_usd
    from {{ ref('stg_balances') }} as balances
    inner join accounts on balances.account_id = accounts.account_id
    where balances.snapshot_date <= {{ as_of_date() }}
    group by 1, 2
),

followed as (
    select
        account_id,
        event_date,
        equity_usd,
        initial_margin_usd,
        lag(event_date) over (partition by account_id order by event_date) as previous_date,
        lag(equity_usd) over (partition by account_id order by event_date) as previous_equity_usd
    from equity_days
),

-- Money paid in is there from the start of the day, as in int_trader_equity_days.
results as (
    select
        followed.account_id,
        followed.event_date,
        followed.equity_usd,
        followed.initial_margin_usd,
        followed.previous_equity_usd + coalesce(net_moves.net_amount_usd, 0) - followed.equity_usd as loss_usd,
        followed.previous_equity_usd + greatest(coalesce(net_moves.net_amount_usd, 0), 0) as loss_base_usd,
        {{ dbt.datediff('followed.previous_date', 'followed.event_date', 'day') }} as days_since
    from followed
    left join net_moves
        on followed.account_id = net_moves.account_id
        and followed.event_date = net_moves.event_date
),

stress as (
    select
        account_id,
        event_date,
        'loss' as reason
    from results
    where
        days_since = 1
        and loss_base_usd > 0
        and {{ share('loss_usd', 'loss_base_usd') }} >= {{ isolation_threshold('loss_share') }}
    union all
    select
        account_id,
        event_date,
        'margin_call' as reason
    from results
    where
        initial_margin_usd > 0
        and cast(initial_margin_usd as double)
        >= cast(equity_usd as double) * {{ isolation_threshold('margin_call_use') }}
    union all
    select
        fills.account_id,
        fills.event_date,
        'liquidation' as reason
    from {{ ref('int_fills_valued') }} as fills
    inner join accounts on fills.account_id = accounts.account_id
    where fills.is_liquidation and fills.event_date <= {{ as_of_date() }}
),

final as (
    select distinct
        account_id,
        event_date,
        reason
    from stress
)

select * from final
