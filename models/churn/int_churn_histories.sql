-- Who had traded by each date on which churn is looked at, how often, and when last, in weeks as the beta-geometric /
-- beta-Bernoulli model (Fader, Hardie, Shang 2010) reads them: the first active week makes a customer, each later one
-- is a chance to be active again. On past dates, of which models learn, a bounded number of traders, chosen by a hash
-- of the id: memory and time do not grow with the traders there.
{{ config(materialized='table') }}
with

weeks as (
    select * from {{ ref('int_trader_weeks') }}
),

dates as (
    select * from {{ ref('int_churn_dates') }}
),

traders as (
    select
        trader_id,
        row_number() over (order by md5(trader_id), trader_id) <= {{ var('churn').sampled_traders }} as is_sampled
    from (select distinct trader_id from weeks) as known
),

spans as (
    select
        weeks.trader_id,
        dates.snapshot_date,
        dates.weeks_ago,
        min(weeks.first_date) as first_date,
        max(weeks.last_date) as last_date,
        max(weeks.weeks_ago) - dates.weeks_ago as observed_weeks,
        count(*) - 1 as repeat_weeks,
        max(weeks.weeks_ago) - min(weeks.weeks_ago) as last_repeat_week,
        min(weeks.weeks_ago) - dates.weeks_ago as silent_weeks,
        traders.is_sampled
    from weeks
    inner join traders on weeks.trader_id = traders.trader_id
    inner join dates on weeks.weeks_ago >= dates.weeks_ago
    where dates.weeks_ago = 0 or traders.is_sampled
    group by weeks.trader_id, dates.snapshot_date, dates.weeks_ago, traders.is_sampled
),

final as (
    select
        *,
        silent_weeks < {{ var('churn').active_weeks }} as is_at_risk
    from spans
)

select * from final
