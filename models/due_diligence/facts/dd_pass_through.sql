-- Share of the money paid in on recent days that left again within a day with almost no trading. Small sums say
-- nothing. A withdrawal may follow several deposits, so no more has passed through than was taken out.
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

totals as (
    select
        trader_id,
        sum(case when kind = 'deposit' then amount_usd else 0 end) as paid_in_usd,
        sum(case when kind = 'withdrawal' then amount_usd else 0 end) as taken_out_usd
    from transfers
    group by 1
),

bounded as (
    select
        totals.trader_id,
        totals.paid_in_usd,
        least(coalesce(passed.passed_usd, 0), totals.taken_out_usd) as passed_usd
    from totals
    left join passed on totals.trader_id = passed.trader_id
    where totals.paid_in_usd > 0
),

final as (
    select
        trader_id,
        case
            when passed_usd < {{ due_diligence_threshold('least_transferred_usd') }} then 0
            else {{ share('passed_usd', 'paid_in_usd') }}
        end as fact_value,
        cast(null as {{ type_string() }}) as detail
    from bounded
)

select * from final
