"""The registered transforms that bring a feature to a scale on which styles are comparable."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trader_segments.segmentation.table import FeatureTable, FloatArray

DEFAULT_COUNT = 100.0
"""Observations assumed behind a share that names no count column."""

SHRINKAGE_COUNT = 100.0
"""Observations at which a noisy mean keeps sqrt(1/2) of its size."""

MONEY_UNIT = 10.0
"""US dollars below which a signed amount is treated as linear."""

TOLERANCE = 1e-9


def log1p(values: FloatArray, count: FloatArray | None = None) -> FloatArray:
    """log(1 + x) for amounts and counts at or above zero."""
    return np.log1p(np.maximum(values, 0.0))


def logit(values: FloatArray, count: FloatArray | None = None) -> FloatArray:
    """Log-odds of a share p smoothed by its count n: (n p + 0.5) / (n + 1).

    The half observation on either side is the empirical logit of Cox (1970); it keeps 0 and 1
    finite and pulls shares of few observations to one half.
    """
    n = _observations(values, count)
    share = np.clip(values, 0.0, 1.0)
    return np.log(n * share + 0.5) - np.log(n * (1.0 - share) + 0.5)


def fisher_z(values: FloatArray, count: FloatArray | None = None) -> FloatArray:
    """Fisher's z, artanh(r), of a ratio in [-1, 1]; smoothed as the logit of (1 + r) / 2."""
    return 0.5 * logit((np.clip(values, -1.0, 1.0) + 1.0) / 2.0, count)


def asinh(values: FloatArray, count: FloatArray | None = None) -> FloatArray:
    """asinh(v / 10 USD) for signed money, shrunk by sqrt(n / (n + 100)) where a count is given."""
    return np.arcsinh(identity(values, count) / MONEY_UNIT)


def identity(values: FloatArray, count: FloatArray | None = None) -> FloatArray:
    """The value itself, shrunk by sqrt(n / (n + 100)) where a count is given."""
    if count is None:
        return values
    n = np.maximum(np.nan_to_num(count), 0.0)
    return values * np.sqrt(n / (n + SHRINKAGE_COUNT))


TRANSFORMS: dict[str, Callable[[FloatArray, FloatArray | None], FloatArray]] = {
    "log1p": log1p,
    "logit": logit,
    "fisher_z": fisher_z,
    "asinh": asinh,
    "identity": identity,
}
BOUNDS = {"log1p": (0.0, np.inf), "logit": (0.0, 1.0), "fisher_z": (-1.0, 1.0)}


def transform_feature(
    table: FeatureTable, name: str, transform: str, count: str | None
) -> FloatArray:
    """Apply a registered transform to one feature, shape (n_traders,); NaN stays NaN.

    Raises
    ------
    ValueError
        If the transform is unknown, or a value lies outside its domain; the message names the
        feature.
    """
    if transform not in TRANSFORMS:
        raise ValueError(f"feature {name} names the unknown transform {transform}")
    values = table[name]
    low, high = BOUNDS.get(transform, (-np.inf, np.inf))
    outside = (values < low - TOLERANCE) | (values > high + TOLERANCE)
    if outside.any():
        example = values[np.flatnonzero(outside)[0]]
        raise ValueError(f"feature {name} holds {example:g}, outside {transform}'s domain")
    return TRANSFORMS[transform](values, table[count] if count else None)


def _observations(values: FloatArray, count: FloatArray | None) -> FloatArray:
    if count is None:
        return np.full(values.shape, DEFAULT_COUNT)
    return np.maximum(np.nan_to_num(count, nan=DEFAULT_COUNT), 0.0)
