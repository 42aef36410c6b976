"""What a model of values needs to know of each trader: sums over the trader's active periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trader_segments.value.cells import FloatArray, IntArray, numbers

SMALLEST_VALUE = 1e-6
"""Magnitude below which a value counts as zero, in the unit of the values."""


@dataclass(frozen=True)
class LogSums:
    """Sums over each trader's values of one sign, l being the logarithm of their magnitude.

    Attributes
    ----------
    weight : (n,) Σ w; a trader without such values has 0 everywhere
    weight_squares : (n,) Σ w²
    logs : (n,) Σ w l
    log_squares : (n,) Σ w l²
    """

    weight: FloatArray
    weight_squares: FloatArray
    logs: FloatArray
    log_squares: FloatArray

    @classmethod
    def of(
        cls, magnitude: FloatArray, trader: IntArray, weight: FloatArray, traders: int
    ) -> LogSums:
        """Sums by trader of positive magnitudes, (traders,) each."""
        logs = np.log(magnitude)
        terms = (weight, weight**2, weight * logs, weight * logs**2)
        return cls(*(_sum_by(trader, term, traders) for term in terms))

    @property
    def count(self) -> FloatArray:
        """How many equally weighted values weigh as much, (n,) (Kish 1965)."""
        return _ratio(self.weight**2, self.weight_squares)

    @property
    def mean(self) -> FloatArray:
        """Mean logarithm, (n,); 0 without values."""
        return _ratio(self.logs, self.weight)

    @property
    def deviance(self) -> FloatArray:
        """Σ w (l − mean)², (n,)."""
        return np.maximum(self.log_squares - self.mean * self.logs, 0.0)

    @property
    def freedom(self) -> FloatArray:
        """What to divide the deviance by for the variance of l, (n,)."""
        return np.maximum(self.weight - _ratio(self.weight_squares, self.weight), 0.0)

    def __getitem__(self, rows: IntArray) -> LogSums:
        picked = (self.weight, self.weight_squares, self.logs, self.log_squares)
        return LogSums(*(values[rows] for values in picked))


@dataclass(frozen=True)
class ValueStatistics:
    """The values of each trader's active periods, summed up; SQL can compute the same.

    Attributes
    ----------
    positive, negative : sums over values above and below zero
    zero_weight : (n,) Σ w over values of zero
    """

    positive: LogSums
    negative: LogSums
    zero_weight: FloatArray

    @classmethod
    def from_rows(
        cls,
        trader: ArrayLike,
        value: ArrayLike,
        traders: int,
        weights: ArrayLike | None = None,
        smallest: float = SMALLEST_VALUE,
    ) -> ValueStatistics:
        """Sum up one row per trader and active period.

        Parameters
        ----------
        trader : (n_rows,) position of the trader, 0..traders − 1
        value : (n_rows,) net value of the period, of either sign
        traders : number of traders, those without a row included
        weights : (n_rows,) by default 1
        smallest : magnitude below which a value is zero

        Raises
        ------
        ValueError
            If a value is missing or infinite, or a position is not one of the traders.
        """
        values = np.asarray(value, dtype=np.float64)
        rows = np.asarray(trader, dtype=np.int64)
        heavy = np.ones(len(values)) if weights is None else numbers(weights, "weights")
        if not len(values) == len(rows) == len(heavy):
            raise ValueError("trader, value and weights differ in length")
        if not np.isfinite(values).all():
            raise ValueError(f"value: {int(np.sum(~np.isfinite(values)))} values are missing")
        if len(rows) and not 0 <= rows.min() <= rows.max() < traders:
            raise ValueError(f"positions of traders must lie between 0 and {traders - 1}")
        above, below = values >= smallest, values <= -smallest
        return cls(
            LogSums.of(values[above], rows[above], heavy[above], traders),
            LogSums.of(-values[below], rows[below], heavy[below], traders),
            _sum_by(rows, np.where(above | below, 0.0, heavy), traders),
        )

    def __len__(self) -> int:
        return len(self.zero_weight)

    def __getitem__(self, rows: IntArray) -> ValueStatistics:
        return ValueStatistics(self.positive[rows], self.negative[rows], self.zero_weight[rows])


def _sum_by(trader: IntArray, terms: FloatArray, traders: int) -> FloatArray:
    return np.bincount(trader, terms, traders).astype(np.float64)


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0.0)
