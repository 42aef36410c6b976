"""What BG/NBD, MBG/NBD and Pareto/NBD share: transactions at any time until an unseen end."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Set as AbstractSet
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from trader_segments.value.cells import (
    Cells,
    FloatArray,
    compress,
    histories,
    needs_repeats,
)
from trader_segments.value.errors import NotIdentifiedError
from trader_segments.value.model import FittedModel

LONGEST = 10.0
"""Time of the longest history in the unit of the fit, so that parameters are of order one."""


class TransactionModel(FittedModel):
    """A model on (frequency, recency, duration).

    `frequency` counts transactions after the first, `recency` is the time from the first to the
    last (0 where there is only one) and `duration` the time from the first to now. Any unit of time
    will do; parameters and horizons have the same.
    """

    TIMES: ClassVar[AbstractSet[str]]
    """Parameters that are times."""

    def fit(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        duration: ArrayLike,
        weights: ArrayLike | None = None,
    ) -> Self:
        """Maximum likelihood.

        Parameters
        ----------
        frequency, recency, duration : (n,)
        weights : (n,) how many customers each row stands for, by default 1

        Raises
        ------
        ValueError
            If a history cannot be.
        NotIdentifiedError
            If the data cannot tell the parameters.
        """
        name = type(self).__name__
        cells = needs_repeats(name, histories(frequency, recency, duration, weights))
        x, last, observed = cells.columns
        unit = float(observed.max()) / LONGEST
        if unit == 0.0:
            raise NotIdentifiedError(f"{name}: no customer was observed for any time")
        scaled = Cells(np.array([x, last / unit, observed / unit]), cells.weights, cells.index)
        units = np.array([unit if parameter in self.TIMES else 1.0 for parameter in self.MEANINGS])
        self._maximise(scaled, units, -float(np.sum(x * cells.weights)) * np.log(unit))
        return self

    def probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, duration: ArrayLike
    ) -> FloatArray:
        """P(still a customer now), (n,)."""
        cells = histories(frequency, recency, duration)
        return np.asarray(self._alive(cells)[cells.index])

    def predict(
        self, horizon: float, frequency: ArrayLike, recency: ArrayLike, duration: ArrayLike
    ) -> FloatArray:
        """Expected transactions in the next `horizon`, (n,)."""
        if not (np.isfinite(horizon) and horizon >= 0.0):
            raise ValueError(f"horizon must not be negative: {horizon}")
        cells = histories(frequency, recency, duration)
        x, _, observed = cells.columns
        pairs = compress([x, observed])
        expected = self._expected_if_alive(horizon, *pairs.columns)[pairs.index]
        return np.asarray((self._alive(cells) * expected)[cells.index])

    @abstractmethod
    def _alive(self, cells: Cells) -> FloatArray:
        """P(still a customer now), (n_cells,)."""

    @abstractmethod
    def _expected_if_alive(
        self, horizon: float, frequency: FloatArray, duration: FloatArray
    ) -> FloatArray:
        """Expected transactions in the next `horizon` of a customer who is still there, (n,)."""
