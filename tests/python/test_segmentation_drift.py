"""Drift alarms seldom by chance, always for a plain shift, and tells what kind of shift it is."""

from __future__ import annotations

import datetime as dt
from functools import cache

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_segments.segmentation.drift import (
    Bins,
    alarm_threshold,
    feature_drift,
    keep_reference,
    population_stability,
    reference_of,
    segment_drift,
    share_shift,
    share_threshold,
)
from trader_segments.segmentation.table import FloatArray

SPECS = [
    {"name": "turnover", "transform": "log1p"},
    {"name": "share", "transform": "logit", "count": "fills"},
    {"name": "fills", "transform": "log1p"},
    {"name": "skew", "transform": "identity"},
]


def _traders(n: int, seed: int, prefix: str = "t") -> pd.DataFrame:
    """A third have no turnover, one in ten no known share."""
    rng = np.random.default_rng(seed)
    turnover = np.expm1(rng.normal(8.0, 1.0, n))
    turnover[rng.random(n) < 1 / 3] = 0.0
    share = rng.beta(2.0, 3.0, n)
    share[rng.random(n) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "trader_id": [f"{prefix}{row}" for row in range(n)],
            "turnover": turnover,
            "share": share,
            "fills": rng.integers(50, 2000, n).astype(float),
            "skew": rng.normal(0.0, 1.0, n),
        }
    )


def _drift(reference: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    return feature_drift(reference, current, SPECS).set_index("feature_name")


@cache
def _threshold(n: int, bins: int, tests: int) -> float:
    return alarm_threshold(n, n, bins, tests)


def _is_alarm(then: FloatArray, now: FloatArray, tests: int) -> bool:
    bins = Bins.of(then)
    psi, used = population_stability(bins.counts(then), bins.counts(now))
    return psi > _threshold(len(then), used, tests)


@pytest.mark.parametrize(("n", "features"), [(500, 12), (5000, 2)])
def test_chance_raises_an_alarm_in_one_family_of_a_hundred_at_most(n: int, features: int) -> None:
    rng = np.random.default_rng(n)
    families = 0
    for _ in range(1000):
        then, now = rng.standard_normal((2, features, n))
        for values in (then, now):
            values[features // 2 :] = np.maximum(values[features // 2 :], 0.0)
        families += any(_is_alarm(a, b, features) for a, b in zip(then, now, strict=True))
    assert families <= 10


def test_chance_raises_no_alarm_among_few_traders() -> None:
    rng = np.random.default_rng(100)
    specs = [{"name": f"run_{run}", "transform": "identity"} for run in range(1000)]
    ids = pd.Series([f"t{row}" for row in range(100)], name="trader_id")
    then, now = (
        pd.concat(
            [
                ids,
                pd.DataFrame(rng.standard_normal((100, 1000)), columns=[s["name"] for s in specs]),
            ],
            axis=1,
        )
        for _ in range(2)
    )
    drift = feature_drift(then, now, specs)
    assert (drift["psi"] > 0.1).mean() > 0.5
    assert drift["is_alarm"].isna().all()
    assert drift["alarm_threshold"].isna().all()
    assert (drift["reading"] == "too few traders").all()


def test_half_a_deviation_is_seen_at_a_thousand_traders() -> None:
    rng = np.random.default_rng(1)
    seen = sum(
        _is_alarm(rng.standard_normal(1000), rng.standard_normal(1000) + 0.5, 146)
        for _ in range(1000)
    )
    assert seen >= 950


def test_psi_without_drift_has_the_mean_and_tail_of_its_chi_square() -> None:
    rng = np.random.default_rng(2)
    psi = []
    for _ in range(1000):
        bins = Bins.of(then := rng.standard_normal(1000))
        psi.append(
            population_stability(bins.counts(then), bins.counts(rng.standard_normal(800)))[0]
        )
    scale = 1 / 1000 + 1 / 800
    assert np.mean(psi) == pytest.approx(9 * scale, rel=0.05)
    assert np.mean(np.array(psi) > 16.919 * scale) == pytest.approx(0.05, abs=0.02)


def test_the_first_scoring_has_no_drift() -> None:
    traders = _traders(600, 1)
    drift = _drift(traders, traders.sample(frac=1.0, random_state=1))
    assert (drift[["psi", "psi_remaining", "psi_stayers"]] == 0.0).all(axis=None)
    assert (drift["reading"] == "none").all()
    assert not drift["is_alarm"].any()
    assert (drift["stayers"] == 600).all()


def test_noise_of_the_same_traders_is_no_alarm() -> None:
    then = _traders(1000, 1)
    now = then.assign(skew=then["skew"] + np.random.default_rng(2).normal(0.0, 0.2, 1000))
    drift = _drift(then, now)
    assert not drift["is_alarm"].any()
    assert (drift["reading"] == "none").all()


def test_a_move_of_everybody_is_told_as_such_and_leaves_nothing() -> None:
    then = _traders(1000, 1)
    rng = np.random.default_rng(2)
    now = then.assign(
        skew=then["skew"] + 0.5 + rng.normal(0.0, 0.1, 1000),
        turnover=np.where(then["turnover"] > 0.0, (then["turnover"] + 1.0) * 3.0 - 1.0, 0.0),
    )
    drift = _drift(then, now)
    for name in ("skew", "turnover"):
        row = drift.loc[name]
        assert row["is_alarm"], name
        assert row["reading"] == "everyone moved alike", name
        assert row["psi_remaining"] < 0.1 < row["psi"]
    assert drift.loc["skew", "common_shift"] == pytest.approx(0.5, abs=0.06)
    assert drift.loc["share", "reading"] == "none"


def test_some_features_are_judged_among_all() -> None:
    then, now = _traders(500, 0), _traders(500, 1)
    alone = feature_drift(then, now, SPECS[:2], tests=len(SPECS)).set_index("feature_name")
    pd.testing.assert_frame_equal(alone, _drift(then, now).loc[alone.index])
    pair = feature_drift(then, now, SPECS[:2]).set_index("feature_name")["alarm_threshold"]
    assert pair["share"] < alone.loc["share", "alarm_threshold"]


def test_an_exchange_of_traders_is_told_from_a_move_of_the_market() -> None:
    then = _traders(1000, 1)
    joined = _traders(200, 3, "new")
    joined["skew"] += 2.5
    now = pd.concat([then.iloc[200:], joined], ignore_index=True)
    row = _drift(then, now).loc["skew"]
    assert row["is_alarm"]
    assert row["reading"] == "other traders"
    assert row["common_shift"] == 0.0
    assert row["psi_stayers"] == 0.0
    assert row["stayers"] == 800


def test_a_whole_new_population_is_other_traders() -> None:
    now = _traders(1000, 4, "new")
    now["skew"] += 1.0
    row = _drift(_traders(1000, 1), now).loc["skew"]
    assert row["reading"] == "other traders"
    assert np.isnan(row["common_shift"])
    assert row["stayers"] == 0


def test_some_who_changed_are_told_from_a_move_of_everybody() -> None:
    then = _traders(1000, 1)
    now = then.assign(skew=then["skew"] + np.where(np.arange(1000) < 250, 2.5, 0.0))
    row = _drift(then, now).loc["skew"]
    assert row["is_alarm"]
    assert row["reading"] == "some traders changed"
    assert row["common_shift"] == 0.0


def test_a_source_that_fails_is_a_change_of_coverage() -> None:
    then = _traders(1000, 1)
    known = np.arange(1000) % 2 == 0
    now = then.assign(skew=then["skew"].where(known), share=np.nan)
    drift = _drift(then, now)
    for one in (drift, _drift(now, then)):
        assert one.loc[["skew", "share"], "is_alarm"].all()
        assert (one.loc[["skew", "share"], "reading"] == "coverage changed").all()


def test_no_traders_and_unknown_features_are_no_drift() -> None:
    none = _traders(0, 1)
    for drift in (_drift(none, none), _drift(none, _traders(600, 1))):
        assert drift["is_alarm"].isna().all()
        assert drift["psi"].isna().all()
        assert (drift["reading"] == "too few traders").all()
    unknown = _traders(600, 1).drop(columns="skew")
    row = _drift(unknown, unknown).loc["skew"]
    assert (row["psi"], row["bins"], row["reading"]) == (0.0, 1, "none")


def test_a_venue_without_traders_survives_the_warehouse_and_has_no_drift() -> None:
    with duckdb.connect() as connection:
        sample = _traders(0, 1).assign(segment_id=pd.Series(dtype="str"))
        connection.execute("create table drift_sample as select * from sample")
        sample = connection.sql("select * from drift_sample").df()
        march = keep_reference(pd.DataFrame(), sample, "v1", dt.date(2026, 3, 31))
        connection.from_df(march).create("drift_reference")
        types = dict(
            connection.sql(
                "select column_name, column_type from (describe drift_reference)"
            ).fetchall()
        )
        stored = connection.sql("select * from drift_reference").df()
    assert {types[name] for name in ("model_version", "trader_id", "segment_id")} == {"VARCHAR"}
    assert len(keep_reference(stored, sample, "v1", dt.date(2026, 4, 30))) == 0
    assert _drift(reference_of(stored, "v1"), sample)["is_alarm"].isna().all()
    assert segment_drift(stored, sample).empty


@given(
    st.lists(st.one_of(st.none(), st.integers(-3, 3), st.floats(-1e6, 1e6)), max_size=60),
    st.lists(st.one_of(st.none(), st.integers(-3, 3), st.floats(-1e6, 1e6)), max_size=60),
)
def test_every_trader_falls_in_one_bin_and_psi_is_finite(
    then: list[float | None], now: list[float | None]
) -> None:
    reference = np.array(then, dtype=np.float64)
    current = np.array(now, dtype=np.float64)
    bins = Bins.of(reference)
    assert (np.diff(bins.edges) > 0.0).all()
    expected, actual = bins.counts(reference), bins.counts(current)
    assert expected.sum() == len(then)
    assert actual.sum() == len(now)
    psi, used = population_stability(expected, actual)
    assert 0.0 <= psi < np.inf
    assert used == ((expected + actual) > 0).sum()
    assert population_stability(expected, expected)[0] == 0.0


def test_ties_make_fewer_bins_and_an_atom_at_either_end_keeps_its_own() -> None:
    low = np.concatenate([np.zeros(95), np.arange(1.0, 6.0)])
    assert Bins.of(low).counts(low).tolist() == [95, 5, 0]
    assert Bins.of(-low).counts(-low).tolist() == [5, 95, 0, 0]
    constant = np.full(9, 7.0)
    assert Bins.of(constant).counts(np.array([6.0, 7.0, 8.0, np.nan])).tolist() == [1, 1, 1, 1]


def test_the_reference_is_the_earliest_scoring_with_a_version() -> None:
    segment = ["small__low", "small__low"]
    first = pd.DataFrame({"trader_id": ["a", "b"], "segment_id": segment, "skew": [1.0, 2.0]})
    later = pd.DataFrame({"trader_id": ["a", "c"], "segment_id": segment, "skew": [9.0, 9.0]})
    march, april = dt.date(2026, 3, 31), dt.date(2026, 4, 30)
    stored = keep_reference(pd.DataFrame(), first, "v1", march)
    assert keep_reference(stored, later, "v1", april) is stored
    both = keep_reference(stored, later, "v2", april)
    assert reference_of(both, "v1")["skew"].tolist() == [1.0, 2.0]
    assert reference_of(both, "v2")["trader_id"].tolist() == ["a", "c"]
    backfilled = keep_reference(both, first, "v2", march)
    assert reference_of(backfilled, "v2")["trader_id"].tolist() == ["a", "b"]
    assert len(backfilled) == 4


def test_segment_shares_are_judged_by_effect_and_chance() -> None:
    def traders(**sizes: int) -> pd.DataFrame:
        ids = [segment for segment, size in sizes.items() for _ in range(size)]
        return pd.DataFrame({"trader_id": range(len(ids)), "segment_id": ids})

    drift = segment_drift(
        traders(large=900, small=100, gone=30), traders(large=880, small=110, came=40)
    ).set_index("segment_id")
    assert drift["is_alarm"].to_dict() == {
        "came": True,
        "gone": True,
        "large": False,
        "small": False,
    }
    assert drift.loc["came", "reference_share"] == 0.0
    assert drift["current_share"].sum() == pytest.approx(1.0)
    assert drift.loc["gone", "share_shift"] == pytest.approx(
        -2 * np.arcsin(np.sqrt(30 / 1030)), rel=0.2
    )
    few = segment_drift(traders(a=400), traders(b=400))
    assert few["is_alarm"].isna().all()
    assert len(segment_drift(traders(), traders())) == 0


@pytest.mark.parametrize("n", [500, 1000])
@pytest.mark.parametrize(
    "shares",
    [
        [0.4, 0.3, 0.15, 0.1, 0.04, 0.01],
        [0.5, 0.2, 0.1, 0.05, 0.05, 0.03, 0.03, 0.02, 0.01, 0.005, 0.003, 0.002],
    ],
)
def test_segment_shares_seldom_alarm_by_chance(n: int, shares: list[float]) -> None:
    then, now = np.random.default_rng(n).multinomial(n, shares, (2, 100_000))
    alarms = np.abs(share_shift(then, now, n, n)) > share_threshold(n, n, len(shares))
    assert alarms.any(axis=1).mean() <= 0.011


def test_a_share_that_is_the_same_for_all_does_not_drift_with_its_count() -> None:
    then = _traders(1000, 0).assign(share=0.0)
    now = _traders(1000, 1).assign(share=0.0)
    now["fills"] = now["fills"] * 50
    drift = _drift(then, now)
    assert drift.loc["share", "psi"] == 0.0
    assert not drift.loc["share", "is_alarm"]
    assert drift.loc["fills", "is_alarm"]
