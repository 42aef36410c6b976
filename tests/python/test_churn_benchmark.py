"""The oracle of the churn benchmark is right about the venues that it judges by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from churn_venues import FIRST_DAY, HORIZON_WEEKS, KINDS, PAST_WEEKS, Venue

from trader_segments.churn import measures


@pytest.fixture(scope="module")
def venues() -> list[Venue]:
    return [Venue.of(seed, 2_000) for seed in (21, 22, 23)]


def test_the_oracle_is_calibrated_and_above_recency(venues: list[Venue]) -> None:
    said, came, silent = [], [], []
    for venue in venues:
        is_at_risk = venue.days[:, PAST_WEEKS - 8 : PAST_WEEKS].any(axis=1)
        said.append(venue.oracle()[is_at_risk])
        came.append(venue.has_churned[is_at_risk].astype(float))
        silent.append((venue.days[is_at_risk, PAST_WEEKS - 1 :: -1] > 0).argmax(axis=1))
    probability, outcome = np.concatenate(said), np.concatenate(came)
    assert 0.1 < outcome.mean() < 0.25
    assert measures.expected_calibration_error(probability, outcome) < 0.03
    best = measures.auc(probability, outcome)
    assert best > 0.83
    assert best > measures.auc(np.concatenate(silent).astype(float), outcome) + 0.05


def test_the_oracle_knows_nothing_of_what_follows(venues: list[Venue]) -> None:
    venue = venues[0]
    days, regime = venue.days.copy(), venue.regime.copy()
    days[:, PAST_WEEKS:] = 7 - days[:, PAST_WEEKS:]
    regime[PAST_WEEKS:] = 9.0
    other = replace(venue, days=days, regime=regime)
    assert (other.has_churned != venue.has_churned).any()
    assert (other.oracle() == venue.oracle()).all()


def test_what_is_written_is_the_past_alone(venues: list[Venue], tmp_path: Path) -> None:
    venue = venues[0]
    venue.write(tmp_path)
    fills = pd.read_parquet(tmp_path / "fills.parquet")
    days = (fills["executed_at"].dt.normalize() - pd.Timestamp(FIRST_DAY)).dt.days
    assert days.max() < 7 * PAST_WEEKS
    assert venue.days.shape[1] == PAST_WEEKS + HORIZON_WEEKS
    trader = fills["account_id"].str[1:].astype(int)
    found = pd.DataFrame({"trader": trader, "week": days // 7, "day": days}).drop_duplicates()
    counts = found.groupby(["trader", "week"]).size()
    for (number, week), count in counts.items():
        assert venue.days[number, week] == count
    assert len(counts) == np.count_nonzero(venue.days[:, :PAST_WEEKS])


def test_kinds_are_everybody() -> None:
    assert sum(kind.share for kind in KINDS.values()) == pytest.approx(1.0)
    assert len(KINDS) == 8
