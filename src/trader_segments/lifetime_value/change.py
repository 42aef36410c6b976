"""Who trades otherwise than before: the last weeks against those before them.

Most traders go on as they are, a few take up another way to trade, and then their older weeks say
little of those to come. Per trader, z is the logarithm of the value a week of the last eight weeks
over that of the weeks before, and s² what chance makes of it. With probability π the trader has
changed, and the true logarithm is Normal(0, τ²), else it is zero:

z ~ (1 − π) Normal(0, s²) + π Normal(0, s² + τ²)

From that follows the probability q that the trader has changed, given z. Who has is expected to go
on as in the last weeks. What the middle of the traders deviate more than chance makes them is the
drift of all: it widens bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trader_segments.lifetime_value.histories import FloatArray

RECENT_WEEKS: Final = 8
"""The last weeks: those after which a silent trader is called dormant."""

CHANGED_SHARE: Final = 0.05
"""π: one trader in twenty. From 0.05 to 0.2 results hardly differ (docs/value-evaluation.md)."""

CHANGE_DEVIATION: Final = 1.5
"""τ: a change is by a factor of four or five, up or down."""


LEAST_TRADERS: Final = 30
"""Traders that tell how much a venue's traders drift."""

PRIOR_DRIFT: Final = 0.1
"""Variance of the logarithm where they do not: a third more or less in the weeks to come."""

NORMAL_SQUARE_MEDIAN: Final = 0.4549364231195724
"""Median of the square of a standard normal deviate."""


@dataclass(frozen=True)
class Change:
    """What each trader's weeks say of a change, (n,) each.

    Attributes
    ----------
    probability : q; 0 where weeks are too few, or of another sign than before
    weekly_value : of the last weeks, silent ones among them
    variance : of the logarithm of `weekly_value`, by chance
    """

    probability: FloatArray
    weekly_value: FloatArray
    variance: FloatArray


@dataclass(frozen=True)
class _Comparison:
    """z and s² of the traders of whom the weeks tell something, and what they rest on, (n,)."""

    is_known: NDArray[np.bool_]
    log_ratio: FloatArray
    variance: FloatArray
    recent_variance: FloatArray


def find_changes(histories: pd.DataFrame, noise: FloatArray) -> Change:
    """Compare the last weeks with those before.

    Parameters
    ----------
    histories : `histories.COLUMNS`, `past_value` and `last_8_weeks_value`
    noise : (n,) squared variation of a trader's active weeks

    There must be as many weeks before as there are last ones.
    """
    found = _compare(histories, noise)
    probability = _probability(found.log_ratio, found.variance)
    recent = histories["last_8_weeks_value"].to_numpy(np.float64) / RECENT_WEEKS
    return Change(np.where(found.is_known, probability, 0.0), recent, found.recent_variance)


def fit_drift(histories: pd.DataFrame, noise: FloatArray) -> float:
    """Variance of log z beyond chance, by the median trader; what all have in common left out."""
    found = _compare(histories, noise)
    if found.is_known.sum() < LEAST_TRADERS:
        return PRIOR_DRIFT
    z, variance = found.log_ratio[found.is_known], found.variance[found.is_known]
    square = float(np.median((z - np.median(z)) ** 2)) / NORMAL_SQUARE_MEDIAN
    return max(square - float(np.median(variance)), 0.0)


def _compare(histories: pd.DataFrame, noise: FloatArray) -> _Comparison:
    weeks = histories["periods"].to_numpy(np.float64) + 1.0
    before = np.maximum(weeks - RECENT_WEEKS, 1.0)
    recent = histories["last_8_weeks_value"].to_numpy(np.float64)
    earlier = histories["past_value"].fillna(0.0).to_numpy(np.float64) - recent
    is_known = (weeks >= 2 * RECENT_WEEKS) & (recent * earlier > 0.0)
    last = np.abs(np.where(is_known, recent, 1.0)) / RECENT_WEEKS
    first = np.abs(np.where(is_known, earlier, 1.0)) / before
    active = (histories["frequency"].to_numpy(np.float64) + 1.0) / (
        histories["recency"].to_numpy(np.float64) + 1.0
    )
    # A week is active with this share and then varies by `noise`.
    weekly = (noise + 1.0 - active) / active
    chance = np.log1p(weekly / RECENT_WEEKS)
    return _Comparison(is_known, np.log(last / first), chance + np.log1p(weekly / before), chance)


def _probability(z: FloatArray, variance: FloatArray) -> FloatArray:
    variance = np.maximum(variance, 1e-6)
    wide = variance + CHANGE_DEVIATION**2
    odds = CHANGED_SHARE / (1.0 - CHANGED_SHARE) * np.sqrt(variance / wide)
    odds = odds * np.exp(np.minimum(0.5 * z**2 * (1.0 / variance - 1.0 / wide), 500.0))
    return np.asarray(odds / (1.0 + odds))
