"""Pareto/NBD: a customer may leave at any time.

Schmittlein, Morrison and Colombo (1987), "Counting Your Customers: Who Are They and What Will They
Do Next?", Management Science 33(1). Transactions are Poisson at a rate λ ~ Gamma(r, α); lifetimes
are exponential at a rate μ ~ Gamma(s, β).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np
from scipy.special import exprel

from trader_segments.value.cells import Cells, FloatArray, IntArray
from trader_segments.value.gamma_ratios import rising
from trader_segments.value.model import Likelihood
from trader_segments.value.transactions import TransactionModel

NODES = ((3.0, 10), (12.0, 16), (np.inf, 28))
"""Largest fall of the log-integrand, and the Gauss-Legendre nodes that it takes to 1e-10."""

NEGLIGIBLE = 40.0
"""Fall of the log-integrand from which the rest of the integral is left out: e⁻⁴⁰."""


class ParetoNBD(TransactionModel):
    """Pareto/NBD; parameters are named `r`, `alpha` (a time), `s`, `beta` (a time)."""

    MEANINGS: ClassVar[Mapping[str, str]] = {
        "r": "how often customers return and how much they differ in it",
        "alpha": "how often customers return and how much they differ in it",
        "s": "how soon customers leave and how much they differ in it",
        "beta": "how soon customers leave and how much they differ in it",
    }
    STARTS = ((1.0, 3.0, 1.0, 3.0), (0.3, 1.0, 0.5, 10.0), (2.0, 1.0, 0.5, 1.0))
    TIMES = frozenset({"alpha", "beta"})

    def _likelihood(self, cells: Cells) -> Likelihood:
        x, last, observed = cells.columns
        whole = x.astype(np.int64)

        def likelihood(parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
            r, alpha, s, beta = parameters
            rate, rate_slope = rising(r, int(whole.max(initial=0)) + 1)
            seen, seen_by = np.log(alpha + observed), 1.0 / (alpha + observed)
            stay, stay_by = np.log(beta + observed), 1.0 / (beta + observed)
            log_ended, ended_slopes = _log_ended(parameters, x, last, observed)
            log_alive = -(r + x) * seen - s * stay
            logs = np.logaddexp(log_alive, log_ended)
            alive, gone = np.exp(log_alive - logs), np.exp(log_ended - logs)
            constant = rate[whole] + r * np.log(alpha) + s * np.log(beta)
            gradients = gone * ended_slopes
            gradients[0] += rate_slope[whole] + np.log(alpha) - alive * seen
            gradients[1] += r / alpha - alive * (r + x) * seen_by
            gradients[2] += np.log(beta) - alive * stay
            gradients[3] += s / beta - alive * s * stay_by
            return logs + constant, parameters[:, None] * gradients

        return likelihood

    def _alive(self, cells: Cells) -> FloatArray:
        parameters = self._values()
        r, alpha, s, beta = parameters
        x, last, observed = cells.columns
        log_alive = -(r + x) * np.log(alpha + observed) - s * np.log(beta + observed)
        log_ended, _ = _log_ended(parameters, x, last, observed)
        return np.asarray(np.exp(-np.logaddexp(0.0, log_ended - log_alive)))

    def _expected_if_alive(
        self, horizon: float, frequency: FloatArray, duration: FloatArray
    ) -> FloatArray:
        """Equation 41 of Fader and Hardie, "A Note on Deriving the Pareto/NBD Model" (2005)."""
        r, alpha, s, beta = self._values()
        longer = np.log1p(horizon / (beta + duration))
        rate = (r + frequency) / (alpha + duration)
        return np.asarray(rate * (beta + duration) * longer * exprel((1.0 - s) * longer))


def _log_ended(
    parameters: FloatArray, x: FloatArray, last: FloatArray, observed: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The history, and that the customer left since the last transaction.

    log ∫ s (α + y)^−(r + x) (β + y)^−(s + 1) dy over y from the last transaction to now, (n,), and
    its gradient by the parameters, (4, n). The closed form is a difference of hypergeometric
    functions, which cancels for long histories and has no simple gradient. In the logarithm of
    m + y, m being the smaller of α and β, the integrand is smooth and never falls faster than
    r + x + s, and a few nodes are enough.
    """
    logs, slopes = np.full(len(x), -np.inf), np.zeros((4, len(x)))
    r, alpha, s, beta = parameters
    least = min(alpha, beta)
    width = np.log((least + observed) / (least + last))
    fall = (least + last) * ((r + x) / (alpha + last) + (s + 1.0) / (beta + last)) - 1.0
    width = np.minimum(width, NEGLIGIBLE / np.maximum(fall, 1e-9))
    for rows, nodes in _by_nodes(width, width * (r + x + s + 1.0)):
        points, weights = np.polynomial.legendre.leggauss(nodes)
        k, start = r + x[rows], last[rows]
        from_alpha, from_beta = np.log(alpha + start), np.log(beta + start)
        step = 0.5 * width[rows]
        sums = np.zeros((5, len(rows)))
        for point, weight in zip(points.tolist(), weights.tolist(), strict=True):
            along = step * (1.0 + point)
            y = start + (least + start) * np.expm1(along)
            by_alpha = np.log(alpha + y) - from_alpha
            by_beta = np.log(beta + y) - from_beta
            mass = weight * np.exp(along - k * by_alpha - (s + 1.0) * by_beta)
            sums[0] += mass
            sums[1] += mass * by_alpha
            sums[2] += mass / (alpha + y)
            sums[3] += mass * by_beta
            sums[4] += mass / (beta + y)
        total = sums[0]
        logs[rows] = (
            np.log(total * step * (least + start) * s) - k * from_alpha - (s + 1.0) * from_beta
        )
        slopes[0, rows] = -from_alpha - sums[1] / total
        slopes[1, rows] = -k * sums[2] / total
        slopes[2, rows] = 1.0 / s - from_beta - sums[3] / total
        slopes[3, rows] = -(s + 1.0) * sums[4] / total
    return logs, slopes


def _by_nodes(width: FloatArray, fall: FloatArray) -> Iterator[tuple[IntArray, int]]:
    """Positions of the histories with something to integrate, by the nodes that they need."""
    low = -np.inf
    for high, nodes in NODES:
        rows = np.flatnonzero((width > 0.0) & (fall > low) & (fall <= high))
        if len(rows):
            yield rows, nodes
        low = high
