"""Gamma-Gamma: what a customer spends per transaction.

Fader and Hardie (2013), "The Gamma-Gamma Model of Monetary Value" (note 025). A customer's
transactions are Gamma(p, ν) with ν ~ Gamma(q, γ) among customers, independent of how often they
come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln

from trader_segments.value.cells import Cells, FloatArray, compress, needs_repeats, numbers
from trader_segments.value.model import FittedModel, Likelihood


class GammaGamma(FittedModel):
    """Gamma-Gamma on (frequency, spend).

    `frequency` counts transactions and `spend` is their mean value, above zero; without any, spend
    means nothing. Values of either sign are for `LognormalValue`.

    Parameters are named `p`, `q`, `gamma` (money).
    """

    MEANINGS: ClassVar[Mapping[str, str]] = {
        "p": "how much a customer's transactions differ",
        "q": "how much customers differ in what they spend",
        "gamma": "how much customers differ in what they spend",
    }
    STARTS = ((1.0, 2.0, 1.0), (5.0, 4.0, 0.5), (0.5, 1.5, 1.0))

    def fit(self, frequency: ArrayLike, spend: ArrayLike, weights: ArrayLike | None = None) -> Self:
        """Maximum likelihood on the customers with a transaction.

        Parameters
        ----------
        frequency, spend : (n,)
        weights : (n,) how many customers each row stands for, by default 1

        Raises
        ------
        ValueError
            If a customer with transactions spends nothing.
        NotIdentifiedError
            If the data cannot tell the parameters.
        """
        x, mean = _checked(frequency, spend)
        heavy = np.ones(len(x)) if weights is None else numbers(weights, "weights")
        cells = needs_repeats(type(self).__name__, compress([x, mean], heavy * (x > 0.0)))
        unit = float(np.sum(cells.columns[1] * cells.weights)) / cells.total
        scaled = Cells(
            np.array([cells.columns[0], cells.columns[1] / unit]), cells.weights, cells.index
        )
        self._maximise(scaled, np.array([1.0, 1.0, unit]), -cells.total * np.log(unit))
        return self

    def expected_spend(self, frequency: ArrayLike, spend: ArrayLike) -> FloatArray:
        """Expected value of a customer's transactions, (n,).

        Without a transaction it is the mean of all customers; NaN where that is infinite (q ≤ 1).
        """
        x, mean = _checked(frequency, spend)
        p, q, gamma = self._values()
        below = p * x + q - 1.0
        total = np.where(x > 0.0, x * mean, 0.0)
        return np.asarray(np.where(below > 0.0, p * (gamma + total), np.nan) / below)

    def _likelihood(self, cells: Cells) -> Likelihood:
        x, mean = cells.columns
        distinct, index = np.unique(x, return_inverse=True)
        log_mean, log_x = np.log(mean), np.log(distinct)

        def likelihood(parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
            p, q, gamma = parameters
            shape = p * distinct
            by_count = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(gamma)
            by_count += shape * log_x
            total = gamma + x * mean
            log_total = np.log(total)
            shapes = shape[index]
            logs = by_count[index] + (shapes - 1.0) * log_mean - (shapes + q) * log_total
            rise = digamma(shape + q)
            gradients = np.array(
                [
                    x * ((rise - digamma(shape) + log_x)[index] + log_mean - log_total),
                    (rise - digamma(q) + np.log(gamma))[index] - log_total,
                    q / gamma - (shapes + q) / total,
                ]
            )
            return logs, parameters[:, None] * gradients

        return likelihood


def _checked(frequency: ArrayLike, spend: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Frequency and spend, (n,) each; spend is 1 where there is no transaction."""
    x = numbers(frequency, "frequency")
    given = np.asarray(spend, dtype=np.float64)
    if given.shape != x.shape:
        raise ValueError(f"frequency and spend differ in length: {x.shape}, {given.shape}")
    mean = np.where(x > 0.0, given, 1.0)
    wrong = int(np.sum(~(np.isfinite(mean) & (mean > 0.0))))
    if wrong:
        raise ValueError(f"spend: {wrong} customers with transactions have none above zero")
    return x, mean
