"""What an active week of a trader is worth: the own mean, drawn towards the group's.

The mean r of a trader's active weeks, recent ones weighing more, is off the true one by a relative
error of variance c² / a after a weeks. On logarithms, where traders of a group differ normally,

log |r| ~ Normal(m, log(1 + c² / a)),  m ~ Normal(μ, τ²)

so m has the posterior mean μ + b (log |r| − μ) with b = τ² / (τ² + log(1 + c² / a)) and variance
τ² (1 − b) (Efron and Morris 1973). The mean itself is modelled, not the logarithms of single weeks:
a few liquidations and block trades bring much of the fees, and the exponential of a mean of
logarithms misses them by a factor that differs from trader to trader (docs/value.md). Traders who
cost more than they bring have parameters of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from trader_segments.lifetime_value.histories import (
    EVERYBODY,
    LEAST_TRADERS,
    FloatArray,
    Names,
    known_weeks,
    weekly_value,
)

SIGNS: Final = {"positive": 1.0, "negative": -1.0}

LEAST_WEEKS: Final = 4.0
"""Weeks from which a trader tells how much weeks differ."""

PRIOR_NOISE: Final = 1.0
"""Squared variation c² of weeks where no trader tells it: a standard deviation as large as the
mean, as of one trade a week of exponential size."""

PRIOR_BETWEEN: Final = 4.0
"""Variance τ² where there is no second trader: a factor of seven between traders."""

LEAST_BETWEEN: Final = 0.01
STEPS: Final = 100


@dataclass(frozen=True)
class Worth:
    """Parameters of the traders of one group and sign: μ, τ², c² and how many they are."""

    mean: float
    between: float
    noise: float
    traders: int


@dataclass(frozen=True)
class WeeklyWorth:
    """Value of an active week of each trader, (n,) each.

    Attributes
    ----------
    value : expected, of either sign
    log_variance : of the logarithm of its true mean
    noise : squared variation from week to week
    """

    value: FloatArray
    log_variance: FloatArray
    noise: FloatArray


def fit_worth(histories: pd.DataFrame, groups: Names) -> dict[tuple[str, str], Worth]:
    """Parameters by group and sign; `EVERYBODY` has those that its traders show, groups as well
    where they have enough traders of the sign."""
    value, weeks = weekly_value(histories), known_weeks(histories)
    variation = _variation(histories, weeks)
    result = {}
    for sign, factor in SIGNS.items():
        of_sign = factor * value > 0.0
        if of_sign.any():
            result[EVERYBODY, sign] = _fit(value[of_sign], weeks[of_sign], variation[of_sign])
        for name in sorted(set(groups) - {EVERYBODY}):
            rows = of_sign & (groups == name)
            if rows.sum() >= LEAST_TRADERS:
                result[name, sign] = _fit(value[rows], weeks[rows], variation[rows])
    return result


def predict_worth(
    parameters: dict[tuple[str, str], Worth], histories: pd.DataFrame, groups: Names
) -> WeeklyWorth:
    """The value of an active week of each trader.

    Who has no active week of known value is expected to be as the group's traders of the sign that
    most of them have; a mean of exactly zero stays zero.
    """
    value, weeks = weekly_value(histories), known_weeks(histories)
    expected, variance = np.zeros(len(value)), np.zeros(len(value))
    noise = np.full(len(value), PRIOR_NOISE)
    for name in sorted(set(groups)):
        rows = groups == name
        found = {sign: _nearest(parameters, name, sign) for sign in SIGNS}
        known = {sign: worth for sign, worth in found.items() if worth is not None}
        for sign, worth in known.items():
            of_sign = rows & (SIGNS[sign] * value > 0.0)
            share = worth.between / (
                worth.between + np.log1p(worth.noise / np.maximum(weeks[of_sign], LEAST_BETWEEN))
            )
            centre = worth.mean + share * (np.log(np.abs(value[of_sign])) - worth.mean)
            variance[of_sign] = worth.between * (1.0 - share)
            expected[of_sign] = SIGNS[sign] * np.exp(centre + 0.5 * variance[of_sign])
            noise[of_sign] = worth.noise
        if known:
            sign = max(known, key=lambda each: (known[each].traders, each))
            new = rows & np.isnan(value)
            expected[new] = SIGNS[sign] * np.exp(known[sign].mean + 0.5 * known[sign].between)
            variance[new], noise[new] = known[sign].between, known[sign].noise
        else:
            expected[rows & np.isnan(value)] = np.nan
    return WeeklyWorth(expected, variance, noise)


def _nearest(parameters: dict[tuple[str, str], Worth], name: str, sign: str) -> Worth | None:
    return parameters.get((name, sign), parameters.get((EVERYBODY, sign)))


def _variation(histories: pd.DataFrame, weeks: FloatArray) -> FloatArray:
    """Squared variation of each trader's active weeks, (n,); NaN where too few tell it."""
    weight = histories["weight"].to_numpy(np.float64)
    active = histories["active_value"].to_numpy(np.float64)
    squares = histories["squared_value"].to_numpy(np.float64)
    enough = (weeks >= LEAST_WEEKS) & (active != 0.0)
    share = np.divide(squares * weight, active**2, out=np.ones(len(weight)), where=enough)
    variation = np.maximum(share - 1.0, 0.0) * weeks / np.maximum(weeks - 1.0, 1.0)
    return np.where(enough, variation, np.nan)


def _fit(value: FloatArray, weeks: FloatArray, variation: FloatArray) -> Worth:
    """Noise by the median trader, as some have one week that is worth all others; μ and τ² by the
    moments of DerSimonian and Laird, repeated with the weights that they imply."""
    noise = float(np.nanmedian(variation)) if np.isfinite(variation).any() else PRIOR_NOISE
    logs, error = np.log(np.abs(value)), np.log1p(noise / np.maximum(weeks, LEAST_BETWEEN))
    if len(value) < 2:
        return Worth(float(logs[0]), PRIOR_BETWEEN, noise, 1)
    between = max(float(np.var(logs) - error.mean()), LEAST_BETWEEN)
    for _ in range(STEPS):
        precision = 1.0 / (between + error)
        mean = float((precision * logs).sum() / precision.sum())
        excess = precision**2 * ((logs - mean) ** 2 - error)
        better = max(float(excess.sum() / (precision**2).sum()), LEAST_BETWEEN)
        if abs(better - between) < 1e-9:
            break
        between = better
    return Worth(mean, between, noise, len(value))
