"""Recommendations on the sample venue: SQL scores as Python does, nobody gets what is denied."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from trader_segments.recommendation import choose_affinity
from warehouse_builds import Home, must

pytestmark = pytest.mark.slow

AS_OF_DATE = dt.date(2026, 6, 30)


def table(home: Home, query: str) -> pd.DataFrame:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.sql(query).df()


def test_affinity_in_sql_is_that_of_the_library(sample_home: Home) -> None:
    uses = table(sample_home, "from int_recommendation_sample order by trader_id, item_id")
    chosen = choose_affinity(uses, AS_OF_DATE, days=28, least_traders=10)
    assert chosen is not None
    matrix, affinity = chosen
    scores = affinity.scores(matrix.used)
    scores[matrix.used.todense() > 0] = 0
    found = np.zeros_like(scores)
    rows = table(sample_home, "from int_trader_item_affinities")
    place = (
        pd.Index(matrix.trader_ids).get_indexer(rows["trader_id"]),
        pd.Index(matrix.item_ids).get_indexer(rows["item_id"]),
    )
    assert min(place[0].min(), place[1].min()) >= 0
    found[place] = rows["affinity"]
    known = found > 0
    assert known.sum() == len(rows) > 10_000
    np.testing.assert_allclose(found[known], np.minimum(scores[known], 1), atol=1e-9)
    listed = known.sum(axis=1)
    assert (listed == np.minimum((scores > 5e-10).sum(axis=1), 20)).all()
    least = np.where(known, scores, np.inf).min(axis=1)
    assert (np.where(known, -np.inf, scores).max(axis=1) <= least + 1e-9)[listed == 20].all()


def test_affinity_beats_popularity_on_what_came_after_the_cut(sample_home: Home) -> None:
    measures = table(sample_home, "from recommendation_quality").set_index("measure")
    assert measures.loc["traders_judged", "value"] > 500
    assert measures.loc["ndcg_at_5", "value"] >= 1.15 * measures.loc["ndcg_at_5", "baseline"] > 0
    assert measures.loc["ndcg_at_5", "passed"]
    assert measures.loc["hit_rate_at_5", "value"] > measures.loc["hit_rate_at_5", "baseline"]


def test_what_is_forbidden_is_kept_with_the_reason(sample_home: Home) -> None:
    """Not vacuous: there are holds, caps and blocks, and each has rows that it forbids."""
    rows = table(
        sample_home,
        """
        select
            recommendations.kind, recommendations.is_eligible, ineligible_because,
            hold_reason is not null as is_on_hold, level, leverage_cap,
            recommendation_actions.leverage,
            instr(coalesce(blocked_services, ''), required_service) > 0 as is_blocked
        from trader_recommendations as recommendations
        inner join trader_due_diligence using (trader_id)
        inner join trader_risk_profile using (trader_id)
        inner join recommendation_actions using (action_id)
        """,
    )
    assert len(rows) == len(table(sample_home, "from trader_recommendations"))
    assert (rows["ineligible_because"].isna() == rows["is_eligible"]).all()
    forbidden = {
        "on hold": rows["is_on_hold"] & rows["kind"].ne("risk_control"),
        "level of due diligence is prohibited": rows["level"].eq("prohibited")
        & rows["kind"].ne("risk_control"),
        "leverage cap is": rows["leverage"].gt(1) & rows["leverage"].gt(rows["leverage_cap"]),
        "due diligence blocks": rows["is_blocked"].eq(True),
    }
    for words, is_forbidden in forbidden.items():
        assert is_forbidden.sum() > 10, words
        assert not rows.loc[is_forbidden, "is_eligible"].any(), words
        assert rows.loc[is_forbidden, "ineligible_because"].str.contains(words).all(), words
    assert rows["is_eligible"].mean() > 0.5


def test_reasons_are_whole_sentences_about_something_new(sample_home: Home) -> None:
    rows = table(sample_home, "select reason, kind from trader_recommendations")
    assert rows["reason"].str.contains(": ").all()
    assert not rows["reason"].str.contains(r"[{}]|NaN|None|  |: ;|, ,|: $").any()
    assert rows["reason"].nunique() > 300
    used = table(
        sample_home,
        """
        select count(*) as n
        from int_recommendation_candidates
        inner join int_trader_item_uses using (trader_id, item_id)
        """,
    )
    assert used["n"].tolist() == [0]


def test_what_was_recommended_rests_on_a_later_date(sample_home: Home, tmp_path: Path) -> None:
    """Eight days on nothing of the first list is open; what stood behind it is."""
    home = replace(sample_home, path=tmp_path / "home")
    shutil.copytree(sample_home.path / "build", home.path / "build")
    models = "int_as_of_date int_trader_recommendation_ranks trader_recommendations"
    must(home.dbt("run", "--vars", "as_of_date: 2026-07-08", "--select", *models.split()))
    first, later = (table(which, "from trader_recommendations") for which in (sample_home, home))
    assert set(later["as_of_date"].dt.date) == {dt.date(2026, 7, 8)}
    keys = ["trader_id", "action_id"]
    both = first[first["is_eligible"]][keys].merge(later, on=keys)
    assert len(both) > 1000
    assert both["ineligible_because"].str.contains(r"rests for \d+ more days").all()
    assert later["is_eligible"].sum() > 1000
    history = table(home, "select distinct as_of_date from int_trader_recommendation_ranks")
    assert len(history) == 2
