"""Which weeks will be active: BG/BB, each style near the venue and the venue near a weak prior."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from trader_segments.lifetime_value.histories import EVERYBODY, FloatArray, Names
from trader_segments.value import BetaGeometricBetaBinomial, NotIdentifiedError
from trader_segments.value.cells import histories as cells_of
from trader_segments.value.fitting import maximise
from trader_segments.value.model import mean_objective

PRIOR: Final = {"alpha": 1.0, "beta": 1.0, "gamma": 0.5, "delta": 10.0}
"""Any share of active weeks is as likely as another; of a hundred traders five leave in a week,
some much sooner than others. Weighs as little as `PRIOR_SPREAD` says."""

PRIOR_SPREAD: Final = 2.0
"""Standard deviation of the venue's log-parameters around the prior: a factor of seven."""

STYLE_SPREAD: Final = 1.0
"""Standard deviation of a style's log-parameters around the venue's: a factor of three."""


class NearbyActivity(BetaGeometricBetaBinomial):
    """BG/BB whose log-parameters are normally distributed around known ones.

    Maximum likelihood has no answer where nobody left yet or all traders leave alike, as in young
    venues and loyal styles; with the prior there is one, and few traders move it little.
    """

    def fit_near(self, histories: pd.DataFrame, centre: Mapping[str, float], spread: float) -> Self:
        """Maximum a posteriori; the centre itself where nothing better is found.

        Parameters
        ----------
        histories : `frequency`, `recency` and `periods`, possibly no rows
        centre : parameters that are expected, by name
        spread : standard deviation of the logarithms of the parameters
        """
        self.parameters_ = dict(centre)
        if not len(histories):
            return self
        cells = cells_of(*(histories[name] for name in ("frequency", "recency", "periods")))
        likelihood = mean_objective(self._likelihood(cells), cells)
        expected = np.log([centre[name] for name in self.MEANINGS])

        def objective(log_parameters: FloatArray) -> tuple[float, FloatArray]:
            value, gradient = likelihood(log_parameters)
            away = (log_parameters - expected) / spread
            return (
                value - 0.5 * float(away @ away) / cells.total,
                gradient - away / spread / cells.total,
            )

        start = [float(value) for value in np.exp(expected)]
        try:
            end = maximise(
                type(self).__name__, objective, objective, [start], cells.total, self.MEANINGS
            )
        except NotIdentifiedError:
            return self
        values = np.exp(end.log_parameters).tolist()
        self.parameters_ = dict(zip(self.MEANINGS, values, strict=True))
        return self

    def predict_stay(
        self,
        horizon: int,
        frequency: ArrayLike,
        recency: ArrayLike,
        periods: ArrayLike,
        discount: float,
    ) -> FloatArray:
        """Expected weeks of the next `horizon` in which the trader is still there, (n,), each
        discounted as in `predict`."""
        worth = (1.0 + discount) ** -np.arange(1.0, horizon + 1.0)
        alive = self.probability_alive(frequency, recency, periods, 0)
        _, _, gamma, delta = self._values()
        stay, total = np.ones(len(alive)), np.zeros(len(alive))
        known = delta + np.asarray(periods, dtype=np.float64)
        for step in range(horizon):
            stay = stay * (known + step) / (gamma + known + step)
            total += worth[step] * stay
        return np.asarray(alive * total)


def fit_activity(histories: pd.DataFrame, groups: Names) -> dict[str, dict[str, float]]:
    """Parameters of all traders (`EVERYBODY`) and of each group, by name."""
    venue = NearbyActivity().fit_near(histories, PRIOR, PRIOR_SPREAD).parameters_
    result = {EVERYBODY: venue}
    for name in sorted(set(groups) - {EVERYBODY}):
        part = histories[groups == name]
        result[name] = NearbyActivity().fit_near(part, venue, STYLE_SPREAD).parameters_
    return result
