"""Maximum likelihood in log-parameters: several starts, exact gradients, and a check of the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from trader_segments.value.cells import FloatArray
from trader_segments.value.errors import NotIdentifiedError

Objective = Callable[[FloatArray], tuple[float, FloatArray]]
"""Log-parameters (p,) to the mean log-likelihood and its gradient (p,)."""

BOUND = 9.0
"""Largest absolute log-parameter on scaled inputs: 1/8,100 to 8,100.

A beta or gamma distribution with such a parameter is a point or an atom at 0 or 1 as far as any
data can tell; published fits have parameters from 0.05 to 50.
"""

NEAR_BOUND = 0.01

LARGEST_LOG_ERROR = 3.0
"""Standard error of a log-parameter, in any direction, from which it counts as unknown.

The likelihood then falls by less than 1/2 while parameters change by a factor of e³ = 20.
"""

STEP = 1e-4
"""Step in log-parameters of the numeric derivative of the gradient."""

MOST_ITERATIONS = 500
GRADIENT_TOLERANCE = 1e-8
VALUE_TOLERANCE = 1e-14


@dataclass(frozen=True)
class Optimum:
    """The end of a fit.

    Attributes
    ----------
    log_parameters : (p,)
    value : mean log-likelihood
    covariance : (p, p) of the log-parameters, from the inverse observed information
    evaluations : of the objective, over all starts
    """

    log_parameters: FloatArray
    value: float
    covariance: FloatArray
    evaluations: int


def maximise(
    model: str,
    objective: Objective,
    screen: Objective,
    starts: Sequence[Sequence[float]],
    total: float,
    meanings: Mapping[str, str],
) -> Optimum:
    """Climb from every start on `screen`, then from the best end on `objective`.

    Parameters
    ----------
    model : its name, for messages
    objective : on all cells; screen : the same on some of them, or `objective` itself
    starts : parameters to start from, (n_starts, p), on the scale of the inputs
    total : weight of all cells, the number of customers
    meanings : parameter names to what each stands for, in words

    Raises
    ------
    NotIdentifiedError
        If no start converges, or the end is at a bound, or the likelihood is flat there.
    """
    ends = [_climb(screen, np.log(start)) for start in starts]
    ends = [end for end in ends if np.isfinite(end[1])]
    if not ends:
        raise NotIdentifiedError(f"{model}: the likelihood is nowhere finite")
    best = max(ends, key=lambda end: end[1])
    evaluations = sum(end[3] for end in ends)
    if screen is not objective:
        best = _climb(objective, best[0])
        evaluations += best[3]
    parameters, value, converged, _ = best
    names = list(meanings)
    moves = {
        name: f"{name} {'grows' if parameter > 0.0 else 'falls'}"
        for name, parameter in zip(names, parameters.tolist(), strict=True)
        if abs(parameter) > BOUND - NEAR_BOUND
    }
    if moves:
        raise NotIdentifiedError(
            f"{model}: the likelihood rises for ever as {' and '.join(moves.values())}; "
            f"the data do not show {_in_words(list(moves), meanings)}"
        )
    if not converged:
        raise NotIdentifiedError(f"{model}: no start converged in {MOST_ITERATIONS} iterations")
    information = _information(objective, parameters) * total
    curvatures, directions = np.linalg.eigh(information)
    if curvatures[0] * LARGEST_LOG_ERROR**2 < 1.0:
        direction = np.abs(directions[:, 0])
        flat = [
            name
            for name, weight in zip(names, direction, strict=True)
            if weight > 0.5 * direction.max()
        ]
        times = round(float(np.exp(LARGEST_LOG_ERROR)))
        raise NotIdentifiedError(
            f"{model}: {' and '.join(flat)} may be {times} times as large with "
            f"nearly the same likelihood; the data do not show {_in_words(flat, meanings)}"
        )
    covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
    return Optimum(parameters, value, covariance, evaluations)


def _climb(objective: Objective, start: FloatArray) -> tuple[FloatArray, float, bool, int]:
    def descend(log_parameters: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = objective(log_parameters)
        return -value, -gradient

    end = minimize(
        descend,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(-BOUND, BOUND)] * len(start),
        options={
            "maxiter": MOST_ITERATIONS,
            "gtol": GRADIENT_TOLERANCE,
            "ftol": VALUE_TOLERANCE,
        },
    )
    return end.x, -float(end.fun), bool(end.status != 1), int(end.nfev)


def _information(objective: Objective, parameters: FloatArray) -> FloatArray:
    """Minus the second derivative of the mean log-likelihood, (p, p)."""
    size = len(parameters)
    result = np.empty((size, size))
    for row in range(size):
        step = np.zeros(size)
        step[row] = STEP
        rise = objective(parameters + step)[1] - objective(parameters - step)[1]
        result[row] = -rise / (2.0 * STEP)
    return np.asarray(0.5 * (result + result.T))


def _in_words(names: Sequence[str], meanings: Mapping[str, str]) -> str:
    distinct = dict.fromkeys(meanings[name] for name in names)
    return " and ".join(distinct)
