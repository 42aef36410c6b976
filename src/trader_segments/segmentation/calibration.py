"""Calibration: how far the posterior must be tempered to be as sure as it is right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from trader_segments.segmentation.lda import LinearDiscriminant, fit_styles
from trader_segments.segmentation.table import (
    BoolArray,
    FloatArray,
    IntArray,
    TextArray,
    rounded,
)

FOLDS = 5
TEMPERATURES = np.geomspace(1.0, 5.0, 81)
"""Temperatures tried; 1 leaves the posterior as it is, and none makes it surer."""


def folds(styles: TextArray) -> IntArray:
    """Fold of each seed, so that every fold has its part of every style, (n_seeds,)."""
    position = pd.Series(styles, dtype=object).groupby(styles).cumcount()
    return np.asarray(position.to_numpy(dtype=np.int64) % FOLDS)


def held_out(
    inputs: FloatArray,
    observed: BoolArray,
    seeds: IntArray,
    styles: TextArray,
    evidence: TextArray,
    teaches: BoolArray | None = None,
) -> Iterator[tuple[LinearDiscriminant, IntArray]]:
    """Discriminants of all folds but one, each with the rows of `seeds` in the fold left out.

    `teaches` marks the seeds learned from, by default all; every seed is held out once, unless too
    few styles remain without its fold.
    """
    fold = folds(styles)
    for number in range(FOLDS):
        kept = fold != number if teaches is None else (fold != number) & teaches
        lda = fit_styles(inputs, observed, seeds[kept], styles[kept], evidence[kept])
        if lda is not None:
            yield lda, np.flatnonzero(fold == number)


def fit_temperature(
    inputs: FloatArray,
    observed: BoolArray,
    seeds: IntArray,
    styles: TextArray,
    evidence: TextArray,
    teaches: BoolArray | None = None,
) -> float:
    """Find the temperature at which held-out seeds have the smallest Brier score.

    Inputs are neither normal nor as many as they look, so the discriminant's log-odds are too
    large; temperature scaling (Guo, Pleiss, Sun and Weinberger, ICML 2017) divides them all by one
    number. The Brier score (1950) is bounded, so that a rule that errs about a trader weighs no
    more than a misclassification; the log score would let a few such labels set the temperature.

    Parameters
    ----------
    inputs, observed : (n_inputs, n_traders)
    seeds : positions of the labelled traders; `styles` and `evidence` their style and rule
    teaches : which seeds are learned from, by default all; all are judged, so that setting hard
        cases aside makes no posterior surer

    Returns
    -------
    the temperature, 1 where no fold can be held out
    """
    loss = np.zeros(len(TEMPERATURES))
    for lda, rows in held_out(inputs, observed, seeds, styles, evidence, teaches):
        known = rows[np.isin(styles[rows].astype(str), lda.classes)]
        row = {style: row for row, style in enumerate(lda.classes)}
        truth = np.array([row[style] for style in styles[known]], dtype=np.int64)
        scores = lda.log_scores(inputs[:, seeds[known]])
        for position, temperature in enumerate(TEMPERATURES):
            loss[position] += _brier(lda, scores / temperature, truth)
    return float(rounded(TEMPERATURES[loss.argmin()]))


def _brier(lda: LinearDiscriminant, scores: FloatArray, truth: IntArray) -> float:
    """Sum over traders of the squared distance between posterior and truth."""
    posterior = lda.class_posteriors(scores)
    of_truth = posterior[truth, np.arange(len(truth))]
    return float(np.sum((posterior**2).sum(axis=0) - 2.0 * of_truth + 1.0))
