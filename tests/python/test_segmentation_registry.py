"""Which stored model scores, and when a new one takes over."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from test_segmentation_population import SEEDS, SPECS, draw_population
from trader_segments.segmentation import (
    champion,
    choose_model,
    measure_quality,
    predecessor,
    score,
)

RULES = pd.read_csv(SEEDS / "style_rules.csv")
STYLES = pd.read_csv(SEEDS / "styles.csv")
FEATURES, _ = draw_population(800, 0)
LATER, _ = draw_population(800, 1)
JUNE, JULY = dt.date(2026, 6, 30), dt.date(2026, 7, 31)
NOW = dt.datetime(2026, 8, 1, 12)


def _choose(
    previous: pd.DataFrame,
    features: pd.DataFrame = FEATURES,
    rules: pd.DataFrame = RULES,
    specs: list[dict] = SPECS,
    as_of: dt.date = JUNE,
    refit: bool = False,
) -> pd.DataFrame:
    return choose_model(previous, features, specs, rules, as_of, NOW, refit, styles=STYLES)


@pytest.fixture(scope="module")
def first() -> pd.DataFrame:
    return _choose(pd.DataFrame())


def test_the_first_model_is_champion(first: pd.DataFrame) -> None:
    assert len(first) == 1
    row = first.iloc[0]
    version, model = champion(first)
    assert version == f"2026-06-30-{model.digest}"
    assert row["status"] == "champion"
    assert row["why"].startswith("first model; 10 styles learned from")
    assert row["trained_rows"] == model.trained_rows
    assert row["fitted_at"] == pd.Timestamp(NOW)


def test_a_usable_champion_scores_later_data(first: pd.DataFrame) -> None:
    stored = first.assign(as_of_date=[JUNE])
    kept = _choose(stored, LATER, as_of=JULY)
    pd.testing.assert_frame_equal(kept, first)
    assert len(score(champion(kept)[1], LATER).traders) == 800


def test_a_refit_takes_over_with_its_reason(first: pd.DataFrame) -> None:
    rows = _choose(first, LATER, as_of=JULY, refit=True)
    assert rows["status"].tolist() == ["retired", "champion"]
    assert rows["why"].iloc[1].startswith("refit on request")
    assert rows["model_version"].iloc[1].startswith("2026-07-31-")
    assert rows["parameters"].iloc[0] == first["parameters"].iloc[0]


def test_a_refit_is_compared_with_the_champion_before(first: pd.DataFrame) -> None:
    refitted = _choose(first, LATER, as_of=JULY, refit=True)
    model, before = champion(refitted)[1], predecessor(refitted)
    assert before is not None
    assert before.digest == champion(first)[1].digest
    measured = measure_quality(model, LATER, before).set_index("measure")
    active = score(model, LATER).traders["style"]
    same = (active == score(before, LATER).traders["style"])[active != "dormant"]
    assert measured.loc["champion_agreement", "value"] == pytest.approx(same.mean())
    assert measured.loc["champion_agreement", "passed"]


def test_a_first_model_has_no_champion_to_agree_with(first: pd.DataFrame) -> None:
    assert predecessor(first) is None
    measured = measure_quality(champion(first)[1], FEATURES).set_index("measure")
    assert pd.isna(measured.loc["champion_agreement", "value"])
    assert pd.isna(measured.loc["champion_agreement", "passed"])


def test_a_refit_on_the_same_data_is_the_same_model(first: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(_choose(first, refit=True), first)


def test_other_rules_or_inputs_need_a_new_model(first: pd.DataFrame) -> None:
    moved = RULES.assign(threshold=RULES["threshold"].mask(RULES.index == 3, 0.08))
    assert "used other rules" in _choose(first, rules=moved)["why"].iloc[-1]
    reworded = RULES.assign(why="other words")
    assert len(_choose(first, rules=reworded)) == 1
    fewer = [spec for spec in SPECS if spec["name"] != "burstiness"]
    assert "used other inputs" in _choose(first, specs=fewer)["why"].iloc[-1]


def test_a_feature_that_arrives_needs_a_new_model() -> None:
    rows = _choose(pd.DataFrame(), FEATURES.assign(aggressive_share=None))
    rows = _choose(rows, LATER, as_of=JULY)
    assert "was fitted before aggressive_share arrived" in rows["why"].iloc[-1]


def test_a_backfill_never_uses_a_later_model_and_does_not_demote_it(first: pd.DataFrame) -> None:
    rows = _choose(first, LATER, as_of=dt.date(2026, 5, 31))
    version, _ = champion(rows)
    assert version.startswith("2026-05-31")
    assert "was fitted on later data" in rows.loc[rows["status"] == "champion", "why"].iloc[0]
    rows = _choose(rows, LATER, as_of=JULY)
    assert champion(rows)[0] == first["model_version"].iloc[0]
    assert rows["status"].tolist().count("champion") == 1


def test_a_model_of_rules_alone_gives_way_once_there_is_something_to_learn() -> None:
    tiny = FEATURES[FEATURES["recency_days"] < 56].iloc[:4]
    rows = _choose(pd.DataFrame(), tiny)
    assert champion(rows)[1].lda is None
    again = _choose(rows, tiny)
    pd.testing.assert_frame_equal(again, rows)
    rows = _choose(rows, FEATURES, as_of=JULY)
    assert "too few clear cases to learn from" in rows["why"].iloc[-1]
    assert champion(rows)[1].lda is not None


def test_unreadable_parameters_are_replaced(first: pd.DataFrame) -> None:
    for text in ("not json", "{}", None):
        rows = _choose(first.assign(parameters=text, model_version="old"))
        assert "old cannot be read" in rows["why"].iloc[-1]
        assert rows["status"].tolist() == ["retired", "champion"]
