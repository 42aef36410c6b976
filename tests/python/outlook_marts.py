"""Marts of value, retention and recommendations of the made-up venue of the report's tests."""

MARTS = (
    "trader_lifetime_value",
    "trader_churn",
    "value_quality",
    "churn_quality",
    "recommendation_quality",
    "retention_cohorts",
    "segment_survival",
    "segment_reactivation",
    "trader_recommendations",
)

SQL = """
create table trader_lifetime_value as
select
    trader_id,
    as_of_date,
    100::decimal(38, 12) as historic_net_value_usd,
    0.25::double as probability_active,
    (10 * sign)::decimal(38, 12) as expected_value_usd_13w,
    (20 * sign)::decimal(38, 12) as expected_value_usd_26w,
    (15 * sign)::decimal(38, 12) as expected_value_usd_26w_low,
    (30 * sign)::decimal(38, 12) as expected_value_usd_26w_high,
    (40 * sign)::decimal(38, 12) as expected_value_usd_52w
from (select *, case when style = 'market_maker' then -1 else 1 end as sign from population);

create table trader_churn as
select
    trader_id,
    8::bigint as horizon_weeks,
    case when style = 'opportunistic' then 0.75 else 0.125 end as churn_probability,
    case when style = 'opportunistic' then 'high' else 'low' end as churn_band,
    'secret reason of a trader' as top_reasons
from population
where style != 'dormant'
union all
select trader_id, 8, null, null, 'too new' from population where style = 'dormant';

create table value_quality (model_version varchar, as_of_date date, measure varchar,
    population varchar, value double, baseline double, baseline_last_8_weeks double,
    threshold double, passed boolean, why varchar);
insert into value_quality values
    ('v-1', '2026-11-08', 'spearman', 'recently_active', 0.85, 0.79, 0.81, 0.82, true, null),
    ('v-1', '2026-11-08', 'mae', 'recently_active', 0.4, 0.43, 0.5, 0.36, false, null),
    ('v-1', '2026-11-08', 'mae', 'all', 0.7, 0.8, 0.9, null, null, null),
    ('v-0', '2026-11-01', 'mae', 'recently_active', 0.9, 0.9, 0.9, 0.36, false, null);

create table churn_quality (as_of_date date, target varchar, predictor varchar,
    model_version varchar, is_champion boolean, measure varchar, value double, threshold double,
    passed boolean);
insert into churn_quality values
    ('2026-11-08', 'churn', 'boosted_trees', 'c-1', true, 'auc', 0.83, 0.8, true),
    ('2026-11-08', 'churn', 'closed_form', 'c-2', false, 'auc', 0.8, 0.8, null),
    ('2026-11-08', 'churn', 'recency', null, false, 'auc', 0.78, 0.8, null);
insert into churn_quality
select as_of_date, target, predictor, 'c', is_champion, measure || '[' || bin || ']',
    case when measure = 'mean_probability' then bin / 10 - 0.05
        when bin < 10 then bin / 10 - 0.07 end,
    null, null
from range(1, 11) as bins (bin),
    (values ('mean_probability'), ('outcome_rate')) as measures (measure),
    (values (date '2026-11-08', 'churn', 'boosted_trees', true),
        (date '2026-11-08', 'churn', 'recency', false),
        (date '2026-11-08', 'value_churn', 'closed_form', true),
        (date '2026-11-01', 'churn', 'closed_form', true))
        as predictors (as_of_date, target, predictor, is_champion);
update churn_quality set value = 0.5
where measure like '%[%' and (as_of_date < '2026-11-08' or target != 'churn' or not is_champion);

create table recommendation_quality (measure varchar, value double, baseline double);
insert into recommendation_quality values ('hit_rate_at_5', 0.5, 0.4);

create table retention_cohorts as
select
    date '2026-04-06' + 7 * cohort::integer as cohort_week,
    since as weeks_since,
    40 - cohort as traders,
    case when cohort + since < 30 then (40 - cohort) // (1 + since) end as active,
    case when cohort + since < 30 then 10::decimal(38, 12) end as revenue_usd
from range(31) as cohorts (cohort), range(31) as weeks (since)
where cohort + since <= 30;

create table segment_survival as
select
    segment_id,
    style,
    week as weeks_since,
    traders - week * (traders // 20) as at_risk,
    traders // 20 as events
from segment_summary, range(12) as weeks (week);

create table segment_reactivation as
select
    segment_id,
    style,
    silence::bigint as silence_weeks,
    within::bigint as within_weeks,
    case when silence < 8 then traders else 0 end as silences,
    case when silence < 8 then traders // (silence * 8 // within) else 0 end as returned
from segment_summary, (values (1), (4), (8)) as lengths (silence), (values (4), (8)) as w (within);

create table trader_recommendations as
select
    trader_id,
    rank,
    ['trade_spot', 'use_post_only'][rank] as action_id,
    ['Spot <b>', 'Post-only orders'][rank] as action_name,
    ['product', 'education'][rank] as kind,
    'secret reason' as reason,
    rank = 2 or style != 'hedger' as is_eligible,
    case when rank = 1 and style = 'hedger' then 'secret hold' end as ineligible_because
from population, (values (1), (2)) as ranks (rank);
"""
