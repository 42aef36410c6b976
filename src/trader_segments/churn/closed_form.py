"""The baseline: how likely no activity is by how often, how long and how lately there was some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trader_segments.churn.common_rate import CONCENTRATION, CommonLeavingRate
from trader_segments.churn.snapshots import HISTORY, Snapshots
from trader_segments.segmentation.table import FloatArray, rounded, to_float64
from trader_segments.value import BetaGeometricBetaBinomial, NotIdentifiedError

SILENCE, FREQUENCY = "silent_weeks", "active_week_share"


@dataclass(frozen=True)
class ClosedForm:
    """BG/BB on weekly active periods (Fader, Hardie and Shang 2010).

    Attributes
    ----------
    parameters : alpha, beta, gamma, delta
    horizon_weeks : weeks ahead
    typical_silence : weeks without a fill of the median trader
    typical_share : active weeks of the median trader, as a share
    """

    parameters: dict[str, float]
    horizon_weeks: int
    typical_silence: int
    typical_share: float

    def probability(self, snapshots: Snapshots) -> FloatArray:
        """P(no fill within the horizon), (n,)."""
        return self._inactive(*snapshots.history)

    def contributions(self, snapshots: Snapshots) -> dict[str, FloatArray]:
        """What silence and frequency add to the probability, each (n,).

        That is by how much it changes where the trader had been silent, or active, as the median
        trader is.
        """
        x, last, n = snapshots.history
        probability = self._inactive(x, last, n)
        frequency = np.clip(np.round(self.typical_share * n), np.minimum(last, 1.0), last)
        return {
            SILENCE: probability - self._inactive(x, last, last + self.typical_silence),
            FREQUENCY: probability - self._inactive(frequency, last, n),
        }

    def _inactive(self, x: FloatArray, last: FloatArray, n: FloatArray) -> FloatArray:
        if not len(x):
            return np.zeros(0)
        model = BetaGeometricBetaBinomial.from_parameters(**self.parameters)
        return np.clip(model.probability_inactive_next(self.horizon_weeks, x, last, n), 0.0, 1.0)

    @property
    def is_one_rate(self) -> bool:
        """Whether all traders leave at one rate."""
        return self.parameters["gamma"] + self.parameters["delta"] >= CONCENTRATION * (1.0 - 1e-9)

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {
            "parameters": self.parameters,
            "horizon_weeks": self.horizon_weeks,
            "typical_silence": self.typical_silence,
            "typical_share": self.typical_share,
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> ClosedForm:
        """A stored closed form."""
        return cls(**content)


def fit_closed_form(cells: pd.DataFrame, active_weeks: int, horizon_weeks: int) -> ClosedForm:
    """Fit on everybody who had traded by a date.

    Where the histories do not tell how traders differ in how soon they leave, all leave at one
    rate.

    Parameters
    ----------
    cells : `repeat_weeks`, `last_repeat_week`, `observed_weeks` and `traders` with that history
    active_weeks : weeks of silence from which a trader is no longer at risk

    Raises
    ------
    NotIdentifiedError
        If the histories cannot tell the parameters; the message says why.
    """
    x, last, n = (to_float64(cells[name], name) for name in HISTORY)
    weights = to_float64(cells["traders"], "traders")
    try:
        fitted = BetaGeometricBetaBinomial().fit(x, last, n, weights).parameters_
    except NotIdentifiedError:
        fitted = CommonLeavingRate().fit(x, last, n, weights).as_beta_geometric()
    at_risk = n - last < active_weeks
    silence = _weighted_median((n - last)[at_risk], weights[at_risk])
    observed = at_risk & (n > 0.0)
    share = _weighted_median(x[observed] / n[observed], weights[observed])
    parameters = {name: float(rounded(value)) for name, value in fitted.items()}
    return ClosedForm(parameters, horizon_weeks, int(silence), float(rounded(share)))


def _weighted_median(values: FloatArray, weights: FloatArray) -> float:
    if not len(values):
        return 0.0
    order = np.argsort(values, kind="stable")
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2.0)
    return float(values[order][half])
