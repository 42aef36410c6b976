"""Calibration: how far the posterior must be tempered to be as sure as it is right."""

from __future__ import annotations

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


def fit_temperature(
    inputs: FloatArray,
    observed: BoolArray,
    seeds: IntArray,
    styles: TextArray,
    evidence: TextArray,
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

    Returns
    -------
    the temperature, 1 where no fold can be held out
    """
    loss = np.zeros(len(TEMPERATURES))
    fold = folds(styles)
    for number in range(FOLDS):
        kept, held_out = fold != number, fold == number
        lda = fit_styles(inputs, observed, seeds[kept], styles[kept], evidence[kept])
        if lda is None:
            continue
        held_out &= np.isin(styles.astype(str), lda.classes)
        row = {style: row for row, style in enumerate(lda.classes)}
        truth = np.array([row[style] for style in styles[held_out]], dtype=np.int64)
        scores = lda.log_scores(inputs[:, seeds[held_out]])
        for position, temperature in enumerate(TEMPERATURES):
            loss[position] += _brier(lda, scores / temperature, truth)
    return float(rounded(TEMPERATURES[loss.argmin()]))


def _brier(lda: LinearDiscriminant, scores: FloatArray, truth: IntArray) -> float:
    """Sum over traders of the squared distance between posterior and truth."""
    posterior = lda.class_posteriors(scores)
    of_truth = posterior[truth, np.arange(len(truth))]
    return float(np.sum((posterior**2).sum(axis=0) - 2.0 * of_truth + 1.0))
