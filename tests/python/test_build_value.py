"""Net value and lifetime value of the sample venue."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pytest

from warehouse_builds import Home

pytestmark = pytest.mark.slow

HOLDOUT_WEEKS = 8


def read(home: Home, query: str) -> pd.DataFrame:
    """Rows of the working database."""
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute(query).df()


def test_net_value_is_every_fee_less_every_incentive_to_the_cent(sample_home: Home) -> None:
    query = """
    with owned as (
        select trader_id, fee_usd as amount_usd from int_fills_valued
        union all
        select trader_id, -amount_usd from stg_incentives
    ), expected as (select trader_id, sum(amount_usd) as value_usd from owned group by 1)
    select count(*) as traders, count(*) filter (where value_usd = historic_net_value_usd) as equal,
        sum(historic_net_value_usd) as total
    from expected full outer join trader_lifetime_value using (trader_id)
    """
    with duckdb.connect(str(sample_home.warehouse), read_only=True) as connection:
        traders, equal, total = connection.execute(query).fetchall()[0]
        ((weeks,),) = connection.execute(
            "select sum(net_value_usd) from int_trader_value_weeks"
        ).fetchall()
    assert traders == equal > 1900
    assert isinstance(total, Decimal)
    assert total == weeks > 0


def test_market_makers_cost_more_than_they_bring(sample_home: Home) -> None:
    truth = sample_home.raw_data.parent / "truth" / "traders.parquet"
    found = read(
        sample_home,
        f"""select historic_net_value_usd::double as so_far, expected_value_usd_26w::double as ahead
        from trader_lifetime_value join '{truth}' using (trader_id)
        where archetype = 'market_maker'""",
    )
    assert len(found) > 5
    assert (found["so_far"] < 0).all()
    assert (found["ahead"] < 0).mean() > 0.8


def test_every_trader_has_one_forecast_and_ordered_bounds(sample_home: Home) -> None:
    values = sample_home.contents()["trader_lifetime_value"].to_pandas()
    traders = sample_home.query("select count(*) from trader_segments")[0][0]
    assert len(values) == traders == values["trader_id"].nunique()
    known = values[values["expected_value_usd_26w"].notna()]
    assert set(values["fallback_level"]) <= {
        *("style", "all_traders", "never_traded", "prohibited", "closed")
    }
    for weeks in (13, 26, 52):
        low, high = (known[f"expected_value_usd_{weeks}w_{end}"] for end in ("low", "high"))
        assert (low <= high).all()
    barred = values["fallback_level"].isin(["prohibited", "closed"])
    assert barred.sum() > 3
    assert (values.loc[barred, "expected_value_usd_52w"] == 0).all()
    assert known["value_rank"].min() == 1
    best = known.sort_values("value_rank")["expected_value_usd_26w"]
    assert best.is_monotonic_decreasing
    assert (values["value_basis"] == "net_value").all()


def test_who_left_is_told_from_who_stayed(sample_home: Home) -> None:
    truth = sample_home.raw_data.parent / "truth" / "traders.parquet"
    found = read(
        sample_home,
        f"""select probability_active, leave_day < 120 as has_left
        from trader_lifetime_value join '{truth}' using (trader_id)
        where probability_active > 0""",
    )
    left, stayed = (found.loc[found["has_left"] == side, "probability_active"] for side in (1, 0))
    assert len(left) > 100
    above = (stayed.to_numpy()[:, None] > left.to_numpy()).mean()
    assert above > 0.95


def test_the_expected_value_of_a_segment_is_that_of_its_traders(sample_home: Home) -> None:
    query = """
    select segment_id, sum(v.expected_value_usd_26w)::double as expected, max(s.expected_value_usd)
    from trader_segments join trader_lifetime_value as v using (trader_id)
    join segment_summary as s using (segment_id) group by 1
    """
    rows = sample_home.query(query)
    assert len(rows) > 10
    for segment, expected, shown in rows:
        assert shown == (pytest.approx(expected) if expected is not None else None), segment


def test_the_backtest_sees_nothing_after_its_cut(sample_home: Home) -> None:
    """Histories before the weeks kept back, told once more from the fills of that time."""
    (as_of,) = sample_home.query("select distinct as_of_date from trader_segments")[0]
    cut = as_of - dt.timedelta(weeks=HOLDOUT_WEEKS)
    query = f"""
    with weeks as (
        select distinct trader_id, (date '{cut}' - event_date) // 7 as age
        from int_fills_valued where event_date <= date '{cut}'
    ), told as (
        select trader_id, count(*) - 1 as frequency, max(age) - min(age) as recency,
            max(age) as periods from weeks group by 1
    ), later as (
        select trader_id, count(distinct (event_date - date '{cut}' - 1) // 7) as active
        from int_fills_valued where event_date > date '{cut}' and event_date <= date '{as_of}'
        group by 1
    )
    select
        count(*) as traders,
        count(*) filter (where h.frequency = told.frequency and h.recency = told.recency
            and h.periods = told.periods
            and h.future_active_weeks = coalesce(later.active, 0)) as equal
    from told
    full outer join (
        from int_trader_value_histories where holdout_weeks = {HOLDOUT_WEEKS}
    ) as h using (trader_id)
    left join later using (trader_id)
    """
    found = read(sample_home, query).iloc[0]
    assert found["traders"] == found["equal"] > 1500


def test_the_backtest_stands_beside_forecasts_without_a_model(sample_home: Home) -> None:
    found = sample_home.contents()["value_quality"].to_pandas().set_index(["population", "measure"])
    assert set(found["holdout_weeks"]) == {HOLDOUT_WEEKS}
    recent = found.loc["recently_active"]
    assert recent.loc["spearman", "value"] > 0.8
    assert recent.loc["spearman", "value"] > recent.loc["spearman", "baseline"]
    compared = recent.loc[["spearman", "mae", "total_bias"]]
    baselines = compared[[name for name in compared if name.startswith("baseline")]]
    assert np.isfinite(baselines.to_numpy()).all()
    assert recent.loc["mae_gain", "passed"] == (recent.loc["mae_gain", "value"] >= 0.15)
    assert found.loc["all", "passed"].isna().all()
    models = sample_home.contents()["value_models"].to_pandas()
    assert set(models["part"]) == {
        *("activity", "worth_positive", "worth_negative", "regime", "drift")
    }
    assert {"all_traders", "small", "leveraged_directional"} <= set(models["style"])
    assert "dormant" not in set(models["style"])
