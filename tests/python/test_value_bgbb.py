"""BG/BB: the published donors, the formulas of the paper, and what must hold for any data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln, comb, gammaln, logsumexp

from customer_histories import donations, weekly
from trader_segments.value import BetaGeometricBetaBinomial, NotIdentifiedError
from trader_segments.value.cells import Cells, histories
from trader_segments.value.model import mean_objective

MODEL = BetaGeometricBetaBinomial.from_parameters(alpha=1.2, beta=0.75, gamma=0.66, delta=2.8)
NUMBERS = st.floats(-2.5, 2.5).map(np.exp)
PARAMETERS = st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS)


@st.composite
def one_history(draw: st.DrawFn) -> tuple[int, int, int]:
    periods = draw(st.integers(0, 40))
    recency = draw(st.integers(0, periods))
    frequency = draw(st.integers(1, recency)) if recency else 0
    return frequency, recency, periods


def model_of(parameters: tuple[float, ...]) -> BetaGeometricBetaBinomial:
    names = BetaGeometricBetaBinomial.MEANINGS
    return BetaGeometricBetaBinomial.from_parameters(**dict(zip(names, parameters, strict=True)))


def log_likelihood(parameters: tuple[float, ...], x: int, last: int, n: int) -> float:
    """Equation 5 of Fader, Hardie and Shang (2010), term by term."""
    alpha, beta, gamma, delta = parameters
    ends = range(n - last)
    terms = [betaln(alpha + x, beta + n - x) + betaln(gamma, delta + n)]
    terms += [
        betaln(alpha + x, beta + last - x + i) + betaln(gamma + 1, delta + last + i) for i in ends
    ]
    return float(logsumexp(terms) - betaln(alpha, beta) - betaln(gamma, delta))


def test_published_donors() -> None:
    """Fader, Hardie and Shang (2010), table 3, and MODELLING 1.1."""
    rows = donations()
    data = (rows["frequency"], rows["recency"], rows["periods"])
    model = BetaGeometricBetaBinomial().fit(*data, rows["weights"])
    published = {"alpha": 1.2035, "beta": 0.7497, "gamma": 0.6567, "delta": 2.7834}
    assert model.parameters_ == pytest.approx(published, abs=5e-4)
    assert model.log_likelihood_ == pytest.approx(-33225.6, abs=0.1)
    np.testing.assert_allclose(model.predict(5, [6, 0], [6, 0], [6, 6]), [3.75, 0.07], atol=5e-3)


@settings(max_examples=60, deadline=None)
@given(PARAMETERS, one_history())
def test_likelihood_is_that_of_the_paper(
    parameters: tuple[float, ...], history: tuple[int, int, int]
) -> None:
    cells = Cells(np.array(history, dtype=float)[:, None], np.ones(1), np.zeros(1, dtype=np.int64))
    logs, _ = BetaGeometricBetaBinomial()._likelihood(cells)(np.array(parameters))
    assert logs[0] == pytest.approx(log_likelihood(parameters, *history), rel=1e-10, abs=1e-10)


@settings(max_examples=20, deadline=None)
@given(PARAMETERS, st.integers(0, 10_000))
def test_gradient(parameters: tuple[float, ...], seed: int) -> None:
    cells = histories(*weekly(seed, 40))
    objective = mean_objective(BetaGeometricBetaBinomial()._likelihood(cells), cells)
    at = np.log(parameters)
    numeric = [
        (objective(at + step)[0] - objective(at - step)[0]) / 2e-5 for step in 1e-5 * np.eye(4)
    ]
    np.testing.assert_allclose(objective(at)[1], numeric, rtol=1e-6, atol=1e-8)


@settings(max_examples=60, deadline=None)
@given(PARAMETERS, one_history(), st.integers(1, 30))
def test_predictions_are_those_of_the_paper(
    parameters: tuple[float, ...], history: tuple[int, int, int], horizon: int
) -> None:
    """Equations 11 (alive), 13 (distribution) and 14 (mean), in gamma functions."""
    alpha, beta, gamma, delta = parameters
    x, _, n = history
    columns = [[value] for value in history]
    model = model_of(parameters)
    scale = betaln(alpha, beta) + betaln(gamma, delta) + log_likelihood(parameters, *history)

    def weight(active: float, idle: float, left: float, stayed: float) -> float:
        log = betaln(alpha + active, beta + idle) + betaln(gamma + left, delta + stayed)
        return float(np.exp(log - scale))

    stays = weight(x, n - x, 0, n)
    assert model.probability_alive(*columns, ahead=0)[0] == pytest.approx(stays, rel=1e-8)
    next_one = weight(x, n - x, 0, n + 1)
    assert model.probability_alive(*columns)[0] == pytest.approx(next_one, rel=1e-8)
    expected = [
        comb(horizon, k) * weight(x + k, n - x + horizon - k, 0, n + horizon)
        + sum(comb(i, k) * weight(x + k, n - x + i - k, 1, n + i) for i in range(k, horizon))
        for k in range(horizon + 1)
    ]
    expected[0] += 1.0 - stays
    chances = model.predict_distribution(horizon, *columns)[0]
    np.testing.assert_allclose(chances, expected, rtol=1e-7, atol=1e-12)
    quiet = model.probability_inactive_next(horizon, *columns)[0]
    assert quiet == pytest.approx(chances[0], rel=1e-10)
    if abs(gamma - 1.0) > 0.01:
        mean = weight(x + 1, n - x, 0, n) / np.exp(betaln(gamma, delta + n) - betaln(gamma, delta))
        mean *= delta / (gamma - 1.0) * np.exp(gammaln(gamma + delta) - gammaln(1.0 + delta))
        mean *= np.exp(gammaln(1 + delta + n) - gammaln(gamma + delta + n)) - np.exp(
            gammaln(1 + delta + n + horizon) - gammaln(gamma + delta + n + horizon)
        )
        assert model.predict(horizon, *columns)[0] == pytest.approx(mean, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(PARAMETERS, st.lists(one_history(), min_size=1, max_size=20), st.integers(0, 60))
def test_distribution_adds_up(
    parameters: tuple[float, ...], customers: list[tuple[int, int, int]], horizon: int
) -> None:
    model, columns = model_of(parameters), np.array(customers).T
    chances = model.predict_distribution(horizon, *columns)
    count = np.arange(horizon + 1.0)
    assert (chances >= 0.0).all()
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=1e-12)
    mean = chances @ count
    np.testing.assert_allclose(model.predict(horizon, *columns), mean, rtol=1e-9)
    variance = chances @ count**2 - mean**2
    np.testing.assert_allclose(
        model.predict_variance(horizon, *columns), variance, rtol=1e-7, atol=1e-9
    )


@settings(max_examples=60, deadline=None)
@given(PARAMETERS, one_history())
def test_silence_and_horizon(parameters: tuple[float, ...], history: tuple[int, int, int]) -> None:
    frequency, recency, periods = history
    longer = np.arange(periods, periods + 30)
    same = np.ones(len(longer), dtype=int)
    silent = (frequency * same, recency * same, longer)
    model = model_of(parameters)
    alive = model.probability_alive(*silent)
    assert ((alive >= 0.0) & (alive <= 1.0)).all()
    assert (np.diff(alive) < 0.0).all()
    one = ([frequency], [recency], [periods])
    expected = [model.predict(horizon, *one)[0] for horizon in (0, 1, 2, 5, 20)]
    assert expected[0] == 0.0
    assert (np.diff(expected) > 0.0).all()
    quiet = [model.probability_inactive_next(horizon, *one)[0] for horizon in (0, 1, 2, 5, 20)]
    assert quiet[:2] == pytest.approx([1.0, 1.0 - expected[1]], rel=1e-12)
    assert (np.diff(quiet) < 1e-12).all()


def test_discount() -> None:
    history = ([4], [9], [10])
    steps = np.diff([MODEL.predict(horizon, *history)[0] for horizon in range(6)])
    worth = sum(step / 1.02 ** (i + 1) for i, step in enumerate(steps))
    assert MODEL.predict(5, *history, discount=0.02)[0] == pytest.approx(worth)


def test_weights_stand_for_rows_in_any_order() -> None:
    columns = np.array(weekly(3, 400))
    model = BetaGeometricBetaBinomial().fit(*columns)
    distinct, counts = np.unique(columns, axis=1, return_counts=True)
    shuffled = np.random.default_rng(0).permutation(len(counts))
    again = BetaGeometricBetaBinomial().fit(*distinct[:, shuffled], counts[shuffled])
    assert again.parameters_ == model.parameters_
    assert again.log_likelihood_ == model.log_likelihood_
    stored = BetaGeometricBetaBinomial.from_parameters(**model.parameters_)
    together = stored.predict(26, *columns)
    alone = [stored.predict(26, *columns[:, [row]])[0] for row in range(50)]
    assert together[:50].tolist() == alone


def test_planted_parameters_are_found() -> None:
    planted = {"alpha": 0.8, "beta": 1.6, "gamma": 0.9, "delta": 14.0}
    model = BetaGeometricBetaBinomial().fit(*weekly(11, 30_000, 52, tuple(planted.values())))
    for name, value in planted.items():
        error = model.standard_errors_[name]
        assert 0.0 < error < 0.25 * value
        assert abs(model.parameters_[name] - value) < 4.0 * error


@pytest.mark.parametrize(
    ("columns", "cause"),
    [
        (([], [], []), "no customers"),
        (([1, 2], [1, 2], [3, 3], [0, 0]), "no customers"),
        (([0, 0], [0, 0], [3, 5]), "no customer has a repeat transaction"),
        (([2, 2], [3, 3], [5, 5]), "the same history"),
        (([4, 6], [4, 6], [4, 6]), "active in every period"),
    ],
)
def test_data_that_identify_nothing(columns: tuple[list[int], ...], cause: str) -> None:
    with pytest.raises(NotIdentifiedError, match=cause):
        BetaGeometricBetaBinomial().fit(*columns)


@pytest.mark.parametrize(
    ("parameters", "cause"),
    [
        ((1.0, 2.0, 1e-6, 1.0), "rises for ever .* do not show how soon customers leave"),
        ((1e6, 1e6, 0.7, 10.0), "20 times as large .* do not show how often customers are active"),
    ],
)
def test_customers_who_do_not_leave_or_differ(
    parameters: tuple[float, float, float, float], cause: str
) -> None:
    with pytest.raises(NotIdentifiedError, match=cause):
        BetaGeometricBetaBinomial().fit(*weekly(0, 2000, 30, parameters))


@pytest.mark.parametrize(
    ("columns", "cause"),
    [
        (([3], [2], [5]), "more active periods"),
        (([1], [6], [5]), "later than the time observed"),
        (([0], [1], [5]), "without any transaction"),
        (([1], [1.5], [5]), "no whole number"),
        (([0.5], [1], [5]), "no whole number"),
        (([1], [1], [np.nan]), "missing"),
        (([-1], [1], [2]), "negative"),
        (([1, 2], [1], [2]), "length"),
        (([[1]], [1], [2]), "dimension"),
    ],
)
def test_histories_that_cannot_be(columns: tuple[list[float], ...], cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        MODEL.predict(5, *columns)


def test_parameters_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="alpha, beta, gamma, delta"):
        BetaGeometricBetaBinomial.from_parameters(alpha=1.0)
    with pytest.raises(ValueError, match="positive"):
        BetaGeometricBetaBinomial.from_parameters(alpha=1.0, beta=1.0, gamma=0.0, delta=1.0)
    with pytest.raises(ValueError, match="not fitted"):
        BetaGeometricBetaBinomial().predict(5, [1], [1], [2])
    assert MODEL.predict(5, [], [], []).shape == (0,)
