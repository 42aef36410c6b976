"""Refits of the discriminant on parts of its clear cases, to judge it on what it has not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trader_segments.segmentation.lda import LinearDiscriminant, fit_styles
from trader_segments.segmentation.reference import ScaledInputs
from trader_segments.segmentation.table import BoolArray, FloatArray, IntArray, TextArray

FOLDS = 5


@dataclass(frozen=True)
class Seeds:
    """The clear cases among some traders.

    Attributes
    ----------
    scaled : inputs of all these traders on a reference scale
    rows : positions of the seeds, (n_seeds,)
    styles, evidence : style and rule of each seed, (n_seeds,)
    """

    scaled: ScaledInputs
    rows: IntArray
    styles: TextArray
    evidence: TextArray

    def take(self, kept: IntArray | BoolArray) -> Seeds:
        """Some of the seeds."""
        return Seeds(self.scaled, self.rows[kept], self.styles[kept], self.evidence[kept])

    def fit(self, counts: Mapping[str, float] | None = None) -> LinearDiscriminant | None:
        """Fit a discriminant on them; None where fewer than two styles have enough.

        `counts` are the seeds per style that priors follow from, by default those given.
        """
        return fit_styles(
            self.scaled.winsorised,
            self.scaled.observed,
            self.rows,
            self.styles,
            self.evidence,
            counts,
        )

    def inputs(self, chosen: BoolArray) -> FloatArray:
        """Inputs of some of the seeds, (n_inputs, n_chosen)."""
        return self.scaled.winsorised[:, self.rows[chosen]]


def folds(styles: TextArray) -> IntArray:
    """Fold of each seed, so that every fold has its part of every style, (n_seeds,)."""
    position = pd.Series(styles, dtype=object).groupby(styles).cumcount()
    return np.asarray(position.to_numpy(dtype=np.int64) % FOLDS)


def held_out_fits(
    seeds: Seeds, teaches: BoolArray | None = None
) -> Iterator[tuple[BoolArray, LinearDiscriminant]]:
    """Which seeds are held out, (n_seeds,), and the discriminant of the others, fold by fold.

    `teaches` marks the seeds learned from, by default all; every seed is held out once, unless too
    few styles remain without its fold.
    """
    fold = folds(seeds.styles)
    for number in range(FOLDS):
        held_out = fold == number
        lda = seeds.take(~held_out if teaches is None else ~held_out & teaches).fit()
        if lda is not None and held_out.any():
            yield held_out, lda


def bootstrap_fits(seeds: Seeds, times: int) -> Iterator[LinearDiscriminant]:
    """Discriminants fitted on seeds drawn with replacement, each style as often as it is there."""
    generator = np.random.default_rng(0)
    members = [np.flatnonzero(seeds.styles == style) for style in sorted(set(seeds.styles))]
    for _ in range(times if members else 0):
        drawn = np.concatenate([generator.choice(rows, len(rows)) for rows in members])
        lda = seeds.take(drawn).fit()
        if lda is not None:
            yield lda


def squared_errors(posteriors: FloatArray, truth: IntArray) -> FloatArray:
    """Brier score of each trader: squared distance between posterior and truth (Brier 1950).

    Parameters
    ----------
    posteriors : (n_classes, n_traders)
    truth : position of each trader's class, -1 for one that is not among the classes
    """
    of_truth = np.where(truth >= 0, posteriors[truth, np.arange(len(truth))], 0.0)
    return np.asarray((posteriors**2).sum(axis=0) - 2.0 * of_truth + 1.0)
