"""Calibration: how far the posterior must be tempered to be as sure as it is right."""

from __future__ import annotations

import numpy as np

from trader_segments.segmentation.resampling import Seeds, held_out_fits, squared_errors
from trader_segments.segmentation.table import BoolArray, rounded

TEMPERATURES = np.geomspace(1.0, 5.0, 81)
"""Temperatures tried; 1 leaves the posterior as it is, and none makes it surer."""


def fit_temperature(seeds: Seeds, teaches: BoolArray | None = None) -> float:
    """Find the temperature at which held-out seeds have the smallest Brier score.

    Inputs are neither normal nor as many as they look, so the discriminant's log-odds are too
    large; temperature scaling (Guo, Pleiss, Sun and Weinberger, ICML 2017) divides them all by one
    number. The Brier score (1950) is bounded, so that a rule that errs about a trader weighs no
    more than a misclassification; the log score would let a few such labels set the temperature.

    Parameters
    ----------
    teaches : which seeds are learned from, by default all; all are judged, so that setting hard
        cases aside makes no posterior surer

    Returns
    -------
    the temperature, 1 where no fold can be held out
    """
    loss = np.zeros(len(TEMPERATURES))
    for held_out, lda in held_out_fits(seeds, teaches):
        judged = held_out & np.isin(seeds.styles.astype(str), lda.classes)
        truth = lda.positions(seeds.styles[judged])
        scores = lda.log_scores(seeds.inputs(judged))
        for position, temperature in enumerate(TEMPERATURES):
            posteriors = lda.class_posteriors(scores / temperature)
            loss[position] += float(np.sum(squared_errors(posteriors, truth)))
    return float(rounded(TEMPERATURES[loss.argmin()]))
