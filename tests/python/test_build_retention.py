"""Cohorts, survival and reactivation of the sample venue, counted anew in pandas and scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import CensoredData, ecdf

from warehouse_builds import Home

pytestmark = pytest.mark.slow

DORMANT = pd.Timedelta(weeks=8)


def active_days(home: Home) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Days with a fill by trader, in order, and the as-of date."""
    rows = home.query_warehouse("select trader_id, event_date from int_trader_days order by all")
    days = pd.DataFrame(rows, columns=["trader_id", "day"])
    days["day"] = pd.to_datetime(days["day"])
    return days, pd.Timestamp(home.query("select max(as_of_date) from trader_segments")[0][0])


def test_cohorts_are_those_of_the_days_with_a_fill(sample_home: Home) -> None:
    days, as_of_date = active_days(sample_home)
    days["week"] = days["day"] - pd.to_timedelta(days["day"].dt.day_of_week, "D")
    days["cohort"] = days.groupby("trader_id")["week"].transform("min")
    active = days.groupby(["cohort", "week"])["trader_id"].nunique()
    sizes = days.groupby("cohort")["trader_id"].nunique()
    found = sample_home.query(
        "select cohort_week, week_start_date, weeks_since, traders, active from retention_cohorts"
        " order by all"
    )
    weeks = pd.date_range(days["week"].min(), as_of_date, freq="W-MON")
    assert found == [
        (
            cohort.date(),
            week.date(),
            (week - cohort).days // 7,
            size,
            int(active.get((cohort, week), 0)) if (as_of_date - week).days >= 6 else None,
        )
        for cohort, size in sizes.items()
        for week in weeks
        if week >= cohort
    ]


def test_cohorts_bring_what_weeks_of_traders_do(sample_home: Home) -> None:
    weeks = sample_home.query_warehouse(
        "select week_start_date, sum(net_value_usd) from int_trader_value_weeks as given"
        " where week_start_date >= (select min(of_trader.week_start_date)"
        " from int_trader_value_weeks as of_trader"
        " where of_trader.trader_id = given.trader_id and of_trader.is_active)"
        " group by 1 order by 1"
    )
    cohorts = sample_home.query(
        "select week_start_date, sum(revenue_usd) from retention_cohorts where is_observed"
        " group by 1 order by 1"
    )
    assert cohorts == weeks[: len(cohorts)]
    assert len(cohorts) > 20


def test_survival_of_all_segments_together_is_that_of_scipy(sample_home: Home) -> None:
    days, as_of_date = active_days(sample_home)
    spans = days.groupby("trader_id")["day"].agg(["min", "max"])
    last_week = (spans["max"] - spans["min"]).dt.days // 7
    watched = ((as_of_date - DORMANT - spans["min"]).dt.days + 1) // 7
    has_left = last_week < watched
    kept = watched > 0
    times = CensoredData(uncensored=last_week[kept & has_left], right=watched[kept & ~has_left] - 1)
    rows = sample_home.query(
        "select weeks_since, sum(at_risk), sum(events) from segment_survival group by 1 order by 1"
    )
    weeks, at_risk, events = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    survival = np.cumprod(1 - events / at_risk)
    np.testing.assert_allclose(survival, ecdf(times).sf.evaluate(weeks), rtol=1e-12)
    assert at_risk[0] == kept.sum()
    assert 0 < survival[-1] < 1


def test_reactivation_is_that_of_the_gaps_between_days(sample_home: Home) -> None:
    days, as_of_date = active_days(sample_home)
    days["next"] = days.groupby("trader_id")["day"].shift(-1)
    silent = days["next"].sub(days["day"]).dt.days.fillna(np.inf)
    age = (as_of_date - days["day"]).dt.days
    found = sample_home.query(
        "select silence_weeks, within_weeks, sum(silences), sum(returned), sum(not_observed)"
        " from segment_reactivation group by 1, 2 order by 1, 2"
    )
    expected = []
    for silence, within, *_ in found:
        lasted = (silent > 7 * silence) & (age >= 7 * silence)
        observed = age >= 7 * (silence + within)
        returned = silent <= 7 * (silence + within)
        counts = (lasted & observed, lasted & observed & returned, lasted & ~observed)
        expected.append((silence, within, *(int(count.sum()) for count in counts)))
    assert found == expected
    assert len(found) == 14


def test_report_is_small_and_names_nobody(sample_home: Home) -> None:
    report = (sample_home.published / "report.html").read_text(encoding="utf-8")
    assert len(report.encode()) <= 2_000_000
    for column in ("trader_id", "account_id"):
        mart = "trader_segments" if column == "trader_id" else "account_segments"
        ids = {name for (name,) in sample_home.query(f"select {column} from {mart}")}
        assert ids
        assert not [name for name in ids if f">{name}<" in report or f" {name} " in report]
    for chart in ("retention", "survival-0", "returns"):
        assert f'id="{chart}"' in report
