"""Campaigns of the sample venue: audiences without who must not be addressed, results recounted."""

from __future__ import annotations

import duckdb
import pytest
from scipy import stats

from warehouse_builds import Home

pytestmark = pytest.mark.slow


def test_audiences_hold_those_they_are_for_with_a_tenth_of_control(sample_home: Home) -> None:
    rows = sample_home.query(
        """
        select
            campaign_id,
            count(*),
            count(case when arm = 'control' then 1 end),
            count(case when is_active and arm = 'control' then 1 end),
            count(case when is_active and level = 'prohibited' then 1 end),
            count(case when is_active and hold_reason is not null then 1 end),
            count(case when is_active and blocked_services like '%open_position%' then 1 end),
            count(suppressed_because)
        from campaign_audiences inner join trader_due_diligence using (trader_id)
        group by 1
        order by 1
        """
    )
    sizes = {row[0]: row[1] for row in rows}
    quiet = sample_home.query(
        "select count(*) from trader_segments where value_tier <> 'low' "
        "and lifecycle_stage in ('at_risk', 'dormant', 'churned')"
    )
    assert sizes["win_back"] == quiet[0][0]
    assert sizes.keys() >= {"win_back", "options_education"}
    for campaign, size, control, *impossible in rows:
        low, high = stats.binom.interval(0.999, size, 0.1)
        assert low <= control <= high, campaign
        assert impossible[:4] == [0, 0, 0, 0], campaign
    assert sum(row[-1] for row in rows) > 0


def test_the_first_publish_adds_everybody(sample_home: Home) -> None:
    both = sample_home.query(
        """
        select count(*), count(changes.trader_id), count(case when change = 'added' then 1 end)
        from campaign_audiences as audiences full join audience_changes as changes
            using (campaign_id, trader_id, as_of_date, arm, is_active)
        """
    )[0]
    assert len(set(both)) == 1
    logged = sample_home.query_warehouse("select build_id, count(*) from audience_log group by 1")
    assert logged == [(sample_home.manifest()["build_id"], both[0])]


def test_results_count_the_assigned_and_who_of_them_traded_later(sample_home: Home) -> None:
    """Arms and retention from the raw tables; accounts of the sample venue belong to one trader."""
    with duckdb.connect() as raw:
        for table in ("campaign_assignments", "accounts", "fills"):
            path = sample_home.raw_data / f"{table}.parquet"
            raw.execute(f"create view {table} as from '{path}'")
        rows = raw.execute(
            """
            with traded as (
                select distinct trader_id, cast(executed_at as date) as traded_on
                from fills inner join accounts using (account_id)
            ),
            traders as (
                select campaign_id, given.trader_id, arm, count(traded_on) > 0 as is_retained
                from campaign_assignments as given left join traded on
                    given.trader_id = traded.trader_id
                    and traded_on >= date_trunc('week', assigned_at) + interval 7 day
                    and traded_on < date_trunc('week', assigned_at) + interval 35 day
                group by all
            )
            select
                campaign_id,
                count(case when arm = 'treatment' then 1 end),
                count(case when arm = 'control' then 1 end),
                count(case when arm = 'treatment' and is_retained then 1 end),
                count(case when arm = 'control' and is_retained then 1 end)
            from traders
            group by 1 order by 1
            """
        ).fetchall()
    expected = [
        (campaign, treated, control, later / treated, other / control)
        for campaign, treated, control, later, other in rows
    ]
    found = sample_home.query(
        """
        select campaign_id, treated, control, retention_treated, retention_control
        from campaign_results
        where segment_id = 'all' order by 1
        """
    )
    assert len(found) == 2
    for ours, theirs in zip(found, expected, strict=True):
        assert ours[:3] == theirs[:3]
        assert ours[3:] == pytest.approx(theirs[3:], abs=1e-9)


def test_intervals_hold_their_uplift_and_segments_add_up(sample_home: Home) -> None:
    campaigns = sample_home.query(
        """
        select
            campaign_id,
            sum(case when segment_id <> 'all' then treated end),
            sum(case when segment_id = 'all' then treated end),
            bool_and(net_revenue_uplift_low_usd < net_revenue_uplift_usd),
            bool_and(net_revenue_uplift_usd < net_revenue_uplift_high_usd),
            count(case when segment_id = 'all' then net_revenue_uplift_usd end),
            min(case when segment_id = 'all' then net_revenue_variance_share end)
        from campaign_results group by 1
        """
    )
    for _, parts, whole, *inside, known, variance_share in campaigns:
        assert (parts, inside, known) == (whole, [True, True], 1)
        assert 0 < variance_share < 1
    ends = sample_home.query(
        """
        select
            curves.net_revenue_uplift_usd,
            random_uplift_usd,
            results.net_revenue_uplift_usd * results.treated
        from campaign_qini as curves inner join campaign_results as results using (campaign_id)
        where targeted_share = 1 and segment_id = 'all'
        """
    )
    assert len(ends) == 2
    for curve, random, uplift in ends:
        assert curve == random == pytest.approx(uplift)
