"""Expected value of the coming weeks and how far it may be off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import ndtr

from trader_segments.lifetime_value.activity import NearbyActivity
from trader_segments.lifetime_value.change import Change, find_changes
from trader_segments.lifetime_value.histories import (
    EVERYBODY,
    FloatArray,
    IntArray,
    ratio,
    value_groups,
)
from trader_segments.lifetime_value.model import ValueModel
from trader_segments.lifetime_value.worth import WeeklyWorth, predict_worth
from trader_segments.value.cells import compress

BOUNDS: Final = (0.1, 0.9)
"""An 80 % interval."""

DEVIATION_STEP: Final = 0.05
"""Traders whose logarithms deviate alike up to this share their bounds but for their own value."""

HALVINGS: Final = 40
AT_ONCE: Final = 20_000


@dataclass(frozen=True)
class Horizon:
    """Forecast of some weeks, (n,) each: expected active weeks, value, and its bounds."""

    active_weeks: FloatArray
    value: FloatArray
    low: FloatArray
    high: FloatArray


def forecast_traders(
    model: ValueModel,
    histories: pd.DataFrame,
    horizons: Sequence[int],
    *,
    annual_discount_rate: float = 0.0,
    half_life: float = 26.0,
) -> pd.DataFrame:
    """Forecast every trader.

    Parameters
    ----------
    model : fitted on these histories or earlier ones
    histories : `trader_id`, `style` and `histories.COLUMNS`
    horizons : weeks ahead
    annual_discount_rate : by which a year discounts value
    half_life : of the weights in `histories`, in weeks

    Returns
    -------
    `trader_id`, `value_style` (None: that of all traders), `fallback_level` (`style`,
    `all_traders`, `prior`), `probability_active`, `weekly_value` (of an active week),
    `probability_changed`, and for each horizon h `active_weeks_h`, `value_h`, `low_h`, `high_h`
    """
    groups = value_groups(histories)
    groups[[name not in model.activity for name in groups]] = EVERYBODY
    worth = predict_worth(dict(model.worth), histories, groups)
    changes = find_changes(histories, worth.noise)
    level = np.where(groups == EVERYBODY, "all_traders", "style")
    result = pd.DataFrame(
        {
            "trader_id": histories["trader_id"].to_numpy(),
            "value_style": pd.Series(groups, dtype="str").where(groups != EVERYBODY),
            "fallback_level": pd.Series(np.where(model.is_prior, "prior", level), dtype="str"),
            "probability_active": 0.0,
            "weekly_value": worth.value,
            "probability_changed": changes.probability,
        }
    )
    weekly_rate = (1.0 + annual_discount_rate) ** (1.0 / 52.0) - 1.0
    columns = {name: np.zeros(len(histories)) for h in horizons for name in _names(h)}
    alive = np.zeros(len(histories))
    for name in sorted(set(groups)):
        rows = np.flatnonzero(groups == name)
        activity = NearbyActivity.from_parameters(**model.activity[name])
        of_group = WeeklyWorth(worth.value[rows], worth.log_variance[rows], worth.noise[rows])
        of_change = Change(
            changes.probability[rows], changes.weekly_value[rows], changes.variance[rows]
        )
        seen = histories.iloc[rows]
        cells = compress(
            [seen[column].to_numpy(np.float64) for column in ("frequency", "recency", "periods")]
        )
        alive[rows] = activity.probability_alive(*cells.columns)[cells.index]
        for h in horizons:
            found = _horizon(
                activity,
                h,
                cells.columns,
                cells.index,
                of_group,
                of_change,
                weekly_rate,
                model.drift + model.regime.band(h, half_life) ** 2,
            )
            values = (found.active_weeks, found.value, found.low, found.high)
            for column, value in zip(_names(h), values, strict=True):
                columns[column][rows] = value
    return result.assign(probability_active=alive, **columns)


def _names(horizon: int) -> tuple[str, str, str, str]:
    return (
        f"active_weeks_{horizon}",
        f"value_{horizon}",
        f"low_{horizon}",
        f"high_{horizon}",
    )


def _horizon(
    activity: NearbyActivity,
    horizon: int,
    cells: FloatArray,
    cell: IntArray,
    worth: WeeklyWorth,
    change: Change,
    weekly_rate: float,
    common: float,
) -> Horizon:
    """Forecast of traders of one group; `cells` are their distinct histories, (3, n_cells).

    Who has changed goes on at the value a week of the last weeks while still there. Where that and
    what the whole history says are apart, the total may be the one or the other. `common` is the
    variance of the logarithm that the trader shares with the venue: market and drift.
    """
    x, last, n = cells
    weeks = activity.predict(horizon, x, last, n)
    discounted = activity.predict(horizon, x, last, n, discount=weekly_rate)
    stay = activity.predict_stay(horizon, x, last, n, weekly_rate)
    usual = worth.value * discounted[cell]
    q = change.probability
    value = usual + q * (change.weekly_value * stay[cell] - usual)
    factor = np.divide(value, usual, out=np.ones(len(value)), where=usual != 0.0)
    apart = q * (1.0 - q) * np.log(np.maximum(np.abs(factor), 1e-3)) ** 2
    level = (1.0 - q) * worth.log_variance + q * change.variance + apart
    low, high = total_quantiles(
        activity.predict_distribution(horizon, x, last, n),
        cell,
        np.sqrt(level + common),
        worth.noise,
    )
    each = worth.value * factor * ratio(discounted, weeks, 1.0)[cell]
    ends = np.sort(np.stack([each * low, each * high]), axis=0)
    return Horizon(weeks[cell], value, ends[0], ends[1])


def total_quantiles(
    chances: FloatArray, cell: IntArray, deviation: FloatArray, noise: FloatArray
) -> FloatArray:
    """Bounds of a trader's total in units of the value of an active week, (2, n).

    With k active weeks the total is taken as lognormal with mean k, the level being off by
    `deviation` on logarithms and the mean of k weeks by a relative variance `noise` / k. The number
    of weeks has the probabilities of the trader's cell, so there is an atom at zero.

    Parameters
    ----------
    chances : (n_cells, h + 1) probabilities of 0..h active weeks
    cell : (n,) row of `chances` of each trader
    deviation, noise : (n,)
    """
    levels = np.rint(deviation / DEVIATION_STEP)
    distinct = compress([cell.astype(np.float64), levels, noise])
    which, level, noises = distinct.columns
    result = np.empty((len(BOUNDS), len(which)))
    for start in range(0, len(which), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        result[:, part] = _mixture_quantiles(
            chances[which[part].astype(np.int64)], level[part] * DEVIATION_STEP, noises[part]
        )
    return np.asarray(result[:, distinct.index])


def _mixture_quantiles(chances: FloatArray, deviation: FloatArray, noise: FloatArray) -> FloatArray:
    """Quantiles by bisection on the logarithm of the total, (2, n)."""
    k = np.arange(1.0, chances.shape[1])
    variance = deviation[:, None] ** 2 + np.log1p(noise[:, None] / k)
    spread = np.sqrt(np.maximum(variance, 1e-12))
    centre = np.log(k) - 0.5 * variance
    result = np.empty((len(BOUNDS), len(chances)))
    for row, quantile in enumerate(BOUNDS):
        low = (centre - 4.0 * spread).min(axis=1)
        high = (centre + 4.0 * spread).max(axis=1)
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            below = chances[:, 0] + np.sum(
                chances[:, 1:] * ndtr((middle[:, None] - centre) / spread), axis=1
            )
            is_below = below < quantile
            low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
        result[row] = np.where(chances[:, 0] >= quantile, 0.0, np.exp(0.5 * (low + high)))
    return result
