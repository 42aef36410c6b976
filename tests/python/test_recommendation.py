"""Affinity from what was used together, and the backtest that judges it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from trader_segments.recommendation import (
    Ranking,
    UseMatrix,
    affinity_table,
    choose_affinity,
    judge,
    measure_affinity,
)
from trader_segments.recommendation.affinity import NEIGHBOURS, PENALTIES, fit

LAST_DAY = dt.date(2026, 6, 30)
CUT = LAST_DAY - dt.timedelta(days=28)
SETTINGS = {"days": 28, "least_traders": 5}


def matrix(rows: int, columns: int, seed: int = 0, density: float = 0.3) -> sparse.csr_array:
    generator = np.random.default_rng(seed)
    return sparse.csr_array((generator.random((rows, columns)) < density).astype(np.float64))


def population(traders: int, seed: int, *, groups: int) -> pd.DataFrame:
    """Uses spread evenly over 180 days; each group prefers items of its own, all items differ in
    popularity."""
    generator = np.random.default_rng(seed)
    items = 24
    group = generator.integers(groups, size=traders)
    own = np.arange(items) % groups == group[:, None]
    popularity = np.linspace(0.1, 0.9, items)
    chance = np.where(own, popularity, popularity / 6 if groups > 1 else popularity)
    used = generator.random((traders, items)) < chance
    trader, item = np.nonzero(used)
    days = generator.integers(0, 180, size=len(trader))
    first = pd.to_datetime(LAST_DAY) - pd.to_timedelta(days, unit="D")
    return pd.DataFrame(
        {
            "trader_id": [f"T{number:05d}" for number in trader],
            "item_id": [f"i{number:02d}" for number in item],
            "first_used_on": first,
        }
    )


GROUPED = population(1500, 1, groups=3)


def value(table: pd.DataFrame, measure: str, column: str = "value") -> float:
    return float(table.set_index("measure").loc[measure, column])


def test_weights_are_the_ridge_regression_of_each_item_on_the_others() -> None:
    used = matrix(300, 8)
    x = used.todense()
    weights = fit(used, 20.0, 0).weights
    for item in range(8):
        others = [other for other in range(8) if other != item]
        gram = x[:, others].T @ x[:, others] + 20.0 * np.eye(7)
        expected = np.linalg.solve(gram, x[:, others].T @ x[:, item])
        assert weights[others, item] == pytest.approx(expected, abs=1e-8)
    assert (np.diag(weights) == 0).all()


def test_a_factorisation_is_averaged_in_as_a_truncated_svd() -> None:
    used = matrix(300, 16)
    _, _, right = np.linalg.svd(used.todense(), full_matrices=False)
    projection = right[:3].T @ right[:3]
    np.fill_diagonal(projection, 0)
    expected = (fit(used, 20.0, 0).weights + projection) / 2
    assert fit(used, 20.0, 3).weights == pytest.approx(expected, abs=1e-8)


def test_a_factorisation_has_at_most_a_quarter_of_the_items_as_dimensions() -> None:
    assert fit(matrix(100, 8), 20.0, 8).rank == 2
    assert fit(matrix(100, 3), 20.0, 8).rank == 0


def test_an_item_leads_to_so_many_others_only_the_strongest() -> None:
    used = matrix(400, NEIGHBOURS + 30)
    weights = fit(used, 50.0, 0).weights
    assert ((weights != 0).sum(axis=1) == NEIGHBOURS).all()
    x = used.todense()
    inverse = np.linalg.inv(x.T @ x + 50.0 * np.eye(len(weights)))
    full = -inverse / np.diag(inverse)
    np.fill_diagonal(full, 0)
    left_out = np.where(weights == 0, np.abs(full), 0).max(axis=1)
    kept = np.where(weights != 0, np.abs(full), np.inf).min(axis=1)
    assert (left_out <= kept).all()


def test_a_penalty_has_to_be_above_zero() -> None:
    with pytest.raises(ValueError, match="penalty 0"):
        fit(matrix(10, 4), 0.0, 0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(1, 7))
def test_lists_are_judged_as_the_definition_says(seed: int, items: int, length: int) -> None:
    generator = np.random.default_rng(seed)
    used = generator.random((6, items)) < 0.4
    begun = generator.random((6, items)) < 0.4
    ranking = Ranking.of(sparse.csr_array(used * 1.0), sparse.csr_array(begun * 1.0))
    rows = [t for t in range(6) if used[t].any() and (begun[t] & ~used[t]).any()]
    scores = np.round(generator.random((len(rows), items)), 1)
    found = judge(scores, ranking, length)
    for place, trader in enumerate(rows):
        shown = sorted(
            (i for i in range(items) if not used[trader, i]), key=lambda i: (-scores[place, i], i)
        )[:length]
        relevant = begun[trader] & ~used[trader]
        gain = sum(1 / np.log2(2 + rank) for rank, item in enumerate(shown) if relevant[item])
        ideal = sum(1 / np.log2(2 + rank) for rank in range(min(length, relevant.sum())))
        assert found.ndcg[place] == pytest.approx(gain / ideal)
        assert found.hit[place] == relevant[shown].any()


def test_what_is_later_than_the_day_teaches_nothing() -> None:
    days = pd.to_datetime(GROUPED["first_used_on"])
    known = GROUPED[days <= pd.Timestamp(CUT)]
    later = affinity_table(GROUPED, CUT, **SETTINGS)
    assert len(later)
    pd.testing.assert_frame_equal(affinity_table(known, CUT, **SETTINGS), later)


def test_rows_in_another_order_give_the_same_weights() -> None:
    shuffled = GROUPED.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(
        affinity_table(shuffled, LAST_DAY, **SETTINGS),
        affinity_table(GROUPED, LAST_DAY, **SETTINGS),
    )


def test_the_table_carries_the_weights_bit_for_bit() -> None:
    chosen = choose_affinity(GROUPED, LAST_DAY, **SETTINGS)
    assert chosen is not None
    used, affinity = chosen
    table = affinity_table(GROUPED, LAST_DAY, **SETTINGS)
    square = np.zeros_like(affinity.weights)
    index = pd.Index(used.item_ids)
    place = (index.get_indexer(table["item_id"]), index.get_indexer(table["other_item_id"]))
    square[place] = table["weight"]
    assert (square == affinity.weights).all()
    assert not table.duplicated(["item_id", "other_item_id"]).any()


def test_tastes_that_are_planted_beat_popularity_and_chance() -> None:
    measures = measure_affinity(GROUPED, LAST_DAY, **SETTINGS)
    assert value(measures, "ndcg_gain_low") > 0.15
    assert value(measures, "ndcg_at_5_beside_random", "baseline") < value(
        measures, "ndcg_at_5", "baseline"
    )
    assert measures.set_index("measure")["passed"]["ndcg_at_5"]
    assert value(measures, "ndcg_at_5", "threshold") == pytest.approx(
        1.15 * value(measures, "ndcg_at_5", "baseline"), abs=1e-8
    )


def test_without_tastes_nothing_is_gained_over_popularity() -> None:
    """The interval of 19 in 20 venues without tastes reaches down to no gain; none is passed."""
    lows = []
    for seed in range(6):
        measures = measure_affinity(population(800, seed, groups=1), LAST_DAY, **SETTINGS)
        lows.append(value(measures, "ndcg_gain_low"))
        assert not measures.set_index("measure")["passed"]["ndcg_at_5"]
    assert sum(low > 0 for low in lows) <= 1


def test_few_traders_are_not_judged() -> None:
    measures = measure_affinity(population(60, 2, groups=3), LAST_DAY, **SETTINGS)
    passed = measures.set_index("measure")["passed"]
    assert 0 < value(measures, "traders_judged") < 100
    assert passed.drop("traders_judged").isna().all()
    assert not passed["traders_judged"]
    assert value(measures, "ndcg_at_5") > 0


@pytest.mark.parametrize("rows", [0, 1, 12])
def test_who_uses_next_to_nothing_gives_an_empty_table_of_the_same_types(rows: int) -> None:
    uses = GROUPED.head(rows).assign(item_id="i00")
    table = affinity_table(uses, LAST_DAY, **SETTINGS)
    assert table.empty
    pd.testing.assert_series_equal(
        table.dtypes, affinity_table(GROUPED, LAST_DAY, **SETTINGS).dtypes
    )
    measures = measure_affinity(uses, LAST_DAY, **SETTINGS)
    assert (
        measures["measure"].tolist()
        == measure_affinity(GROUPED, LAST_DAY, **SETTINGS)["measure"].tolist()
    )
    assert measures.set_index("measure")["value"].drop("traders_judged").isna().all()


def test_ties_take_the_first_of_the_penalties() -> None:
    """Nothing was begun in the days that judge: nothing tells one penalty from another."""
    old = GROUPED[pd.to_datetime(GROUPED["first_used_on"]) <= pd.Timestamp(CUT)]
    chosen = choose_affinity(old, LAST_DAY, **SETTINGS)
    assert chosen is not None
    assert (chosen[1].penalty, chosen[1].rank) == (PENALTIES[0], 0)


def test_items_of_few_traders_are_left_out() -> None:
    counts = GROUPED["item_id"].value_counts()
    least = int(sorted(counts)[3])
    used = UseMatrix.until(GROUPED, LAST_DAY, least)
    assert used.item_ids == sorted(counts.index[counts >= least])
    assert used.used.sum() == counts[counts >= least].sum()
