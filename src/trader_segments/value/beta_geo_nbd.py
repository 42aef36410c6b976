"""BG/NBD: a customer may leave after each repeat transaction.

Fader, Hardie and Lee (2005), "Counting Your Customers the Easy Way: An Alternative to the
Pareto/NBD Model", Marketing Science 24(2). Transactions are Poisson at a rate λ ~ Gamma(r, α);
after each repeat transaction the customer leaves with probability p ~ Beta(a, b).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from scipy.special import hyp2f1

from trader_segments.value.cells import Cells, FloatArray
from trader_segments.value.gamma_ratios import rising
from trader_segments.value.model import Likelihood
from trader_segments.value.transactions import TransactionModel

GAP = 1e-5
"""Distance of a from 1 below which the closed form is interpolated."""

TINY = 1e-10
"""What stands for a third parameter of zero."""


class BetaGeoNBD(TransactionModel):
    """BG/NBD; parameters are named `r`, `alpha` (a time), `a`, `b`."""

    MEANINGS: ClassVar[Mapping[str, str]] = {
        "r": "how often customers return and how much they differ in it",
        "alpha": "how often customers return and how much they differ in it",
        "a": "how soon customers leave and how much they differ in it",
        "b": "how soon customers leave and how much they differ in it",
    }
    STARTS = ((1.0, 3.0, 1.0, 3.0), (0.3, 1.0, 0.5, 1.0), (0.5, 0.3, 0.3, 5.0))
    TIMES = frozenset({"alpha"})

    CHANCES_BEFORE_REPEATS: ClassVar[int] = 0
    """Times a customer could leave before the first repeat transaction."""

    def _likelihood(self, cells: Cells) -> Likelihood:
        x, last, observed = cells.columns
        whole = x.astype(np.int64)
        chances = whole + self.CHANCES_BEFORE_REPEATS

        def likelihood(parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
            r, alpha, a, b = parameters
            most = int(chances.max(initial=1))
            rate, rate_slope = rising(r, most)
            stay, stay_slope = rising(b, most)
            either, either_slope = rising(a + b, most)
            until_now, until_last = np.log(alpha + observed), np.log(alpha + last)
            odds = self._log_odds(parameters, cells)
            gone = _logistic(odds)
            logs = (
                rate[whole]
                + r * np.log(alpha)
                + stay[chances]
                - either[chances]
                - (r + x) * until_now
                + np.logaddexp(0.0, odds)
            )
            gradients = [
                rate_slope[whole] + np.log(alpha) - until_now + gone * (until_now - until_last),
                r / alpha - (r + x) * ((1.0 - gone) / (alpha + observed) + gone / (alpha + last)),
                gone / a - either_slope[chances],
                stay_slope[chances]
                - either_slope[chances]
                - gone / np.where(chances > 0, b + chances - 1.0, 1.0),
            ]
            return logs, parameters[:, None] * np.array(gradients)

        return likelihood

    def _log_odds(self, parameters: FloatArray, cells: Cells) -> FloatArray:
        """Log-odds that the customer left after the last transaction, (n_cells,)."""
        r, alpha, a, b = parameters
        x, last, observed = cells.columns
        chances = x + self.CHANCES_BEFORE_REPEATS
        left = np.log(a / np.where(chances > 0.0, b + chances - 1.0, 1.0))
        silence = (r + x) * np.log((alpha + observed) / (alpha + last))
        return np.where(chances > 0.0, left + silence, -np.inf)

    def _alive(self, cells: Cells) -> FloatArray:
        return _logistic(-self._log_odds(self._values(), cells))

    def _expected_if_alive(
        self, horizon: float, frequency: FloatArray, duration: FloatArray
    ) -> FloatArray:
        """E[(1 − e^{−λ p t}) / p] with λ ~ Gamma(r + x, α + T) and p ~ Beta(a, B).

        Equation 10 of the paper after both of Euler's transformations, under which nothing cancels
        or overflows: c / (a − 1) · (1 − g^(1 − a) ₂F₁(c − r − x, a − 1; c; 1 − 1 / g)) with
        c = a + B − 1 and g = (α + T + t) / (α + T). At a = 1 it is a limit.
        """
        r, alpha, a, b = self._values()
        rate, chances = r + frequency, frequency + self.CHANCES_BEFORE_REPEATS
        grown = 1.0 + horizon / (alpha + duration)
        first = a - 1.0
        if abs(first) >= GAP:
            return _mean_transactions(first, b + chances, rate, grown)
        below, above = (_mean_transactions(end, b + chances, rate, grown) for end in (-GAP, GAP))
        return np.asarray(below + (above - below) * (first + GAP) / (2.0 * GAP))


def _mean_transactions(
    first: float, stay: FloatArray, rate: FloatArray, grown: FloatArray
) -> FloatArray:
    third = first + stay
    third = np.where(np.abs(third) < TINY, TINY, third)
    ratio = hyp2f1(third - rate, first, third, 1.0 - 1.0 / grown) * grown**-first
    return np.asarray(third / first * (1.0 - ratio))


def _logistic(odds: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-np.logaddexp(0.0, -odds)))
