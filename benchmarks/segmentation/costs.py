"""CPU time and peak memory of a segmentation, beside the baselines."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from baselines import BASELINES, Inputs

from trader_segments.segmentation import fit, score

PRODUCT = "Trader Segments"


def costs(
    features: pd.DataFrame,
    specs: Sequence[Mapping[str, Any]],
    rules: pd.DataFrame,
    styles: pd.DataFrame,
    traders: int,
) -> dict[str, dict[str, float]]:
    """`seconds` of CPU and `megabytes` of fit and score, of so many traders drawn from given ones.

    Memory is the peak of what Python and NumPy allocate, in a second run: tracing takes time.
    """
    rows = np.random.default_rng(0).integers(0, len(features), traders)
    drawn = features.iloc[rows].reset_index(drop=True)
    drawn["trader_id"] = [f"T{row}" for row in range(traders)]

    def product() -> None:
        score(fit(drawn, specs, rules, styles=styles), drawn)

    def baseline(name: str) -> None:
        BASELINES[name](Inputs(drawn, specs, rules), len(styles) - 1)

    return {
        PRODUCT: _cost(product),
        **{name: _cost(partial(baseline, name)) for name in BASELINES},
    }


def _cost(run: Callable[[], None]) -> dict[str, float]:
    started = time.process_time()
    run()
    seconds = time.process_time() - started
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {"seconds": seconds, "megabytes": peak / 1e6}
