-- What became of who was at risk on each date of which the outcome is known: gone is who has not traded within the
-- horizon and has nothing left at its end. Who was blocked between the two may have had to go: nobody knows.
{{ config(materialized='table') }}
with

histories as (
    select * from {{ ref('int_churn_histories') }}
    where is_at_risk
),

dates as (
    select * from {{ ref('int_churn_dates') }}
    where is_outcome_known
),

holdings as (
    select * from {{ ref('int_churn_holdings') }}
),

weeks as (
    select
        trader_id,
        weeks_ago
    from {{ ref('int_trader_weeks') }}
),

traded as (
    select distinct
        weeks.trader_id,
        dates.snapshot_date
    from weeks
    inner join dates
        on weeks.weeks_ago < dates.weeks_ago
        and weeks.weeks_ago >= dates.weeks_ago - {{ var('churn').horizon_weeks }}
),

blocked as (
    select distinct
        blocks.trader_id,
        dates.snapshot_date
    from {{ ref('int_churn_blocks') }} as blocks
    inner join dates
        on coalesce(blocks.from_date <= dates.horizon_date, true)
        and coalesce(blocks.until_date > dates.snapshot_date, true)
),

final as (
    select
        histories.trader_id,
        histories.snapshot_date,
        traded.trader_id is not null as has_traded,
        coalesce(holdings.is_left, false) as is_left,
        case
            when blocked.trader_id is null
                then traded.trader_id is null and not coalesce(holdings.is_left, false)
        end as has_churned
    from histories
    inner join dates on histories.snapshot_date = dates.snapshot_date
    left join holdings
        on histories.trader_id = holdings.trader_id
        and dates.horizon_date = holdings.holding_date
    left join traded
        on histories.trader_id = traded.trader_id
        and histories.snapshot_date = traded.snapshot_date
    left join blocked
        on histories.trader_id = blocked.trader_id
        and histories.snapshot_date = blocked.snapshot_date
)

select * from final
