"""The stored reference: how each input is winsorised, centred and scaled, fitted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trader_segments.segmentation.table import BoolArray, FeatureTable, FloatArray, rounded
from trader_segments.segmentation.transforms import transform_feature

WINSOR_SHARE = 0.005
IQR_OF_STANDARD_NORMAL = 1.3489795003921634
SMALLEST_SPREAD = 1e-9


@dataclass(frozen=True)
class InputScale:
    """One input of the model: its transform and its reference, in transformed units."""

    name: str
    transform: str
    count: str | None
    lower: float
    upper: float
    centre: float
    scale: float

    def distances(self, table: FeatureTable) -> FloatArray:
        """Signed distance from the reference median in reference scales, not winsorised."""
        values = transform_feature(table, self.name, self.transform, self.count)
        return (values - self.centre) / self.scale

    def winsorised(self, distances: FloatArray) -> FloatArray:
        """Clip distances at the reference's 0.5 % and 99.5 % quantiles."""
        low = (self.lower - self.centre) / self.scale
        high = (self.upper - self.centre) / self.scale
        return np.clip(distances, low, high)


@dataclass(frozen=True)
class ScaledInputs:
    """Inputs on the reference scale, each of shape (n_inputs, n_traders), unknown values at 0."""

    winsorised: FloatArray
    raw: FloatArray
    observed: BoolArray


def fit_scale(table: FeatureTable, spec: Mapping[str, Any]) -> InputScale | str:
    """Fit one input's reference, or say in words why the input cannot be used.

    The scale is the interquartile range in units of a normal's standard deviation; where half of
    the traders share one value it is the standard deviation of the winsorised values.
    """
    name, transform, count = spec["name"], spec["transform"], spec.get("count") or None
    if not table.has(name):
        return "no trader has a value"
    if np.nanmax(table[name]) == np.nanmin(table[name]):
        return "all traders have the same value"
    values = transform_feature(table, name, transform, count)
    values = values[~np.isnan(values)]
    lower, first, median, third, upper = np.quantile(
        values, [WINSOR_SHARE, 0.25, 0.5, 0.75, 1.0 - WINSOR_SHARE]
    )
    scale = (third - first) / IQR_OF_STANDARD_NORMAL
    if scale < SMALLEST_SPREAD:
        scale = float(np.std(np.sort(np.clip(values, lower, upper))))
    if scale < SMALLEST_SPREAD:
        return "all but a few traders have the same value"
    return InputScale(name, transform, count, *rounded([lower, upper, median, scale]).tolist())


def scale_inputs(table: FeatureTable, inputs: Sequence[InputScale]) -> ScaledInputs:
    """Bring the inputs to the reference scale; an unknown value is neutral (the median)."""
    shape = (len(inputs), len(table))
    winsorised, raw, observed = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    for row, scale in enumerate(inputs):
        distances = scale.distances(table)
        observed[row] = ~np.isnan(distances)
        raw[row] = np.where(observed[row], distances, 0.0)
        winsorised[row] = scale.winsorised(raw[row])
    return ScaledInputs(winsorised, raw, observed)
