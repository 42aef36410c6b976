"""How far a venue's market may take all of its traders together.

The logarithm of the notional traded in a week, less its trend, is taken as a first-order
autoregression. From its variance and its persistence follows how far the mean of the coming weeks
may be from that of the weeks a forecast rests on. This is no forecast of the market: it widens
bounds, and moves no expected value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from trader_segments.lifetime_value.histories import FloatArray

LEAST_WEEKS: Final = 8
"""Weeks from which a venue's own history tells how its market moves."""

PRIOR_DEVIATION, PRIOR_PERSISTENCE = 0.3, 0.8
"""Where it does not: with a half-life of 26 weeks of history this moves the total of 26 weeks by
about 20 %, as market regimes were measured to do (totals ±15 to 25 % on planted venues)."""

LARGEST_PERSISTENCE: Final = 0.97


@dataclass(frozen=True)
class Regime:
    """Standard deviation of log weekly notional around its trend, and correlation from one week to
    the next."""

    deviation: float
    persistence: float

    def band(self, horizon: int, half_life: float) -> float:
        """Standard deviation of the logarithm of the mean of the next `horizon` weeks over that of
        the weeks before, which weigh half after `half_life` weeks."""
        past = 0.5 ** (np.arange(int(8 * half_life)) / half_life)
        weights = np.concatenate([-past[::-1] / past.sum(), np.full(horizon, 1.0 / horizon)])
        lags = np.abs(np.subtract.outer(np.arange(len(weights)), np.arange(len(weights))))
        variance = float(weights @ self.persistence**lags @ weights)
        return self.deviation * float(np.sqrt(max(variance, 0.0)))


def fit_regime(weeks: pd.DataFrame) -> Regime:
    """From `weeks_ago` and `notional_usd` of the venue's weeks; the prior where they are few.

    The first week is left out: it may not be whole. Persistence is corrected for its bias in short
    series (Kendall 1954).
    """
    traded = weeks[(weeks["notional_usd"] > 0) & (weeks["weeks_ago"] < weeks["weeks_ago"].max())]
    if len(traded) < LEAST_WEEKS:
        return Regime(PRIOR_DEVIATION, PRIOR_PERSISTENCE)
    traded = traded.sort_values("weeks_ago", ascending=False)
    time = -traded["weeks_ago"].to_numpy(np.float64)
    logs = np.log(traded["notional_usd"].to_numpy(np.float64))
    left = _less_trend(time, logs)
    n, squares = len(left), float(left @ left)
    if squares <= 1e-12 * n:
        return Regime(0.0, 0.0)
    apart = np.diff(time) == 1.0
    correlation = float(left[:-1][apart] @ left[1:][apart]) / squares
    unbiased = correlation + (1.0 + 3.0 * correlation) / n
    persistence = min(max(unbiased, 0.0), LARGEST_PERSISTENCE)
    return Regime(float(np.sqrt(squares / (n - 2))), persistence)


def _less_trend(time: FloatArray, values: FloatArray) -> FloatArray:
    """What a straight line leaves, (n,)."""
    centred = time - time.mean()
    slope = float(centred @ values) / float(centred @ centred)
    return np.asarray(values - values.mean() - slope * centred)
