"""Marts of due diligence and risk of the made-up venue that the report is tested on."""

SQL = """
create table trader_due_diligence as
select
    trader_id,
    as_of_date,
    ['simplified', 'standard', 'enhanced', 'prohibited'][1 + least(3, i % 7 // 2)] as level,
    ['verified', 'pending', 'rejected'][1 + i % 3] as verification_status,
    case when i % 7 < 6 then (as_of_date + (i % 5 - 1)::integer * 20)::date end
        as next_review_due_on,
    i % 7 < 6 and i % 5 = 0 as is_overdue,
    case when i % 7 = 6 then 'On a list of sanctions' end as hold_reason,
    case
        when i % 7 = 6 then '[{"rule_id": "listed", "factor": "customer", "points": 0}]'
        when i % 7 = 5
            then '[{"rule_id": "pep", "factor": "customer", "points": 20},'
                || ' {"rule_id": "remote", "factor": "channel", "points": 8}]'
        else '[]'
    end as factors,
    '2026-01-01-abcdef' as ruleset_version
from (select *, row_number() over (order by trader_id) - 1 as i from population);

create table trader_due_diligence_history as
select trader_id, as_of_date as valid_from, level,
    case when level = 'enhanced' then 'standard' when level = 'standard' then null else level end
        as previous_level
from trader_due_diligence;

create table due_diligence_rulesets (ruleset_version varchar, rule_id varchar, factor varchar,
    points integer, floor varchar, is_hold boolean, description varchar);
insert into due_diligence_rulesets values
    ('2026-01-01-abcdef', 'listed', 'customer', 0, 'prohibited', true, 'On a list of sanctions'),
    ('2026-01-01-abcdef', 'pep', 'customer', 20, 'enhanced', false, 'Politically exposed <person>'),
    ('2026-01-01-abcdef', 'remote', 'channel', 8, null, false, 'Identified at a distance'),
    ('2025-01-01-000000', 'remote', 'channel', 5, null, false, 'As it was');

create table verification_service_levels as
select date '2026-09-07' + 7 * w::integer as week_start_date, 20 as submitted, 18 as verified,
    1 as rejected, 2 as not_verified, 2.5 as median_hours_to_verify, 0.9 as within_target_share,
    0.95::double as target_share, 24::double as target_hours, false as is_met
from range(9) as weeks (w);

create table trader_risk_profile as
select
    trader_id,
    ['critical', 'high', 'medium', 'low', 'unknown'][1 + i % 5] as risk_tier,
    ['continuous', 'daily', 'weekly', 'monthly', 'daily'][1 + i % 5] as monitoring_intensity,
    case when i % 5 < 4 then ['leverage', 'tail_loss'][1 + i % 2] end as top_factor,
    (10 - i % 5)::double as leverage_cap,
    case when i % 5 = 0 then 24 else 0 end as withdrawal_hold_hours,
    case when i % 5 = 0 then 'spot' else 'spot, option' end as allowed_products,
    1000::decimal(38, 12) as tail_loss_usd
from (select *, row_number() over (order by trader_id) - 1 as i from population);

create table account_segments (account_id varchar, purpose varchar, equity_usd decimal(38, 12),
    margin_mode varchar, isolation_breach_count bigint);
insert into account_segments
select 'account-' || i, ['trading', 'hedging'][1 + i % 2], 500, ['cross', 'isolated'][1 + i % 2],
    case when i % 4 = 1 then 2 when i % 2 = 1 then 0 end
from range(20) as accounts (i);

create table pool_exposure (pool_id varchar, segment_id varchar, trader_count bigint,
    equity_usd decimal(38, 12), delta_usd decimal(38, 12), gamma_usd decimal(38, 12),
    vega_usd decimal(38, 12), largest_trader_share double);
insert into pool_exposure values
    ('pool-BTC', 'small__low', 10, 9000, -500, -10, 4, 0.1),
    ('pool-BTC', 'hedger__low', 2, 1000, 700, 0, 0, 0.3),
    ('pool-ETH', 'small__low', 3, 2000, 30, 1, 1, 0.6),
    ('group:secret-account-1', 'small__low', 1, 70, 0, 0, 0, 1),
    ('account:secret-account-2', 'small__low', 1, 30, 0, 0, 0, 1);

create table pool_scenario_losses (pool_id varchar, segment_id varchar, scenario_id varchar,
    position_loss_usd decimal(38, 12), shortfall_usd decimal(38, 12));
insert into pool_scenario_losses values
    ('pool-BTC', 'small__low', 'spot_down_40', 500, 20),
    ('pool-BTC', 'hedger__low', 'spot_down_40', -450, 0),
    ('pool-BTC', 'small__low', 'spot_up_40', -100, 0),
    ('pool-BTC', 'hedger__low', 'spot_up_40', 400, 5),
    ('pool-ETH', 'small__low', 'spot_down_40', -1, 0);

create table pool_contagion (from_pool_id varchar, to_pool_id varchar, shared_trader_count bigint,
    scenario_id varchar, pool_loss_usd decimal(38, 12), carried_loss_usd decimal(38, 12),
    carried_loss_share double, blast_radius_share double);
insert into pool_contagion values
    ('pool-BTC', 'pool-BTC', 12, 'spot_up_40', 400, 380, 0.95, 0.001),
    ('pool-BTC', 'pool-ETH', 2, 'spot_up_40', 400, 20, 0.05, 0.001),
    ('pool-BTC', 'group:secret-account-1', 1, 'spot_up_40', 400, 3, 0.01, 0.001),
    ('pool-ETH', 'pool-BTC', 2, null, null, null, null, null);
"""
