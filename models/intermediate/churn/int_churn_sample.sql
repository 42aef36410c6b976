-- What models of churn learn from: all snapshots with outcomes of a bounded number of traders, chosen by a hash of the
-- id, so that memory does not grow with the traders and no later trader changes who is looked at more than it must.
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

traders as (
    select
        trader_id,
        row_number() over (order by md5(trader_id), trader_id) as sample_rank
    from (select distinct trader_id from outcomes) as judged
),

final as (
    select
        snapshots.*,
        outcomes.has_churned,
        case when outcomes.has_churned is not null then trader_values.has_lost_value end as has_lost_value
    from snapshots
    inner join traders on snapshots.trader_id = traders.trader_id
    inner join outcomes
        on snapshots.trader_id = outcomes.trader_id
        and snapshots.snapshot_date = outcomes.snapshot_date
    left join trader_values
        on snapshots.trader_id = trader_values.trader_id
        and snapshots.snapshot_date = trader_values.snapshot_date
    where traders.sample_rank <= {{ var('churn').sampled_traders }}
)

select * from final
