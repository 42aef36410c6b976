"""Who leaves: calibration, measures, trees that are text, and models that never see the future."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trader_segments.churn import champion, fit_versions, measure_rows, measures, score
from trader_segments.churn.backtest import Backtest, backtest
from trader_segments.churn.calibration import Calibration, fit_calibration, logit, sigmoid
from trader_segments.churn.closed_form import ClosedForm, fit_closed_form
from trader_segments.churn.common_rate import CommonLeavingRate
from trader_segments.churn.fitting import History, fit_candidates
from trader_segments.churn.model import CLOSED_FORM, TREES, ChurnModel
from trader_segments.churn.reasons import PHRASES, describe
from trader_segments.churn.snapshots import FEATURES, HISTORY, Snapshots, significant
from trader_segments.churn.trees import BoostedTrees, fit_trees
from trader_segments.value import BetaGeometricBetaBinomial, NotIdentifiedError
from trader_segments.value.cells import histories

AS_OF_DATE = dt.date(2026, 6, 30)
HORIZON = 8
DATES = (0, 4, 8, 12, 16, 20)


def a_venue(seed: int, traders: int = 900, *, is_told: bool = True) -> pd.DataFrame:
    """Snapshots of all dates with outcomes, also of those that are not known yet.

    Where `is_told`, who leaves is told by the clumpiness, of which the closed form knows nothing;
    else by nothing but the silence that the closed form sees.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for weeks_ago in DATES:
        n = rng.integers(5, 30, traders)
        last = np.maximum(n - rng.geometric(0.4, traders) + 1, 0)
        repeats = np.minimum(rng.binomial(n, 0.6), last)
        repeats = np.where(last > 0, np.maximum(repeats, 1), 0)
        clumpiness = rng.random(traders)
        odds = 6.0 * clumpiness - 4.5 if is_told else (n - last) - 2.5
        parts.append(
            pd.DataFrame(
                {
                    "trader_id": [f"T{number:04d}" for number in range(traders)],
                    "weeks_ago": weeks_ago,
                    "repeat_weeks": repeats,
                    "last_repeat_week": last,
                    "observed_weeks": n,
                    "recency_days": 7 * (n - last) + rng.integers(0, 7, traders),
                    "clumpiness": clumpiness,
                    "equity_usd": np.where(rng.random(traders) < 0.5, np.nan, 1000.0),
                    "median_week_usd": np.where(rng.random(traders) < 0.5, 0.0, 2.0),
                    "has_churned": (rng.random(traders) < 1 / (1 + np.exp(-odds))).astype(float),
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(has_lost_value=frame["has_churned"].where(frame["median_week_usd"] > 0.0))


def cells_of(frame: pd.DataFrame) -> pd.DataFrame:
    """The traders of a venue as int_churn_cells has them."""
    return (
        frame.groupby(["weeks_ago", *HISTORY], as_index=False)
        .size()
        .rename(columns={"size": "traders"})
    )


def as_known(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the outcomes whose horizon has not passed."""
    return frame[frame["weeks_ago"] >= HORIZON]


def versions_of(frame: pd.DataFrame) -> pd.DataFrame:
    return fit_versions(
        as_known(frame), cells_of(frame), AS_OF_DATE, active_weeks=8, horizon_weeks=HORIZON
    )


def history_of(frame: pd.DataFrame) -> History:
    snapshots = Snapshots.from_frame(frame, "has_churned")
    return History(snapshots, cells_of(frame), 8, HORIZON, is_fill_enough=True)


@pytest.fixture(scope="module")
def told() -> pd.DataFrame:
    return a_venue(1)


@pytest.fixture(scope="module")
def told_versions(told: pd.DataFrame) -> pd.DataFrame:
    return versions_of(told)


# Calibration


def test_calibration_finds_how_probabilities_were_distorted() -> None:
    rng = np.random.default_rng(0)
    true = rng.beta(1.0, 4.0, 40_000)
    outcome = (rng.random(len(true)) < true).astype(float)
    distorted = sigmoid(0.7 + 1.8 * logit(true))
    found = fit_calibration(distorted, outcome)
    assert found.slope == pytest.approx(1 / 1.8, rel=0.05)
    assert found.intercept == pytest.approx(-0.7 / 1.8, abs=0.05)
    assert measures.expected_calibration_error(distorted, outcome) > 0.05
    assert measures.expected_calibration_error(found(distorted), outcome) < 0.01


def test_calibration_on_outcomes_that_never_came_about_stays_finite() -> None:
    probability = np.linspace(0.01, 0.9, 80)
    found = fit_calibration(probability, np.zeros(80))
    assert np.isfinite([found.intercept, found.slope]).all()
    assert found(probability).mean() == pytest.approx(1 / 82, rel=0.01)


def test_a_probability_that_says_the_opposite_gives_way_to_the_base_rate() -> None:
    probability = np.linspace(0.1, 0.9, 100)
    outcome = (probability < 0.5).astype(float)
    found = fit_calibration(probability, outcome)
    assert found.slope == 0.0
    assert np.ptp(found(probability)) == 0.0
    assert found(probability)[0] == pytest.approx(0.5, abs=0.01)


def test_few_outcomes_calibrate_nothing() -> None:
    assert fit_calibration(np.full(49, 0.3), np.ones(49)) == Calibration()
    assert fit_calibration(np.full(50, 0.3), np.ones(50)).rows == 50


# Measures


def test_measures_of_a_case_that_can_be_counted() -> None:
    score_of, outcome = np.array([0.9, 0.4, 0.4, 0.1]), np.array([1.0, 1.0, 0.0, 0.0])
    # of four pairs three are in order and one is a tie
    assert measures.auc(score_of, outcome) == 3.5 / 4
    assert measures.brier_score(score_of, outcome) == pytest.approx((0.01 + 0.36 + 0.16 + 0.01) / 4)
    assert measures.brier_skill(np.full(4, 0.5), outcome) == 0.0
    # bins 9, 4 and 1: |0.9 - 1| + |0.8 - 1| + |0.1 - 0| over four
    assert measures.expected_calibration_error(score_of, outcome) == pytest.approx(0.4 / 4)


def test_the_calibration_curve_goes_from_the_lowest_tenth_to_the_highest() -> None:
    probability = np.tile([0.3, 0.1, 0.2, 0.9, 0.4], 4)
    curve = measures.calibration_curve(probability, (probability > 0.35).astype(float))
    said = [curve[f"mean_probability[{number}]"] for number in range(1, 11)]
    assert said == pytest.approx([0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.9, 0.9])
    assert [curve[f"outcome_rate[{number}]"] for number in range(1, 11)] == [0] * 6 + [1] * 4


def test_a_lift_counts_ties_by_their_share() -> None:
    outcome = np.array([1.0] * 4 + [0.0] * 16)
    first = np.array([1.0, 1.0] + [0.0] * 18)
    assert measures.top_decile_lift(first, outcome) == 5.0
    assert measures.top_decile_lift(np.zeros(20), outcome) == pytest.approx(1.0)


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.float64, 30, elements=st.sampled_from([0.0, 0.1, 0.5, 0.7, 1.0])),
    arrays(np.bool_, 30),
)
def test_auc_is_the_share_of_pairs_in_order(score_of: np.ndarray, came: np.ndarray) -> None:
    came[0], came[1] = True, False
    differences = score_of[came][:, None] - score_of[~came][None, :]
    pairs = (differences > 0) + 0.5 * (differences == 0)
    assert measures.auc(score_of, came.astype(float)) == pytest.approx(float(pairs.mean()))


# Trees


@pytest.fixture(scope="module")
def fitted() -> tuple[np.ndarray, np.ndarray, BoostedTrees]:
    rng = np.random.default_rng(3)
    features = rng.standard_normal((3000, len(FEATURES)))
    features[rng.random(features.shape) < 0.2] = np.nan
    features[:, 5] = np.nan
    odds = np.nan_to_num(2.0 * features[:, 0] - features[:, 1] * (features[:, 2] > 0))
    outcome = (rng.random(3000) < sigmoid(odds)).astype(float)
    return features, outcome, fit_trees(features, outcome)


def test_trees_as_text_say_what_scikit_learn_says(
    fitted: tuple[np.ndarray, np.ndarray, BoostedTrees],
) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    from trader_segments.churn import trees

    features, outcome, found = fitted
    model = HistGradientBoostingClassifier(
        learning_rate=trees.LEARNING_RATE,
        max_iter=trees.TREES,
        max_leaf_nodes=trees.LEAVES,
        min_samples_leaf=trees.LEAF_ROWS,
        l2_regularization=trees.RIDGE,
        early_stopping=False,
        random_state=0,
    )
    known = np.where(np.isnan(features).all(axis=0), 0.0, features)
    theirs = model.fit(known, outcome).predict_proba(known)[:, 1]
    np.testing.assert_allclose(found.probability(features), theirs, rtol=0, atol=1e-12)
    assert np.ptp(theirs) > 0.5


def test_trees_come_back_from_their_text_bit_for_bit(
    fitted: tuple[np.ndarray, np.ndarray, BoostedTrees],
) -> None:
    features, _, found = fitted
    text = json.dumps(found.as_json(), allow_nan=False)
    again = BoostedTrees.from_json(json.loads(text))
    assert (again.probability(features) == found.probability(features)).all()
    assert again.nodes == found.nodes


def test_what_a_feature_adds_is_the_change_where_it_is_typical(
    fitted: tuple[np.ndarray, np.ndarray, BoostedTrees],
) -> None:
    features, _, found = fitted
    some = features[:200]
    added = found.contributions(some)
    for feature in (0, 1, 2, 5):
        typical = some.copy()
        typical[:, feature] = found.typical[feature]
        change = logit(found.probability(some)) - logit(found.probability(typical))
        np.testing.assert_allclose(added[feature], change, atol=1e-9)
    assert np.abs(added[0]).max() > 1.0
    assert (added[5] == 0.0).all()


# The closed form


def _one_rate(rng: np.random.Generator, n: int, rate: float) -> list[np.ndarray]:
    """Histories of traders who all leave at one rate: frequency, recency, periods."""
    periods = rng.integers(10, 50, n)
    chance = rng.beta(2.0, 2.0, n)
    stayed = rng.geometric(rate, n) - 1
    weeks = np.arange(1, 50)
    is_active = rng.random((n, 49)) < chance[:, None]
    is_active &= weeks <= np.minimum(periods, stayed)[:, None]
    return [is_active.sum(axis=1), (is_active * weeks).max(axis=1), periods]


def test_where_leaving_does_not_differ_one_rate_is_found() -> None:
    x, last, n = _one_rate(np.random.default_rng(0), 3000, 0.02)
    with pytest.raises(NotIdentifiedError):
        BetaGeometricBetaBinomial().fit(x, last, n)
    cells = pd.DataFrame({"repeat_weeks": x, "last_repeat_week": last, "observed_weeks": n})
    found = fit_closed_form(cells.assign(traders=1), 8, HORIZON)
    gamma, delta = found.parameters["gamma"], found.parameters["delta"]
    assert found.is_one_rate
    assert gamma / (gamma + delta) == pytest.approx(0.02, rel=0.1)
    assert found.parameters["alpha"] == pytest.approx(2.0, rel=0.15)


def test_the_slope_of_one_rate_is_that_of_its_likelihood() -> None:
    cells = histories([0, 3, 5], [0, 4, 9], [7, 6, 12], [2, 1, 3])
    likelihood = CommonLeavingRate()._likelihood(cells)
    logs = np.log([1.3, 0.8, 0.04])
    _, slopes = likelihood(np.exp(logs))
    for position in range(3):
        step = np.zeros(3)
        step[position] = 1e-6
        rise = likelihood(np.exp(logs + step))[0] - likelihood(np.exp(logs - step))[0]
        np.testing.assert_allclose(slopes[position], rise / 2e-6, rtol=1e-5, atol=1e-7)


def test_silence_raises_and_activity_lowers_the_closed_form() -> None:
    parameters = {"alpha": 1.2, "beta": 0.8, "gamma": 0.6, "delta": 8.0}
    closed_form = ClosedForm(parameters, HORIZON, typical_silence=0, typical_share=0.6)
    frame = pd.DataFrame(
        {
            "trader_id": ["busy", "silent", "rare"],
            "weeks_ago": 0,
            "repeat_weeks": [20, 14, 2],
            "last_repeat_week": [20, 14, 20],
            "observed_weeks": [20, 20, 20],
        }
    )
    snapshots = Snapshots.from_frame(frame)
    by_trader = dict(zip(snapshots.trader_id, closed_form.probability(snapshots), strict=True))
    assert by_trader["busy"] < by_trader["rare"] < by_trader["silent"]
    added = closed_form.contributions(snapshots)
    silent = list(snapshots.trader_id).index("silent")
    assert added["silent_weeks"][silent] > 0.3
    busy = list(snapshots.trader_id).index("busy")
    assert added["silent_weeks"][busy] == 0.0
    reasons = ChurnModel(closed_form, Calibration()).reasons(snapshots)
    assert str(reasons[silent]).startswith("silent for 6 weeks raises it")


# Champion and challenger


def test_trees_take_over_where_they_see_what_the_closed_form_cannot(
    told_versions: pd.DataFrame,
) -> None:
    churn = told_versions[told_versions["target"] == "churn"].set_index("method")
    assert churn.loc[TREES, "status"] == "champion"
    assert churn.loc[CLOSED_FORM, "status"] == "challenger"
    assert "better: Brier score" in churn.loc[TREES, "why"]
    quality = measure_rows(told_versions)
    auc = quality[(quality["measure"] == "auc") & (quality["target"] == "churn")]
    by_predictor = auc.set_index("predictor")["value"]
    assert by_predictor[TREES] > 0.8
    assert by_predictor[CLOSED_FORM] < 0.55
    assert by_predictor["recency"] < 0.55
    judged = quality[quality["is_champion"] & quality["threshold"].notna()]
    assert set(judged["predictor"]) == {TREES}
    assert judged["passed"].notna().all()
    assert quality[~quality["is_champion"]]["passed"].isna().all()


def test_the_closed_form_stays_where_trees_are_not_clearly_better() -> None:
    versions = versions_of(a_venue(2, is_told=False))
    churn = versions[versions["target"] == "churn"].set_index("method")
    assert churn.loc[CLOSED_FORM, "status"] == "champion"
    assert churn.loc[TREES, "status"] == "challenger"
    assert "not clearly better" in churn.loc[TREES, "why"]


def test_few_who_left_teach_no_trees() -> None:
    frame = a_venue(3)
    few = frame.assign(has_churned=(frame.index % 211 == 0).astype(float))
    churn = versions_of(few).query("target == 'churn'").set_index("method")
    assert churn.loc[TREES, "status"] == "not_fitted"
    assert "too few to learn from" in churn.loc[TREES, "why"]
    assert churn.loc[TREES, "parameters"] != churn.loc[TREES, "parameters"]  # NULL
    assert churn.loc[CLOSED_FORM, "status"] == "champion"


def test_a_short_history_has_the_closed_form_alone_and_says_so() -> None:
    frame = a_venue(4)
    today = frame[frame["weeks_ago"] == 0]
    versions = fit_versions(
        as_known(today), cells_of(today), AS_OF_DATE, active_weeks=8, horizon_weeks=HORIZON
    )
    by_key = versions.set_index(["target", "method"])
    assert by_key.loc[("churn", CLOSED_FORM), "status"] == "champion"
    assert "not calibrated" in by_key.loc[("churn", CLOSED_FORM), "why"]
    assert set(by_key.loc["value_churn", "status"]) == {"not_fitted"}
    assert measure_rows(versions).empty
    scores = score(versions, today)
    assert scores["churn_probability"].between(0, 1).all()
    assert scores["value_churn_probability"].isna().all()


def test_where_nothing_is_known_nobody_has_a_probability() -> None:
    nobody = a_venue(5).iloc[:0]
    versions = fit_versions(
        nobody, cells_of(nobody), AS_OF_DATE, active_weeks=8, horizon_weeks=HORIZON
    )
    assert set(versions["status"]) == {"not_fitted"}
    assert champion(versions, "churn") is None
    assert "no customers" in versions.query("method == 'closed_form'")["why"].iloc[0]
    one = a_venue(5, traders=1).query("weeks_ago == 0")
    scores = score(versions, one)
    assert scores["trader_id"].tolist() == ["T0000"]
    assert scores[["churn_probability", "value_churn_probability"]].isna().all(axis=None)
    assert score(versions, one.iloc[:0]).empty


def test_a_target_without_a_closed_form_is_compared_with_the_base_rate(told: pd.DataFrame) -> None:
    window = Snapshots.from_frame(told.query("weeks_ago == 8"), "has_churned")
    sure = np.where(window.outcome == 1.0, 0.9, 0.1)
    is_better, why = Backtest(window, {TREES: sure}, "").verdict()
    assert is_better
    assert "of the base rate" in why
    same = np.full(len(window), window.outcome.mean())
    assert Backtest(window, {TREES: same}, "").verdict()[0] is False


# The future


def test_shuffling_the_future_changes_nothing_that_was_said(told: pd.DataFrame) -> None:
    """What a fit eight weeks ago says does not move with any outcome that came about since."""
    rng = np.random.default_rng(9)
    later = (told["weeks_ago"] < 2 * HORIZON).to_numpy()
    shuffled = told.copy()
    shuffled.loc[later, "has_churned"] = rng.permutation(told.loc[later, "has_churned"])
    assert (shuffled["has_churned"] != told["has_churned"]).sum() > 500
    before, after = backtest(history_of(told)), backtest(history_of(shuffled))
    assert set(before.said) == {CLOSED_FORM, TREES, "recency"}
    for predictor, probability in before.said.items():
        assert (probability == after.said[predictor]).all(), predictor
    assert (before.window.outcome != after.window.outcome).any()


def test_a_fit_as_of_a_date_reads_no_later_row(told: pd.DataFrame) -> None:
    """Rows of later dates may be anything, or missing."""
    later = told["weeks_ago"] < HORIZON
    nonsense = told.copy()
    nonsense.loc[later, ["recency_days", "clumpiness", *HISTORY]] = 1
    texts = []
    for frame in (told, nonsense, told[~later]):
        candidates = fit_candidates(history_of(frame), HORIZON)
        models = [candidate.model for candidate in candidates.values()]
        texts.append([model.text if model else None for model in models])
    assert texts[0] == texts[1] == texts[2]
    assert all(texts[0])


def test_outcomes_must_have_come_about_before_they_teach(told: pd.DataFrame) -> None:
    known = history_of(told).known_at(HORIZON)
    assert set(known.weeks_ago.tolist()) == {16, 20}
    assert set(history_of(told).known_at(0).weeks_ago.tolist()) == {8, 12, 16, 20}


def test_the_order_of_rows_does_not_matter(told: pd.DataFrame, told_versions: pd.DataFrame) -> None:
    mixed = told.sample(frac=1.0, random_state=5)
    again = versions_of(mixed)
    pd.testing.assert_frame_equal(again, told_versions)
    today = told.query("weeks_ago == 0")
    pd.testing.assert_frame_equal(
        score(told_versions, today), score(told_versions, today.sample(frac=1.0, random_state=6))
    )


# Rows and words


def test_scores_are_those_of_the_stored_text(
    told: pd.DataFrame, told_versions: pd.DataFrame
) -> None:
    today = told.query("weeks_ago == 0")
    scores = score(told_versions, today)
    found = champion(told_versions, "churn")
    assert found is not None
    version, model = found
    assert set(scores["model_version"]) == {version}
    expected = model.probability(Snapshots.from_frame(today))
    np.testing.assert_allclose(scores["churn_probability"], expected, rtol=1e-11)
    has_value = scores["value_churn_probability"].notna().to_numpy()
    assert (has_value == (today["median_week_usd"] > 0.0).to_numpy()).all()
    clumpy = today.sort_values("trader_id")["clumpiness"].to_numpy() > 0.9
    reasons = scores["top_reasons"][clumpy]
    assert reasons.str.match(r"clumpiness of active weeks 0\.\d+ raises it").mean() > 0.95


def test_every_feature_has_words() -> None:
    assert set(FEATURES) <= set(PHRASES)
    assert describe("recency_days", np.array([34.0])).tolist() == ["last fill 34 days ago"]
    shown = describe("value_usd_8w", np.array([1234.0])).tolist()
    assert shown == ["net value of 1,200 USD in eight weeks"]
    shown = describe("active_days_4w", np.array([1.0, 2.0, 11.0])).tolist()
    assert shown == [
        f"{days} in four weeks" for days in ("1 active day", "2 active days", "11 active days")
    ]
    assert describe("recency_days", np.array([1.0])).tolist() == ["last fill 1 day ago"]
    assert describe("equity_usd", np.array([np.nan])).tolist() == ["unknown equity"]


def test_two_snapshots_of_one_date_are_refused() -> None:
    frame = a_venue(6, traders=3)
    with pytest.raises(ValueError, match="two snapshots of one date"):
        Snapshots.from_frame(pd.concat([frame, frame.iloc[:1]]))


@settings(max_examples=100, deadline=None)
@given(st.floats(min_value=-1e12, max_value=1e12, allow_nan=False))
def test_rounding_keeps_nine_digits_and_forgets_the_last(value: float) -> None:
    (once,) = significant(np.array([value]))
    assert once == pytest.approx(value, rel=1e-8, abs=1e-20)
    (again,) = significant(np.array([np.nextafter(once, np.inf)])) if once else (once,)
    assert again == once
