"""What the models know of each trader at one date, and how traders are grouped."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from threadpoolctl import threadpool_limits

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Names = NDArray[np.object_]

EVERYBODY = ""
"""Name of the group of all traders."""

LEAST_TRADERS = 30
"""Traders that a style needs for parameters of its own."""

DORMANT = "dormant"
"""The style that says how long a trader has been silent, not how one trades."""

COLUMNS = (
    *("frequency", "recency", "periods"),
    *("weight", "squared_weight", "active_value", "squared_value", "idle_value"),
)
"""What a history tells, all numbers.

`periods` are the weeks after the first active one, `frequency` those of them that were active and
`recency` the number of the last of these. The others are sums over weeks, each weighted by its age:
of the weights of active weeks whose value is known, of their squares, of value, of squared value,
and of what was paid and earned in weeks without activity.
"""


def weekly_value(histories: pd.DataFrame) -> FloatArray:
    """Weighted mean value of an active week, cost of idle weeks included, (n,); NaN if unknown."""
    weight = histories["weight"].to_numpy(np.float64)
    value = histories["active_value"].to_numpy(np.float64) + histories["idle_value"].to_numpy()
    return ratio(value, weight, np.nan)


def known_weeks(histories: pd.DataFrame) -> FloatArray:
    """Equally weighted weeks that say as much as the weighted ones, (n,) (Kish 1965)."""
    weight = histories["weight"].to_numpy(np.float64)
    squared = histories["squared_weight"].to_numpy(np.float64)
    return ratio(weight**2, squared, 0.0)


def ratio(above: FloatArray, below: FloatArray, otherwise: float) -> FloatArray:
    """A quotient where the denominator is above zero, (n,)."""
    empty = np.full(len(above), otherwise)
    return np.asarray(np.divide(above, below, out=empty, where=below > 0.0), dtype=np.float64)


def value_groups(histories: pd.DataFrame) -> Names:
    """Group of each trader, (n,): their style, `EVERYBODY` where it is unknown or too rare.

    Dormant is what a trader of any style becomes who leaves. Taken as a style it would keep all who
    left, and the others would seem never to leave. A dormant trader therefore counts to the style
    whose traders were worth as much and active as often while they traded (a linear discriminant
    on these two).

    Parameters
    ----------
    histories : `COLUMNS` and `style`, which may be missing
    """
    given = histories["style"].astype(object)
    names = given.where(given.notna(), EVERYBODY).to_numpy(dtype=object)
    is_dormant = names == DORMANT
    shown, counts = np.unique(names[~is_dormant].astype(str), return_counts=True)
    kept = [name for name, count in zip(shown, counts, strict=True) if count >= LEAST_TRADERS]
    styles = [name for name in kept if name != EVERYBODY]
    result = np.where(np.isin(names.astype(str), styles), names, EVERYBODY).astype(object)
    learned = np.isin(result.astype(str), styles)
    if not is_dormant.any() or not styles:
        return result
    if len(styles) == 1:
        result[is_dormant] = styles[0]
        return result
    behaviour = _behaviour(histories)
    with threadpool_limits(1):
        discriminant = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        discriminant.fit(behaviour[learned], result[learned].astype(str))
        result[is_dormant] = discriminant.predict(behaviour[is_dormant])
    return result


def _behaviour(histories: pd.DataFrame) -> FloatArray:
    """Value of an active week on an asinh scale and the logit of how often it came, (n, 2)."""
    active = histories["frequency"].to_numpy(np.float64)
    idle = histories["recency"].to_numpy(np.float64) - active
    value = np.nan_to_num(weekly_value(histories))
    return np.column_stack([np.arcsinh(value), np.log((active + 0.5) / (idle + 0.5))])
