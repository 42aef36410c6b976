"""The difference that a treatment made, with an interval that holds what it promises.

CUPED (Deng, Xu, Kohavi, Walker 2013, "Improving the sensitivity of online controlled experiments by
utilizing pre-experiment data") takes out of each trader's outcome what the time before explains;
Welch's interval compares what is left, as arms differ in size and in variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LEAST_TRADERS = 30
"""Traders of an arm below which no interval is given. Of 3,000 simulated A/A campaigns on lognormal
values with 20 or more in the smaller arm 3.1 to 6.6 % were called different at a true 5 %."""
LEAST_VARYING = 5
"""Traders of an arm whose outcome has to differ from the most common one: five retained and five
lost (the rule for a normal approximation of a share), five with any revenue."""
LEAST_KNOWN = 0.99
"""Share of the traders whose net revenue has to be known. Fees can be unknown of who trades and
never of who does not, so that those of whom it is known are no fair sample."""
CONFIDENCE = 0.95
POWER = 0.8
_MOST_TRADERS = 10**10


@dataclass(frozen=True)
class Uplift:
    """What was found; NaN where there are too few traders to say it.

    Attributes
    ----------
    treated_mean, control_mean
        Mean outcomes as observed.
    uplift
        Difference of the adjusted means, treated less control, in the unit of the outcome.
    low, high
        Bounds of the 95 % interval.
    variance_share
        Share of the variance of the outcome that the time before does not explain.
    minimum_traders
        Traders, both arms together and in the present proportion, by whom an uplift of the size
        asked for is found with probability 0.8; NaN where the world has not so many.
    """

    treated_mean: float
    control_mean: float
    uplift: float = math.nan
    low: float = math.nan
    high: float = math.nan
    variance_share: float = math.nan
    minimum_traders: float = math.nan


def cuped(outcome: FloatArray, earlier: FloatArray) -> FloatArray:
    """The outcome less what the covariate explains of it, with the same mean over all traders.

    Parameters
    ----------
    outcome, earlier
        Shape ``(n_traders,)``, finite. `earlier` must be known before the treatment.
    """
    centred = earlier - earlier.mean()
    variance = float(centred @ centred)
    if variance == 0.0:
        return outcome.copy()
    adjusted: FloatArray = outcome - (float(centred @ outcome) / variance) * centred
    return adjusted


def measure_uplift(
    outcome: FloatArray, earlier: FloatArray, is_treated: BoolArray, least_uplift: float = 0.1
) -> Uplift:
    """Uplift of the treated over the control.

    Parameters
    ----------
    outcome, earlier
        Shape ``(n_traders,)``; a trader whose outcome is NaN is left out.
    is_treated
        Shape ``(n_traders,)``.
    least_uplift
        Uplift that should not be missed, as a share of the size of the control's mean; for
        `minimum_traders`.

    Raises
    ------
    ValueError
        If the arrays differ in length or a covariate is not finite.
    """
    if not outcome.shape == earlier.shape == is_treated.shape:
        raise ValueError("outcome, earlier and is_treated differ in length")
    if not np.isfinite(earlier).all():
        raise ValueError("a covariate is not finite")
    is_known = ~np.isnan(outcome)
    outcome, earlier, is_treated = outcome[is_known], earlier[is_known], is_treated[is_known]
    arms = [outcome[is_treated], outcome[~is_treated]]
    means = [float(arm.mean()) if len(arm) else math.nan for arm in arms]
    found = Uplift(means[0], means[1])
    if not all(map(_is_enough, arms)):
        return found
    adjusted = cuped(outcome, earlier)
    treated, control = adjusted[is_treated], adjusted[~is_treated]
    variances = np.array([treated.var(ddof=1), control.var(ddof=1)])
    sizes = np.array([len(treated), len(control)])
    squared_errors = variances / sizes
    error = math.sqrt(squared_errors.sum())
    if error == 0.0:
        return found
    freedom = squared_errors.sum() ** 2 / (squared_errors**2 / (sizes - 1)).sum()
    width = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    uplift = float(treated.mean() - control.mean())
    wanted = least_uplift * abs(float(control.mean()))
    detected = (stats.norm.ppf((1 + CONFIDENCE) / 2) + stats.norm.ppf(POWER)) * error
    return replace(
        found,
        uplift=uplift,
        low=uplift - width,
        high=uplift + width,
        variance_share=float(adjusted.var() / outcome.var()),
        minimum_traders=_needed(int(sizes.sum()), detected, wanted),
    )


def _needed(traders: int, detected: float, wanted: float) -> float:
    """Traders whose error is so small that `wanted` is found as these find `detected`; NaN where
    the world has not so many."""
    if wanted * math.sqrt(_MOST_TRADERS / traders) < detected:
        return math.nan
    return math.ceil(traders * (detected / wanted) ** 2)


def _is_enough(arm: FloatArray) -> bool:
    if len(arm) < LEAST_TRADERS:
        return False
    return len(arm) - int(np.unique(arm, return_counts=True)[1].max()) >= LEAST_VARYING
