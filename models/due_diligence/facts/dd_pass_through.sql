-- Share of the money paid in on recent days that left again within a day with almost no trading. Small sums say
-- nothing.
with

transfers as (
    select * from {{ ref('int_external_transfers') }}
    where is_recent
),

deposits as (
    select * from transfers
    where kind = 'deposit'
),

withdrawals as (
    select * from transfers
    where kind = 'withdrawal'
),

left_again as (
    select
        deposits.trader_id,
        deposits.transfer_id,
        deposits.event_date,
        deposits.amount_usd,
        sum(withdrawals.amount_usd) as left_usd
    from deposits
    inner join withdrawals
        on deposits.trader_id = withdrawals.trader_id
        and deposits.occurred_at <= withdrawals.occurred_at
        and {{ seconds_between('deposits.occurred_at', 'withdrawals.occurred_at') }}
        <= 3600 * {{ due_diligence_threshold('pass_through_hours') }}
    group by 1, 2, 3, 4
),

trader_days as (
    select * from {{ ref('int_trader_days') }}
    where
        event_date <= {{ as_of_date() }}
        and {{ dbt.datediff('event_date', as_of_date(), 'day') }} < {{ due_diligence_threshold('transfer_days') }}
),

traded as (
    select
        left_again.trader_id,
        left_again.transfer_id,
        left_again.amount_usd,
        left_again.left_usd,
        coalesce(sum(trader_days.notional_usd), 0) as traded_usd
    from left_again
    left join trader_days
        on left_again.trader_id = trader_days.trader_id
        and {{ dbt.datediff('left_again.event_date', 'trader_days.event_date', 'day') }} between 0 and 1
    group by 1, 2, 3, 4
),

passed as (
    select
        trader_id,
        sum(amount_usd) as passed_usd
    from traded
    where
        cast(left_usd as double)
        >= {{ due_diligence_threshold('pass_through_left_share') }} * cast(amount_usd as double)
        and cast(traded_usd as double)
        < {{ due_diligence_threshold('pass_through_traded_share') }} * cast(amount_usd as double)
    group by 1
),

paid_in as (
    select
        trader_id,
        sum(amount_usd) as paid_in_usd
    from deposits
    group by 1
),

final as (
    select
        paid_in.trader_id,
        case
            when coalesce(passed.passed_usd, 0) < {{ due_diligence_threshold('least_transferred_usd') }} then 0
            else {{ share('passed.passed_usd', 'paid_in.paid_in_usd') }}
        end as fact_value,
        cast(null as {{ type_string() }}) as detail
    from paid_in
    left join passed on paid_in.trader_id = passed.trader_id
)

select * from final
