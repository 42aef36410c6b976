"""Uplift of campaigns: intervals hold what they promise, too few say nothing, curves rank."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from trader_segments.campaigns.qini import LEAST_TRADERS as LEAST_RANKED
from trader_segments.campaigns.qini import foreseen_uplift, qini_curve, qini_curves
from trader_segments.campaigns.results import measure_campaigns
from trader_segments.campaigns.uplift import LEAST_TRADERS, Uplift, cuped, measure_uplift

FloatArray = NDArray[np.float64]
CAMPAIGNS = 2000
CAMPAIGN_TRADERS = 1000
CONTROL = 0.1
EFFECT = 0.25


def venue(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Net value of eight weeks, of the five after them, and how many of the eight were active.

    A week is worth a lognormal amount, which spans four orders of magnitude over traders; how often
    they trade differs from always to hardly ever, and drifts.
    """
    worth = np.exp(rng.normal(2.0, 1.5, n))
    activity = rng.beta(0.6, 0.9, n)
    earlier_weeks = rng.binomial(8, activity)
    weeks = rng.binomial(5, np.clip(activity * np.exp(rng.normal(0.0, 0.3, n)), 0.0, 1.0))
    noise = np.exp(rng.normal(0.0, 0.4, (2, n)))
    return worth * earlier_weeks * noise[0], worth * weeks * noise[1], earlier_weeks.astype(float)


def campaigns(seed: int, effect: float) -> list[tuple[Uplift, Uplift]]:
    """Uplift in net value and in retention of campaigns at random; the treatment multiplies value.

    Retained is who has any value.
    """
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(CAMPAIGNS):
        earlier, outcome, earlier_weeks = venue(rng, CAMPAIGN_TRADERS)
        is_treated = rng.random(CAMPAIGN_TRADERS) >= CONTROL
        retained = (outcome > 0).astype(float)
        treated = np.where(is_treated, (1 + effect) * outcome, outcome)
        found.append(
            (
                measure_uplift(treated, earlier, is_treated),
                measure_uplift(retained, earlier_weeks, is_treated),
            )
        )
    return found


def test_campaigns_without_an_effect_seldom_show_one() -> None:
    for uplifts in zip(*campaigns(seed=11, effect=0.0), strict=True):
        share = np.mean([uplift.low > 0 or uplift.high < 0 for uplift in uplifts])
        assert 0.035 <= share <= 0.065


def test_the_interval_holds_a_planted_uplift_as_often_as_it_says() -> None:
    true = EFFECT * venue(np.random.default_rng(1), 1_000_000)[1].mean()
    revenue = [uplift for uplift, _ in campaigns(seed=12, effect=EFFECT)]
    assert 0.93 <= np.mean([uplift.low <= true <= uplift.high for uplift in revenue]) <= 0.97
    assert np.mean([uplift.uplift for uplift in revenue]) == pytest.approx(true, rel=0.05)


def test_the_time_before_makes_the_interval_narrower() -> None:
    earlier, outcome, _ = venue(np.random.default_rng(3), 2000)
    is_treated = np.arange(2000) % 10 > 0
    with_it = measure_uplift(outcome, earlier, is_treated)
    without = measure_uplift(outcome, np.zeros(2000), is_treated)
    assert without.variance_share == 1.0
    assert with_it.variance_share < 0.7
    narrower = (with_it.high - with_it.low) / (without.high - without.low)
    assert narrower < 0.8


def test_the_interval_is_that_of_welch() -> None:
    rng = np.random.default_rng(5)
    outcome, is_treated = rng.normal(0, 1, 200), np.arange(200) % 4 > 0
    outcome[is_treated] *= 3
    found = measure_uplift(outcome, np.zeros(200), is_treated)
    expected = stats.ttest_ind(outcome[is_treated], outcome[~is_treated], equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_as_many_traders_as_it_says_find_the_uplift_in_four_cases_of_five() -> None:
    rng = np.random.default_rng(7)
    control_mean, deviation, share = 10.0, 8.0, 0.8
    first = rng.normal(control_mean, deviation, 40_000)
    needed = measure_uplift(first, np.zeros(40_000), rng.random(40_000) < share).minimum_traders
    found = []
    for _ in range(1500):
        is_treated = rng.random(int(needed)) < share
        outcome = rng.normal(control_mean, deviation, int(needed)) + 0.1 * control_mean * is_treated
        found.append(measure_uplift(outcome, np.zeros(int(needed)), is_treated).low > 0)
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("mean", [0.0, 1e-9, 1e-300])
def test_an_uplift_of_next_to_nothing_takes_more_traders_than_there_are(mean: float) -> None:
    outcome = np.tile([-1.0, 1.0, -2.0, 2.0], 100)
    outcome -= outcome.mean()
    is_treated = np.repeat([True, False], 200)
    found = measure_uplift(outcome + mean, np.zeros(400), is_treated)
    assert found.low < 0 < found.high
    assert math.isnan(found.minimum_traders)


@pytest.mark.parametrize(
    ("treated", "control"),
    [
        pytest.param(1000, LEAST_TRADERS - 1, id="a small control"),
        pytest.param(LEAST_TRADERS - 1, 1000, id="a small treatment"),
        pytest.param(1000, 0, id="no control"),
        pytest.param(0, 1000, id="nobody treated"),
        pytest.param(0, 0, id="nobody at all"),
    ],
)
def test_nothing_is_said_of_too_few_traders(treated: int, control: int) -> None:
    outcome = np.random.default_rng(1).normal(5, 1, treated + control)
    is_treated = np.arange(treated + control) < treated
    found = measure_uplift(outcome, outcome + 1, is_treated)
    assert math.isnan(found.uplift)
    assert math.isnan(found.low)
    assert math.isnan(found.minimum_traders)
    assert math.isnan(found.control_mean) == (control == 0)


def test_nothing_is_said_where_nearly_all_of_an_arm_are_alike() -> None:
    outcome = np.zeros(400)
    is_treated = np.arange(400) >= 100
    outcome[is_treated] = np.arange(300) % 2
    outcome[:4] = 1.0
    assert math.isnan(measure_uplift(outcome, np.zeros(400), is_treated).low)
    outcome[4] = 1.0
    assert measure_uplift(outcome, np.zeros(400), is_treated).low > 0


def test_a_covariate_that_is_not_known_is_refused() -> None:
    arrays = np.ones(4), np.array([1.0, 2.0, np.nan, 4.0]), np.array([True, False, True, False])
    with pytest.raises(ValueError, match="not finite"):
        measure_uplift(*arrays)
    with pytest.raises(ValueError, match="differ in length"):
        measure_uplift(arrays[0], arrays[0][:3], arrays[2])


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=40))
@settings(deadline=None)
def test_adjusting_keeps_the_mean_and_never_adds_variance(pairs: list[tuple[float, float]]) -> None:
    outcome, earlier = (np.array(column) for column in zip(*pairs, strict=True))
    adjusted = cuped(outcome, earlier)
    assert adjusted.mean() == pytest.approx(outcome.mean(), rel=1e-6, abs=1e-3)
    assert adjusted.var() <= outcome.var() * (1 + 1e-9) + 1e-3


def outcomes(rows: int = 400, **columns: object) -> pd.DataFrame:
    """Observed traders of one campaign, a quarter of them control."""
    rng = np.random.default_rng(2)
    frame = {
        "campaign_id": "spring",
        "trader_id": [f"t{number:04d}" for number in range(rows)],
        "segment_id": np.where(np.arange(rows) % 2, "a__top", "b__low"),
        "arm": np.where(np.arange(rows) % 4, "treatment", "control"),
        "is_observed": True,
        "outcome_usd": rng.normal(10.0, 2.0, rows),
        "is_retained": (rng.random(rows) < 0.6).astype(float),
        "earlier_usd": rng.normal(10.0, 2.0, rows),
        "earlier_active_weeks": rng.integers(0, 9, rows).astype(float),
        "weeks_silent": rng.integers(1, 9, rows).astype(float),
        "weeks_known": rng.integers(9, 50, rows).astype(float),
    }
    return pd.DataFrame({**frame, **columns})


def test_each_campaign_has_a_row_for_everybody_and_for_each_segment() -> None:
    frame = pd.concat([outcomes(), outcomes(campaign_id="autumn", segment_id="unknown")])
    frame.loc[frame["trader_id"] == "t0001", "is_observed"] = False
    found = measure_campaigns(frame, 0.1)
    assert found[["campaign_id", "segment_id"]].to_numpy().tolist() == [
        *(["autumn", "all"], ["autumn", "unknown"]),
        *(["spring", "all"], ["spring", "a__top"], ["spring", "b__low"]),
    ]
    counts = found[["treated", "control", "not_yet_observed"]].to_numpy().tolist()
    assert counts[2:] == [[299, 100, 1], [199, 0, 1], [100, 100, 0]]
    assert found["net_revenue_uplift_usd"].isna().tolist() == [False, False, False, True, False]
    assert (found["net_revenue_uplift_low_usd"] < found["net_revenue_uplift_high_usd"]).sum() == 4


def test_unknown_fees_say_nothing_of_revenue_and_all_of_retention() -> None:
    frame = outcomes()
    frame.loc[:3, "outcome_usd"] = np.nan
    assert measure_campaigns(frame, 0.1)["net_revenue_uplift_usd"].notna()[0]
    frame.loc[:4, "outcome_usd"] = np.nan
    found = measure_campaigns(frame, 0.1).iloc[0]
    assert math.isnan(found["net_revenue_uplift_usd"])
    assert math.isnan(found["net_revenue_treated_usd"])
    assert found["retention_uplift_low"] < found["retention_uplift_high"]
    assert qini_curves(frame).empty


def test_no_campaign_has_results_with_their_columns() -> None:
    found = measure_campaigns(outcomes(0), 0.1)
    assert found.empty
    assert found["treated"].dtype == np.int64
    assert found["retention_uplift"].dtype == np.float64
    curves = qini_curves(outcomes(0))
    assert curves.empty
    assert list(curves)[:2] == ["campaign_id", "targeted_share"]


def planted(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Traders of whom the valuable half gain 8 and the others lose 4 by the treatment."""
    earlier = rng.exponential(20.0, n)
    is_treated = rng.random(n) < 0.5
    effect = np.where(earlier > np.median(earlier), 8.0, -4.0)
    return outcomes(
        n,
        arm=np.where(is_treated, "treatment", "control"),
        outcome_usd=earlier + is_treated * effect + rng.normal(0.0, 5.0, n),
        earlier_usd=earlier,
    )


def test_the_curve_rises_with_those_who_gain_and_falls_with_those_who_lose() -> None:
    frame = planted(np.random.default_rng(4), 4000)
    curve = qini_curves(frame)
    assert curve["targeted_share"].tolist() == [number / 10 for number in range(1, 11)]
    uplift = curve["net_revenue_uplift_usd"]
    assert 4 <= uplift.argmax() <= 6
    assert uplift[4] > curve["random_high_usd"][4]
    treated = (frame["arm"] == "treatment").sum()
    all_of_them = measure_campaigns(frame, 0.1).iloc[0]["net_revenue_uplift_usd"]
    assert uplift[9] == pytest.approx(all_of_them * treated)
    assert uplift[9] == curve["random_uplift_usd"][9]
    assert (curve["qini_coefficient_usd"] == curve["qini_coefficient_usd"][0]).all()
    assert curve["qini_coefficient_usd"][0] > 1


def test_a_treatment_that_does_the_same_to_all_ranks_nobody() -> None:
    rng = np.random.default_rng(6)
    beyond = 0
    for _ in range(40):
        frame = planted(rng, 1000)
        frame["outcome_usd"] = frame["earlier_usd"] + rng.normal(0.0, 5.0, 1000)
        curve = qini_curves(frame)
        beyond += int(curve["net_revenue_uplift_usd"][4] > curve["random_high_usd"][4])
    assert beyond <= 5


def test_the_order_of_rows_changes_nothing() -> None:
    frame = planted(np.random.default_rng(8), 500)
    shuffled = frame.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(qini_curves(shuffled), qini_curves(frame))


def test_too_few_traders_of_an_arm_have_no_curve() -> None:
    frame = outcomes(400)
    control = frame.index[frame["arm"] == "control"]
    frame.loc[control[LEAST_RANKED:], "is_observed"] = False
    assert len(qini_curves(frame)) == 10
    frame.loc[control[LEAST_RANKED - 1], "is_observed"] = False
    assert qini_curves(frame).empty


def test_a_trader_is_foreseen_from_the_others_alone() -> None:
    rng = np.random.default_rng(9)
    covariates, is_treated = rng.normal(size=(200, 5)), np.arange(200) % 2 == 0
    outcome = rng.normal(size=200)
    before = foreseen_uplift(covariates, outcome, is_treated)
    outcome[0] = np.median(outcome)
    after = foreseen_uplift(covariates, outcome, is_treated)
    own_fold = np.arange(200) // 2 % 5 == 0
    assert after[own_fold] == pytest.approx(before[own_fold])
    assert np.abs(after - before)[~own_fold].min() > 0


def test_the_curve_is_that_of_its_formula() -> None:
    outcome = np.array([5.0, 1.0, 4.0, 2.0, 3.0, 1.0, 0.0, 2.0, 1.0, 0.0])
    is_treated = np.array([1, 0, 1, 0, 1, 1, 0, 1, 0, 1], dtype=bool)
    curve = qini_curve(outcome, is_treated, -np.arange(10.0))
    assert math.isnan(curve["net_revenue_uplift_usd"][0])
    assert curve[["treated", "control"]].to_numpy()[4].tolist() == [3, 2]
    assert curve["net_revenue_uplift_usd"][4] == pytest.approx((5 + 4 + 3) - (1 + 2) * 3 / 2)
    assert curve["net_revenue_uplift_usd"][9] == pytest.approx(15 - 4 * 6 / 4)
