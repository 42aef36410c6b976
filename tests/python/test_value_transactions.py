"""BG/NBD, MBG/NBD, Pareto/NBD: the published CDNOW fits, and what must hold for any data."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln, gammaln

from customer_histories import cdnow, daily
from trader_segments.value import (
    BetaGeoNBD,
    ModifiedBetaGeoNBD,
    NotIdentifiedError,
    ParetoNBD,
)
from trader_segments.value.cells import Cells, histories
from trader_segments.value.model import mean_objective
from trader_segments.value.transactions import TransactionModel

MODELS: list[type[TransactionModel]] = [BetaGeoNBD, ModifiedBetaGeoNBD, ParetoNBD]
NUMBERS = st.floats(-2.5, 2.5).map(np.exp)
PARAMETERS = st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
WEEKS = 39.0
any_model = pytest.mark.parametrize("kind", MODELS)


@st.composite
def one_history(draw: st.DrawFn) -> tuple[float, float, float]:
    duration = draw(st.floats(0.1, 20.0))
    frequency = draw(st.integers(0, 60))
    return frequency, (draw(st.floats(0.0, 1.0)) if frequency else 0.0) * duration, duration


@cache
def cdnow_sample() -> pd.DataFrame:
    return cdnow()


def columns_of(rows: pd.DataFrame) -> tuple[pd.Series, ...]:
    return rows["frequency"], rows["recency"], rows["duration"]


def model_of(kind: type[TransactionModel], parameters: tuple[float, ...]) -> TransactionModel:
    return kind.from_parameters(**dict(zip(kind.MEANINGS, parameters, strict=True)))


def by_quadrature(
    kind: type[TransactionModel],
    parameters: tuple[float, ...],
    history: tuple[float, float, float],
    horizon: float,
) -> tuple[float, float, float]:
    """Log-likelihood, P(alive) and expected transactions, from the story that the model tells."""
    r, alpha, third, fourth = parameters
    x, last, observed = history
    rate = r + x
    logs = gammaln(rate) - gammaln(r) + r * np.log(alpha)
    if kind is ParetoNBD:
        s, beta = third, fourth
        panel = np.linspace(0.0, 1.0, 61) ** 2 * (observed - last) + last
        nodes, weights = np.polynomial.legendre.leggauss(20)
        y = panel[:-1, None] + 0.5 * np.diff(panel)[:, None] * (1.0 + nodes)
        density = s / beta * (1.0 + y / beta) ** -(s + 1.0)
        ratio = ((alpha + observed) / (alpha + y)) ** rate
        gone = np.sum(0.5 * np.diff(panel)[:, None] * weights * density * ratio)
        stays = (1.0 + observed / beta) ** -s
        left = beta + observed
        time = quad(lambda u: (left / (left + u)) ** s, 0.0, horizon, epsabs=0, epsrel=1e-10)[0]
        total = stays + gone
        expected = stays / total * rate / (alpha + observed) * time
        return logs - rate * np.log(alpha + observed) + np.log(total), stays / total, expected
    a, b = third, fourth
    chances = x + (kind is ModifiedBetaGeoNBD)
    logit = np.linspace(-45.0 / a, 45.0 / b, 40_001)
    log_p, log_q = -np.logaddexp(0.0, -logit), -np.logaddexp(0.0, logit)
    density = np.exp(a * log_p + b * log_q - betaln(a, b)) * (logit[1] - logit[0])
    stays = density * np.exp(chances * log_q)
    gone = density * np.exp(log_p + (chances - 1.0) * log_q) if chances else 0.0 * density
    gone = gone * ((alpha + observed) / (alpha + last)) ** rate
    total = float(np.sum(stays + gone))
    p = np.exp(log_p)
    ahead = -np.expm1(-rate * np.log1p(p * horizon / (alpha + observed))) / p
    expected = float(np.sum(stays * ahead)) / total
    logs -= rate * np.log(alpha + observed)
    return logs + np.log(total), float(np.sum(stays)) / total, expected


@pytest.mark.parametrize(
    ("kind", "published", "log_likelihood"),
    [
        (BetaGeoNBD, (0.2426, 4.4136, 0.7929, 2.4259), -9582.43),
        (ParetoNBD, (0.5533, 10.578, 0.6062, 11.669), -9594.98),
        (ModifiedBetaGeoNBD, (0.5248, 6.183, 0.8914, 1.614), -9582.14),
    ],
)
def test_published_cdnow(
    kind: type[TransactionModel], published: tuple[float, ...], log_likelihood: float
) -> None:
    """Fader, Hardie and Lee (2005), and the tests of CLVTools; MBG/NBD: two other libraries."""
    rows = cdnow_sample()
    assert len(rows) == 2357
    assert rows["frequency"].sum() == 2457
    model = kind().fit(*columns_of(rows))
    assert list(model.parameters_.values()) == pytest.approx(published, abs=5e-4)
    assert model.log_likelihood_ == pytest.approx(log_likelihood, abs=0.1)


def test_published_standard_errors() -> None:
    """CLVTools, test_correctness_pnbd_nocovstaticcov.R."""
    model = ParetoNBD().fit(*columns_of(cdnow_sample()))
    published = {"r": 0.048, "alpha": 0.843, "s": 0.187, "beta": 6.21}
    assert model.standard_errors_ == pytest.approx(published, rel=0.01)


def test_cdnow_holdout() -> None:
    """What the next 39 weeks brought, beside what was expected (MODELLING 1.1)."""
    rows = cdnow_sample()
    columns = columns_of(rows)
    assert rows["holdout"].sum() == 1882
    expected = BetaGeoNBD().fit(*columns).predict(WEEKS, *columns)
    assert expected.sum() == pytest.approx(1653.4, abs=0.5)
    assert np.abs(expected - rows["holdout"]).mean() <= 0.79
    expected = ParetoNBD().fit(*columns).predict(WEEKS, *columns)
    assert expected.sum() == pytest.approx(0.885 * 1882, rel=0.001)
    assert np.abs(expected - rows["holdout"]).mean() == pytest.approx(0.755, abs=5e-4)


@any_model
@settings(max_examples=20, deadline=None)
@given(PARAMETERS, st.integers(0, 10_000))
def test_gradient(kind: type[TransactionModel], parameters: tuple[float, ...], seed: int) -> None:
    x, last, observed = daily(seed, 60)
    cells = histories(x, last / 30.0, observed / 30.0)
    objective = mean_objective(kind()._likelihood(cells), cells)
    at = np.log(parameters)
    numeric = [
        (objective(at + step)[0] - objective(at - step)[0]) / 2e-5 for step in 1e-5 * np.eye(4)
    ]
    np.testing.assert_allclose(objective(at)[1], numeric, rtol=1e-5, atol=1e-7)


@any_model
@settings(max_examples=40, deadline=None)
@given(PARAMETERS, one_history(), st.floats(0.1, 30.0))
def test_likelihood_and_predictions_are_expectations(
    kind: type[TransactionModel],
    parameters: tuple[float, ...],
    history: tuple[float, float, float],
    horizon: float,
) -> None:
    """All of them by quadrature over the customer's chance, or rate, of leaving."""
    columns = [np.array([value]) for value in history]
    model = model_of(kind, parameters)
    one, of_alive, ahead = by_quadrature(kind, parameters, history, horizon)
    cells = Cells(np.array(columns), np.ones(1), np.zeros(1, dtype=np.int64))
    logs, _ = kind()._likelihood(cells)(np.array(parameters))
    assert logs[0] == pytest.approx(one, rel=1e-7, abs=1e-7)
    assert model.probability_alive(*columns)[0] == pytest.approx(of_alive, rel=1e-6)
    assert model.predict(horizon, *columns)[0] == pytest.approx(ahead, rel=1e-6)


@any_model
@settings(max_examples=40, deadline=None)
@given(PARAMETERS, one_history())
def test_silence_and_horizon(
    kind: type[TransactionModel],
    parameters: tuple[float, ...],
    history: tuple[float, float, float],
) -> None:
    frequency, recency, duration = history
    model = model_of(kind, parameters)
    longer = duration * np.linspace(1.0, 4.0, 20)
    same = np.ones(len(longer))
    alive = model.probability_alive(frequency * same, recency * same, longer)
    assert ((alive >= 0.0) & (alive <= 1.0)).all()
    if kind is BetaGeoNBD and frequency == 0:
        assert (alive == 1.0).all()
    else:
        assert (np.diff(alive) <= 0.0).all()
        assert alive[-1] < alive[0] or alive[0] in (0.0, 1.0)
    one = ([frequency], [recency], [duration])
    expected = [model.predict(horizon, *one)[0] for horizon in (0.0, 0.5, 1.0, 5.0, 30.0)]
    assert expected[0] == 0.0
    assert (np.diff(expected) > -1e-12).all()
    assert expected[-1] <= 30.0 * (parameters[0] + frequency) / (parameters[1] + duration)


@any_model
@pytest.mark.parametrize("unit", [1.0 / 7.0, 24.0])
def test_the_unit_of_time_does_not_matter(kind: type[TransactionModel], unit: float) -> None:
    x, last, observed = daily(5, 3000)
    model, other = kind().fit(x, last, observed), kind().fit(x, last * unit, observed * unit)
    for name, value in model.parameters_.items():
        scale = unit if name in kind.TIMES else 1.0
        assert other.parameters_[name] == pytest.approx(scale * value, rel=1e-4)
    expected = model.predict(90.0, x, last, observed)
    np.testing.assert_allclose(
        other.predict(90.0 * unit, x, last * unit, observed * unit), expected, rtol=1e-4
    )
    change = x.sum() * np.log(unit)
    assert other.log_likelihood_ == pytest.approx(model.log_likelihood_ - change, abs=1e-4)


@any_model
def test_weights_stand_for_rows_in_any_order(kind: type[TransactionModel]) -> None:
    columns = np.array(daily(4, 1500))
    model = kind().fit(*columns)
    distinct, counts = np.unique(columns, axis=1, return_counts=True)
    shuffled = np.random.default_rng(0).permutation(len(counts))
    again = kind().fit(*distinct[:, shuffled], counts[shuffled])
    assert again.parameters_ == model.parameters_
    assert again.log_likelihood_ == model.log_likelihood_
    together = kind.from_parameters(**model.parameters_).predict(90.0, *columns)
    alone = [model.predict(90.0, *columns[:, [row]])[0] for row in range(50)]
    assert together[:50].tolist() == alone


def test_planted_parameters_are_found() -> None:
    """The simulated days are rounded up, so the rates of those who came are a little off."""
    model = ParetoNBD().fit(*daily(8, 40_000))
    for name, value in {"r": 0.6, "alpha": 40.0, "s": 0.7, "beta": 80.0}.items():
        assert abs(model.parameters_[name] - value) < 4.0 * model.standard_errors_[name]
        assert model.standard_errors_[name] < 0.2 * value


@any_model
@pytest.mark.parametrize(
    ("columns", "cause"),
    [
        (([], [], []), "no customers"),
        (([0.0, 0.0], [0.0, 0.0], [3.0, 5.0]), "no customer has a repeat transaction"),
        (([2.0, 2.0], [3.0, 3.0], [5.0, 5.0]), "the same history"),
        (([1.0, 2.0], [0.0, 0.0], [0.0, 0.0]), "any time"),
        (([1.0, 2.0, 0.0], [1.0, 2.0, 0.0], [3.0, 4.0, 5.0]), "do not show"),
    ],
)
def test_data_that_identify_nothing(
    kind: type[TransactionModel], columns: tuple[list[float], ...], cause: str
) -> None:
    with pytest.raises(NotIdentifiedError, match=f"^{kind.__name__}: .*{cause}"):
        kind().fit(*columns)


@any_model
def test_customers_who_never_leave_identify_no_leaving(kind: type[TransactionModel]) -> None:
    rng = np.random.default_rng(0)
    x = rng.poisson(rng.gamma(1.0, 0.2, 2000) * 30.0)
    last = np.where(x > 0, 30.0 * rng.random(2000) ** (1.0 / np.maximum(x, 1)), 0.0)
    with pytest.raises(NotIdentifiedError, match="do not show how soon customers leave"):
        kind().fit(x, last, np.full(2000, 30.0))


def test_what_cannot_be() -> None:
    model = model_of(BetaGeoNBD, (0.25, 4.4, 0.8, 2.4))
    with pytest.raises(ValueError, match="later than the time observed"):
        model.predict(5.0, [1], [6], [5])
    with pytest.raises(ValueError, match="horizon"):
        model.predict(-1.0, [1], [2], [5])
    assert model.predict(5.0, [], [], []).shape == (0,)
