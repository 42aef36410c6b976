"""Which stored model scores, and when a new one takes over."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

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
from trader_segments.segmentation.challenge import Comparison, PromotionPolicy, compare
from trader_segments.segmentation.drift import active_traders
from trader_segments.segmentation.refits import RefitPolicy

RULES = pd.read_csv(SEEDS / "style_rules.csv")
STYLES = pd.read_csv(SEEDS / "styles.csv")
FEATURES, _ = draw_population(800, 0)
LATER, _ = draw_population(800, 1)
JUNE, JULY = dt.date(2026, 6, 30), dt.date(2026, 7, 31)
CHANGED = LATER.assign(
    **{
        name: LATER[name] * 8
        for name in (
            "median_ticket_usd",
            "fills_per_active_day",
            "recent_fill_count",
            "holding_days",
            "equity_turnover",
        )
    }
)
NOW = dt.datetime(2026, 8, 1, 12)


def _choose(
    previous: pd.DataFrame,
    features: pd.DataFrame = FEATURES,
    rules: pd.DataFrame = RULES,
    specs: list[dict] = SPECS,
    as_of: dt.date = JUNE,
    **options: Any,
) -> pd.DataFrame:
    return choose_model(previous, features, specs, rules, as_of, NOW, styles=STYLES, **options)


@pytest.fixture(scope="module")
def first() -> pd.DataFrame:
    return _choose(pd.DataFrame())


@pytest.fixture(scope="module")
def challenged(first: pd.DataFrame) -> pd.DataFrame:
    """A champion of June and a challenger of July on like traders, who did not take over."""
    return _choose(first, LATER, as_of=JULY, refit=True)


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
    kept = _choose(stored, LATER, as_of=JUNE + dt.timedelta(27))
    pd.testing.assert_frame_equal(kept, first)
    assert len(score(champion(kept)[1], LATER).traders) == 800


def test_a_challenger_that_is_no_better_does_not_take_over(challenged: pd.DataFrame) -> None:
    assert challenged["status"].tolist() == ["champion", "challenger"]
    row = challenged.iloc[1]
    assert row["why"].startswith("refit on request; not promoted: its holdout Brier score is no")
    assert row["compared_with"] == challenged["model_version"].iloc[0]
    assert row["model_version"].startswith("2026-07-31-")
    assert row["moved_share"] >= 0.0
    assert 0.0 <= row["refit_moved_share"] <= 0.05
    assert 0.8 <= row["style_agreement"] <= 1.0
    assert pd.isna(row["champion_since"])


def test_a_fit_is_due_after_its_days_promoted_or_not(
    first: pd.DataFrame, challenged: pd.DataFrame
) -> None:
    due = _choose(first, LATER, as_of=JUNE + dt.timedelta(28))
    assert due["why"].iloc[1].startswith("28 days since the last fit; ")
    assert len(_choose(challenged, LATER, as_of=JULY + dt.timedelta(27))) == 2
    never = RefitPolicy(every_days=None)
    assert len(_choose(first, LATER, as_of=dt.date(2030, 1, 1), refits=never)) == 1


def test_what_would_relabel_too_many_waits_for_review(first: pd.DataFrame) -> None:
    rows = _choose(first, CHANGED, as_of=JULY, refit=True)
    assert rows["status"].tolist() == ["champion", "challenger"]
    why = rows["why"].iloc[1]
    assert "waits for review: better (holdout Brier score" in why
    assert "its styles agree too little" in why
    assert "of the traders where any refit moves" in why


def test_a_better_challenger_within_the_policy_takes_over(first: pd.DataFrame) -> None:
    lenient = PromotionPolicy(least_agreement=0.5, most_moved=0.5)
    rows = _choose(first, CHANGED, as_of=JULY, refit=True, promotion=lenient)
    assert rows["status"].tolist() == ["retired", "champion"]
    assert "refit on request; promoted: holdout Brier score" in rows["why"].iloc[1]
    assert rows["champion_since"].tolist() == [pd.Timestamp(JUNE), pd.Timestamp(JULY)]
    assert rows["parameters"].iloc[0] == first["parameters"].iloc[0]
    before = predecessor(rows)
    assert before is not None
    assert before.digest == champion(first)[1].digest


def test_a_version_is_promoted_by_hand_and_stays(challenged: pd.DataFrame) -> None:
    chosen = challenged["model_version"].iloc[1]
    rows = _choose(challenged, LATER, as_of=JULY, promote=chosen)
    assert rows["status"].tolist() == ["retired", "champion"]
    assert rows["why"].iloc[1].endswith("; promoted by hand")
    later = dt.date(2027, 7, 31)
    pd.testing.assert_frame_equal(_choose(rows, LATER, as_of=later, promote=chosen), rows)


def test_a_version_chosen_by_hand_does_not_give_way_to_a_better_fit(first: pd.DataFrame) -> None:
    chosen = first["model_version"].iloc[0]
    lenient = PromotionPolicy(least_agreement=0.5, most_moved=0.5)
    rows = _choose(first, CHANGED, as_of=JULY, refit=True, promote=chosen, promotion=lenient)
    assert rows["status"].tolist() == ["champion", "challenger"]
    assert f"refit on request; not promoted: {chosen} was chosen by hand" in rows["why"].iloc[1]
    assert rows["holdout_brier_score"].iloc[1] < rows["champion_brier_score"].iloc[1]


def test_back_to_an_earlier_champion_by_hand(challenged: pd.DataFrame) -> None:
    old, new = challenged["model_version"]
    rows = _choose(challenged, LATER, as_of=JULY, promote=new)
    rows = _choose(rows, LATER, as_of=dt.date(2026, 8, 2), promote=old)
    assert champion(rows)[0] == old
    assert champion(_choose(rows, LATER, as_of=JULY))[0] == new


def test_only_what_is_stored_and_can_score_is_promoted(challenged: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="2026-01-01-x is not stored; stored are: 2026-06-30"):
        _choose(challenged, promote="2026-01-01-x")
    fewer = [spec for spec in SPECS if spec["name"] != "burstiness"]
    with pytest.raises(ValueError, match="used other inputs"):
        _choose(challenged, specs=fewer, promote=challenged["model_version"].iloc[0])
    with pytest.raises(ValueError, match="was fitted on later data"):
        _choose(challenged, as_of=JUNE, promote=challenged["model_version"].iloc[1])


def test_a_new_challenger_retires_the_one_in_review(challenged: pd.DataFrame) -> None:
    rows = _choose(challenged, CHANGED, as_of=dt.date(2026, 8, 31))
    assert rows["status"].tolist() == ["champion", "retired", "challenger"]


def test_drift_of_enough_inputs_asks_for_a_challenger(first: pd.DataFrame) -> None:
    version, model = champion(first)
    soon, policy = JUNE + dt.timedelta(10), RefitPolicy(outlier_ratio=1e9)
    reference = active_traders(model, FEATURES).assign(
        model_version=version, reference_date=pd.Timestamp(JUNE)
    )
    same = _choose(first, FEATURES, as_of=soon, references=reference, refits=policy)
    assert len(same) == 1
    moved = FEATURES.assign(
        **{name: FEATURES[name] * 9 for name in ("median_ticket_usd", "holding_days")},
        time_of_day_regularity=FEATURES["time_of_day_regularity"] / 2,
        burstiness=FEATURES["burstiness"] / 2 - 0.3,
        equity_turnover=FEATURES["equity_turnover"] * 9,
    )
    assert len(_choose(first, moved, as_of=soon, references=reference[:0], refits=policy)) == 1
    rows = _choose(first, moved, as_of=soon, references=reference, refits=policy)
    assert re.match(r"\d+ of \d+ inputs in drift alarm; ", rows["why"].iloc[1])
    paused = JUNE + dt.timedelta(6)
    assert len(_choose(first, moved, as_of=paused, references=reference, refits=policy)) == 1


def test_outliers_beyond_those_of_the_fit_ask_for_a_challenger(first: pd.DataFrame) -> None:
    soon = JUNE + dt.timedelta(10)
    strange = FEATURES.copy()
    active = strange.index[strange["recency_days"] < 56]
    few, many = active[:3], active[: len(active) // 5]
    columns = ["burstiness", "time_of_day_regularity"]
    strange.loc[many, columns] = 1.0
    strange.loc[many, "holding_days"] = 1e9
    rows = _choose(first, strange, as_of=soon)
    assert "of the traders are outliers" in rows["why"].iloc[1]
    strange.loc[many[len(few) :]] = FEATURES.loc[many[len(few) :]]
    assert len(_choose(first, strange, as_of=soon)) == 1


def test_a_model_of_few_traders_is_refitted_once_there_are_enough() -> None:
    few = _choose(pd.DataFrame(), FEATURES.iloc[:400])
    assert champion(few)[1].trained_rows < 500
    rows = _choose(few, FEATURES, as_of=JUNE + dt.timedelta(7))
    assert "at the last fit were too few to judge drift by; " in rows["why"].iloc[1]


def _comparison(**changes: float) -> Comparison:
    figures = {
        "holdout_brier_score": 0.08,
        "champion_brier_score": 0.10,
        "brier_gain_error": 0.01,
        "style_agreement": 0.8,
        "moved_share": 0.03,
        "refit_moved_share": 0.01,
    }
    return Comparison(**{**figures, **changes})


@pytest.mark.parametrize(
    ("changes", "is_promoted", "words"),
    [
        ({}, True, "promoted: holdout Brier score 0.0800 against 0.1000"),
        ({"brier_gain_error": 0.0125}, False, "not promoted: its holdout"),
        ({"champion_brier_score": 0.07}, False, "not promoted: its holdout"),
        ({"style_agreement": 0.79}, False, "waits for review: better"),
        ({"moved_share": 0.0301}, False, "moves 3.0% of the traders where any refit moves 1.0%"),
        ({"moved_share": 0.0301, "refit_moved_share": 0.02}, True, "promoted: "),
    ],
)
def test_the_policy_at_its_bounds(changes: dict[str, float], is_promoted: bool, words: str) -> None:
    verdict, why = _comparison(**changes).verdict(PromotionPolicy())
    assert verdict is is_promoted
    assert words in why


def test_a_challenger_is_compared_whatever_the_order_of_rows(first: pd.DataFrame) -> None:
    model, later = champion(first)[1], champion(_choose(pd.DataFrame(), LATER))[1]
    shuffled = LATER.sample(frac=1.0, random_state=3).reset_index(drop=True)
    assert compare(later, model, LATER, 0.8) == compare(later, model, shuffled, 0.8)


def test_agreement_with_the_champion_before_is_measured(first: pd.DataFrame) -> None:
    before, model = champion(first)[1], champion(_choose(pd.DataFrame(), LATER))[1]
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
