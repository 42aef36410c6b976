"""How good probabilities were, once it is known what came about."""

from __future__ import annotations

import numpy as np

from trader_segments.segmentation.table import FloatArray

BINS = 10


def auc(score: FloatArray, outcome: FloatArray) -> float:
    """Share of pairs of one who did and one who did not in which the first has the higher score.

    Ties count half (Mann and Whitney 1947).

    Parameters
    ----------
    score : (n,) the higher the likelier
    outcome : (n,) 0 or 1, both of them present
    """
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    came = outcome > 0.5
    positive, negative = int(came.sum()), int((~came).sum())
    return float((ranks[came].sum() - positive * (positive + 1) / 2.0) / (positive * negative))


def brier_score(probability: FloatArray, outcome: FloatArray) -> float:
    """Mean squared error (Brier 1950)."""
    return float(np.mean((probability - outcome) ** 2))


def brier_skill(probability: FloatArray, outcome: FloatArray) -> float:
    """Share of the squared error of the base rate, known afterwards, that is not made."""
    base = brier_score(np.full(len(outcome), outcome.mean()), outcome)
    return 1.0 - brier_score(probability, outcome) / base


def log_loss(probability: FloatArray, outcome: FloatArray) -> float:
    """Mean of minus the logarithm of the probability of what came about."""
    return float(np.mean(log_losses(probability, outcome)))


def log_losses(probability: FloatArray, outcome: FloatArray) -> FloatArray:
    """The same for each row, (n,)."""
    told = np.where(outcome > 0.5, probability, 1.0 - probability)
    return np.asarray(-np.log(np.clip(told, 1e-6, 1.0)))


def expected_calibration_error(probability: FloatArray, outcome: FloatArray) -> float:
    """Mean distance of what was said from what came about, over ten bins of equal width.

    Guo, Pleiss, Sun and Weinberger (ICML 2017); each bin weighs as many rows as it has.
    """
    bins = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    said = np.bincount(bins, probability, BINS)
    came = np.bincount(bins, outcome, BINS)
    return float(np.sum(np.abs(said - came)) / len(outcome))


def calibration_curve(probability: FloatArray, outcome: FloatArray) -> dict[str, float]:
    """What was said of each tenth of the traders, the lowest first, and what came about.

    Returns
    -------
    `mean_probability[1]`, `outcome_rate[1]` to `[10]`; equal probabilities may fall into two tenths
    """
    order = np.argsort(probability, kind="stable")
    points = {}
    for number, rows in enumerate(np.array_split(order, BINS), start=1):
        points[f"mean_probability[{number}]"] = float(probability[rows].mean())
        points[f"outcome_rate[{number}]"] = float(outcome[rows].mean())
    return points


def top_decile_lift(score: FloatArray, outcome: FloatArray) -> float:
    """Rate among the tenth with the highest scores over the rate of everybody.

    Of ties across the bound each counts by the share of them that is within.
    """
    n = len(score)
    within = max(1, n // BINS)
    bound = np.sort(score)[n - within]
    above, tied = score > bound, score == bound
    rest = (within - int(above.sum())) / int(tied.sum())
    hits = float(outcome[above].sum()) + rest * float(outcome[tied].sum())
    return hits / within / float(outcome.mean())
