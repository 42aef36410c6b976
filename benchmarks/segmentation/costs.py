"""CPU time and peak memory of a segmentation, each measured in a process of its own."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
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

    Memory is the peak of the process less what it held before: the frame and the libraries.
    """
    rows = np.random.default_rng(0).integers(0, len(features), traders)
    drawn = features.iloc[rows].reset_index(drop=True)
    drawn["trader_id"] = [f"T{row}" for row in range(traders)]
    result = {}
    for name in (PRODUCT, *BASELINES):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
            result[name] = process.submit(_cost, name, drawn, specs, rules, styles).result()
    return result


def _cost(
    name: str,
    features: pd.DataFrame,
    specs: Sequence[Mapping[str, Any]],
    rules: pd.DataFrame,
    styles: pd.DataFrame,
) -> dict[str, float]:
    def product() -> None:
        score(fit(features, specs, rules, styles=styles), features)

    def baseline() -> None:
        BASELINES[name](Inputs(features, specs, rules), len(styles) - 1)

    run: Callable[[], None] = product if name == PRODUCT else baseline
    before, started = _peak_megabytes(), time.process_time()
    run()
    return {
        "seconds": time.process_time() - started,
        "megabytes": _peak_megabytes() - before,
    }


def _peak_megabytes() -> float:
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
