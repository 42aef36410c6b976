"""BG/BB where all customers leave at one rate: the end of the model where rates do not differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from trader_segments.segmentation.table import FloatArray
from trader_segments.value import BetaGeometricBetaBinomial
from trader_segments.value.cells import Cells, histories, needs_repeats
from trader_segments.value.model import FittedModel, Likelihood

CONCENTRATION = 1e4
"""Gamma and delta together: a standard deviation of at most half a percent between customers."""


class CommonLeavingRate(FittedModel):
    """BG/BB with a beta distribution of leaving that is next to a point.

    Where customers differ little in how soon they leave, gamma and delta of BG/BB grow without end
    while the rate gamma / (gamma + delta) stays, and the fit of four parameters has no maximum.
    """

    MEANINGS: ClassVar[Mapping[str, str]] = {
        "alpha": "how often customers are active and how much they differ in it",
        "beta": "how often customers are active and how much they differ in it",
        "odds": "how soon customers leave",
    }
    STARTS = ((1.0, 1.0, 0.05), (0.5, 2.0, 0.2), (5.0, 5.0, 0.01))

    def fit(
        self, frequency: ArrayLike, recency: ArrayLike, periods: ArrayLike, weights: ArrayLike
    ) -> Self:
        """Maximum likelihood.

        Parameters
        ----------
        frequency, recency, periods, weights : (n,) as of BetaGeometricBetaBinomial

        Raises
        ------
        NotIdentifiedError
            If the data cannot tell the parameters.
        """
        cells = histories(frequency, recency, periods, weights)
        self._maximise(needs_repeats(type(self).__name__, cells), np.ones(3))
        return self

    def as_beta_geometric(self) -> dict[str, float]:
        """Parameters of the BG/BB that this is."""
        alpha, beta, odds = self._values()
        rate = odds / (1.0 + odds)
        return {
            "alpha": float(alpha),
            "beta": float(beta),
            "gamma": float(CONCENTRATION * rate),
            "delta": float(CONCENTRATION * (1.0 - rate)),
        }

    def _likelihood(self, cells: Cells) -> Likelihood:
        whole = BetaGeometricBetaBinomial()._likelihood(cells)

        def likelihood(parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
            alpha, beta, odds = parameters
            rate = odds / (1.0 + odds)
            logs, slopes = whole(
                np.array([alpha, beta, CONCENTRATION * rate, CONCENTRATION * (1.0 - rate)])
            )
            return logs, np.array(
                [slopes[0], slopes[1], (1.0 - rate) * slopes[2] - rate * slopes[3]]
            )

        return likelihood
