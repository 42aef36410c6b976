-- What models of churn learn from: snapshots of the sampled traders with what came about.
with

snapshots as (
    select * from {{ ref('int_churn_snapshots') }}
),

outcomes as (
    select * from {{ ref('int_churn_outcomes') }}
),

trader_values as (
    select * from {{ ref('int_churn_values') }}
),

final as (
    select
        snapshots.*,
        outcomes.has_churned,
        case when outcomes.has_churned is not null then trader_values.has_lost_value end as has_lost_value
    from snapshots
    inner join outcomes
        on snapshots.trader_id = outcomes.trader_id
        and snapshots.snapshot_date = outcomes.snapshot_date
    left join trader_values
        on snapshots.trader_id = trader_values.trader_id
        and snapshots.snapshot_date = trader_values.snapshot_date
)

select * from final
