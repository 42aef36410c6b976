"""Ratios of gamma functions whose arguments differ by whole numbers, by the number."""

from __future__ import annotations

import numpy as np

from trader_segments.value.cells import FloatArray


def rising(start: float, count: int) -> tuple[FloatArray, FloatArray]:
    """log Γ(start + k) / Γ(start) for k = 0..count, and its derivative by `start`."""
    factors = start + np.arange(count, dtype=np.float64)
    logs, slopes = np.zeros(count + 1), np.zeros(count + 1)
    np.cumsum(np.log(factors), out=logs[1:])
    np.cumsum(1.0 / factors, out=slopes[1:])
    return logs, slopes
