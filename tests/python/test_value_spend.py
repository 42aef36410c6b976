"""Gamma-Gamma and the lognormal value: published fit, planted values, and what must always hold."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln
from sklearn.base import clone

from customer_histories import cdnow
from trader_segments.value import (
    EVERYBODY,
    GammaGamma,
    LognormalValue,
    NotIdentifiedError,
    ValueStatistics,
)
from trader_segments.value.cells import Cells
from trader_segments.value.lognormal_value import GroupValue, Magnitude
from trader_segments.value.model import mean_objective

NUMBERS = st.floats(-2.5, 2.5).map(np.exp)


def planted(
    seed: int, traders: int, mean: float = 3.0, negative: float = 0.0, periods: int = 30
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trader and value of each active period, and the expected value of one by trader."""
    rng = np.random.default_rng(seed)
    level = rng.normal(mean, 1.2, traders)
    costs = rng.beta(0.5, 0.5 * (1.0 - negative) / negative, traders) if negative else 0.0 * level
    trader = np.repeat(np.arange(traders), rng.integers(0, periods + 1, traders))
    sign = np.where(rng.random(len(trader)) < costs[trader], -1.0, 1.0)
    value = sign * np.exp(level[trader] + 0.8 * rng.standard_normal(len(trader)))
    return trader, value, (1.0 - 2.0 * costs) * np.exp(level + 0.32)


# Gamma-Gamma


def test_published_cdnow_spend() -> None:
    """CLVTools, test_correctness_gg.R; Fader and Hardie, note 025."""
    rows = cdnow()
    repeaters = rows[rows["frequency"] > 0]
    assert len(repeaters) == 946
    assert repeaters["spend"].mean() == pytest.approx(35.08, abs=5e-3)
    model = GammaGamma().fit(rows["frequency"], rows["spend"])
    published = {"p": 6.250, "q": 3.744, "gamma": 15.444}
    assert model.parameters_ == pytest.approx(published, abs=5e-4)
    assert model.log_likelihood_ == pytest.approx(-4055.918, abs=0.1)
    p, q, gamma = model.parameters_.values()
    expected = model.expected_spend([0, 2], [np.nan, 50.0])
    mean = p * gamma / (q - 1.0)
    weight = (q - 1.0) / (p * 2 + q - 1.0)
    np.testing.assert_allclose(expected, [mean, weight * mean + (1.0 - weight) * 50.0])


@settings(max_examples=40, deadline=None)
@given(NUMBERS, NUMBERS, NUMBERS, st.integers(1, 12), st.floats(0.2, 5.0))
def test_gamma_gamma_is_an_expectation(
    p: float, q: float, gamma: float, x: int, mean: float
) -> None:
    """The likelihood by quadrature over the customer's ν, and its gradient by differences."""
    cells = Cells(np.array([[float(x)], [mean]]), np.ones(1), np.zeros(1, dtype=np.int64))
    likelihood = GammaGamma()._likelihood(cells)
    logs, _ = likelihood(np.array([p, q, gamma]))

    shape, peak = p * x + q, np.log((p * x + q) / (x * mean + gamma))
    log_nu = np.linspace(peak - 60.0 / shape, peak + 8.0, 40_001)
    of_mean = p * x * (log_nu + np.log(x)) - gammaln(p * x) + (p * x - 1.0) * np.log(mean)
    of_nu = q * np.log(gamma) - gammaln(q) + q * log_nu
    density = np.exp(of_mean + of_nu - np.exp(log_nu) * (x * mean + gamma))
    one = np.sum(density) * (log_nu[1] - log_nu[0])
    assert logs[0] == pytest.approx(np.log(one), rel=1e-6, abs=1e-8)
    objective, at = mean_objective(likelihood, cells), np.log([p, q, gamma])
    numeric = [
        (objective(at + step)[0] - objective(at - step)[0]) / 2e-5 for step in 1e-5 * np.eye(3)
    ]
    np.testing.assert_allclose(objective(at)[1], numeric, rtol=1e-5, atol=1e-7)


def test_gamma_gamma_in_any_currency_and_order() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 8, 800)
    nu = rng.gamma(3.7, 1 / 15.4, 800)
    spend = np.round(rng.gamma(6.25 * np.maximum(x, 1)) / (nu * np.maximum(x, 1)), 0) + 1.0
    model = GammaGamma().fit(x, spend)
    other = GammaGamma().fit(x, 1e6 * spend)
    np.testing.assert_allclose(
        other.expected_spend(x, 1e6 * spend), 1e6 * model.expected_spend(x, spend), rtol=1e-5
    )
    rows = np.unique(np.array([x, spend]), axis=1, return_counts=True)
    again = GammaGamma().fit(*rows[0][:, ::-1], rows[1][::-1])
    assert again.parameters_ == model.parameters_


@pytest.mark.parametrize(
    ("columns", "cause"),
    [
        (([], []), "no customers"),
        (([0, 0], [np.nan, 5.0]), "no customers"),
        (([2, 2], [3.0, 3.0]), "the same history"),
        ((range(1, 51), [3.0] * 50), "do not show"),
    ],
)
def test_spend_that_identifies_nothing(columns: tuple[list[float], ...], cause: str) -> None:
    with pytest.raises(NotIdentifiedError, match=cause):
        GammaGamma().fit(*columns)


def test_spend_must_be_above_zero() -> None:
    for spend in (0.0, -3.0, np.nan):
        with pytest.raises(ValueError, match="1 customers with transactions"):
            GammaGamma().fit([1, 2], [spend, 5.0])
    thick = GammaGamma.from_parameters(p=2.0, q=0.8, gamma=4.0)
    assert np.isnan(thick.expected_spend([0], [0.0])[0])
    assert thick.expected_spend([1], [5.0])[0] == pytest.approx(2.0 * 9.0 / 1.8)


# Lognormal value


def test_shrinkage_is_that_of_empirical_bayes() -> None:
    """MODELLING 1.4, on a trader with three periods, one with none, and one of another group."""
    group = GroupValue(0.0, 0.0, 1.0, Magnitude(2.0, 1.5, 0.6), None, 99)
    model = LognormalValue()
    model.groups_ = {EVERYBODY: group}
    statistics = ValueStatistics.from_rows([0, 0, 0, 2], [10.0, 20.0, 5.0, 7.0], 3)
    share = 1.5 / (1.5 + 0.6 / 3)
    mean = 2.0 + share * (np.log([10.0, 20.0, 5.0]).mean() - 2.0)
    own = np.exp(mean + 1.5 * (1.0 - share) / 2 + 0.3)
    share = 1.5 / 2.1
    single = np.exp(2.0 + share * (np.log(7.0) - 2.0) + 1.5 * (1.0 - share) / 2 + 0.3)
    expected = [own, np.exp(2.0 + 1.5 / 2 + 0.3), single]
    np.testing.assert_allclose(model.predict(statistics, ["a", None, "b"]), expected)


def test_planted_values_are_found() -> None:
    trader, value, truth = planted(1, 6000, negative=0.1)
    statistics = ValueStatistics.from_rows(trader, value, len(truth))
    model = LognormalValue().fit(statistics)
    group = model.groups_[EVERYBODY]
    for magnitude in (group.positive, group.negative):
        assert magnitude is not None
        assert magnitude.mean == pytest.approx(3.0, abs=0.12)
        assert magnitude.between == pytest.approx(1.44, rel=0.1)
        assert magnitude.within == pytest.approx(0.64, rel=0.05)
    assert group.negative_share == pytest.approx(0.1, abs=0.01)
    assert group.strength == pytest.approx(5.0, rel=0.2)
    expected = model.predict(statistics)
    assert expected.sum() == pytest.approx(truth.sum(), rel=0.03)
    count = np.bincount(trader, minlength=len(truth))
    several = count >= 5
    own_mean = np.bincount(trader, value, len(truth))[several] / count[several]
    error = np.abs(expected - truth)[several].mean()
    assert error < 0.95 * np.abs(own_mean - truth[several]).mean()
    negative = model.probability_negative(statistics)
    assert ((negative > 0.0) & (negative < 1.0)).all()
    losing = several & (np.bincount(trader, value < 0.0, len(truth)) > 0.8 * count)
    assert negative[losing].min() > 0.5
    assert expected[losing].max() < 0.0


def test_groups_have_their_own_values_where_they_are_large() -> None:
    large, small = planted(2, 400, mean=5.0), planted(3, 20, mean=0.0)
    trader = np.concatenate([large[0], 400 + small[0]])
    statistics = ValueStatistics.from_rows(trader, np.concatenate([large[1], small[1]]), 430)
    groups = ["large"] * 400 + ["small"] * 20 + ["unknown"] * 5 + [None] * 5
    model = LognormalValue().fit(statistics, groups[:420] + [None] * 10)
    of = model.groups_
    assert of["large"].positive != of[EVERYBODY].positive
    assert of["small"].positive == of[EVERYBODY].positive
    assert of["small"].traders == len(set(small[0]))
    assert of["large"].negative is None
    expected = model.predict(statistics, groups)
    assert len(set(expected[420:])) == 1
    assert (
        LognormalValue(min_traders=5).fit(statistics, groups).groups_["small"].positive.mean < 1.0
    )
    text = json.dumps(model.to_dict())
    stored = LognormalValue.from_dict(json.loads(text))
    assert stored.predict(statistics, groups).tolist() == expected.tolist()
    assert clone(LognormalValue(min_traders=7)).get_params() == {"min_traders": 7}


def test_order_and_empty_weights_do_not_matter() -> None:
    trader, value, truth = planted(4, 300, negative=0.2)
    value[::17] = 0.0
    order = np.random.default_rng(0).permutation(len(value))
    exact = np.round(np.log(np.maximum(np.abs(value), 1e-3)), 1)
    value = np.where(value == 0.0, 0.0, np.sign(value) * np.exp(exact))
    first = ValueStatistics.from_rows(trader, value, len(truth))
    more = np.append(order, order[:50])
    weights = np.append(np.ones(len(value)), np.zeros(50))
    second = ValueStatistics.from_rows(trader[more], value[more], len(truth), weights)
    expected = LognormalValue().fit(first).predict(first)
    np.testing.assert_allclose(LognormalValue().fit(second).predict(second), expected, rtol=1e-9)
    assert LognormalValue().fit(first).groups_[EVERYBODY].zero_share == pytest.approx(
        np.mean(value == 0.0)
    )


def test_recent_values_may_weigh_more() -> None:
    """A trader who fell from 1,000 to 10 is worth less when the old periods hardly count."""
    trader, value, _ = planted(5, 200)
    trader = np.append(trader, [200] * 10)
    value = np.append(value, [1000.0] * 5 + [10.0] * 5)
    weights = np.append(np.ones(len(trader) - 10), [0.05] * 5 + [1.0] * 5)
    even = ValueStatistics.from_rows(trader, value, 201)
    recent = ValueStatistics.from_rows(trader, value, 201, weights)
    assert recent.positive.count[200] == pytest.approx(5.25**2 / (5 + 5 * 0.05**2))
    model = LognormalValue().fit(even)
    assert model.predict(recent)[200] < 0.4 * model.predict(even)[200]


@pytest.mark.parametrize("negative", [0.0, 0.15])
def test_quantiles_cover_the_totals(negative: float) -> None:
    """Totals of 0 to 20 further active periods lie below each quantile as often as it says."""
    trader, value, _ = planted(6, 4000, negative=negative)
    rng = np.random.default_rng(9)
    half = rng.random(len(value)) < 0.5
    seen = ValueStatistics.from_rows(trader[half], value[half], 4000)
    model = LognormalValue().fit(seen)
    number = np.bincount(trader[~half], minlength=4000)
    totals = np.bincount(trader[~half], value[~half], 4000)
    chances = np.zeros((4000, number.max() + 1))
    chances[np.arange(4000), number] = 1.0
    levels = (0.1, 0.5, 0.9)
    bounds = model.predict_quantiles(seen, quantiles=levels, active_periods=chances)
    some = number > 0
    for column, level in enumerate(levels):
        assert np.mean(totals[some] <= bounds[some, column]) == pytest.approx(level, abs=0.03)
    assert (bounds[~some] == 0.0).all()
    assert (np.diff(bounds, axis=1) >= 0.0).all()
    doubtful = model.predict_quantiles(seen, quantiles=levels, active_periods=[0.6, 0.0, 0.4])
    assert (doubtful[:, 1] == 0.0).all()


def test_quantiles_of_one_period_are_lognormal() -> None:
    group = GroupValue(0.0, 0.0, 1.0, Magnitude(2.0, 1.5, 0.6), None, 99)
    model = LognormalValue()
    model.groups_ = {EVERYBODY: group}
    bounds = model.predict_quantiles(ValueStatistics.from_rows([], [], 1), quantiles=(0.1, 0.9))
    exact = 2.0 + np.array([-1.2816, 1.2816]) * np.sqrt(2.1)
    np.testing.assert_allclose(np.log(bounds[0]), exact, atol=0.03)


def test_values_that_identify_nothing() -> None:
    cases = {
        "no trader has an active period": ([], []),
        "fewer than two traders": ([0, 0, 0], [1.0, 2.0, 3.0]),
        "none has two of them": ([0, 1, 2], [1.0, 2.0, 3.0]),
    }
    for cause, (trader, value) in cases.items():
        with pytest.raises(NotIdentifiedError, match=cause):
            LognormalValue().fit(ValueStatistics.from_rows(trader, value, 4))
    nothing = ValueStatistics.from_rows([0, 0, 1], [0.0, 0.0, 0.0], 2)
    assert LognormalValue().fit(nothing).predict(nothing).tolist() == [0.0, 0.0]
    one_cost = ValueStatistics.from_rows([0, 0, 1, 1, 1], [4.0, 5.0, 6.0, 9.0, -2.0], 2)
    group = LognormalValue().fit(one_cost).groups_[EVERYBODY]
    assert group.negative is not None
    assert group.positive is not None
    assert group.negative.mean == pytest.approx(np.log(2.0))
    assert group.negative.within == group.positive.within


def test_rows_that_cannot_be() -> None:
    for arguments, cause in (
        (([0], [np.nan], 1), "missing"),
        (([0, 1], [1.0], 2), "length"),
        (([2], [1.0], 2), "between 0 and 1"),
        (([-1], [1.0], 2), "between 0 and 1"),
        (([0], [1.0], 1, [-1.0]), "negative"),
    ):
        with pytest.raises(ValueError, match=cause):
            ValueStatistics.from_rows(*arguments)
    statistics = ValueStatistics.from_rows([0], [1.0], 2)
    with pytest.raises(ValueError, match="1 groups for 2 traders"):
        LognormalValue().fit(statistics, ["a"])
    with pytest.raises(ValueError, match="not fitted"):
        LognormalValue().predict(statistics)
