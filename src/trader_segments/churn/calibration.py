"""Calibration: probabilities that come about as often as they say, in the latest window known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trader_segments.segmentation.table import FloatArray, rounded

LEAST_ROWS = 50
"""Fewer outcomes calibrate nothing."""

LEAST_PROBABILITY = 1e-6
MOST_STEPS = 100


@dataclass(frozen=True)
class Calibration:
    """P = 1 / (1 + exp(−intercept − slope · logit(p))); the default changes nothing.

    Attributes
    ----------
    intercept, slope : on the scale of log-odds; slope is never below zero
    rows : outcomes that it was fitted on, 0 where nothing was
    """

    intercept: float = 0.0
    slope: float = 1.0
    rows: int = 0

    def __call__(self, probability: FloatArray) -> FloatArray:
        """Calibrated probabilities, (n,)."""
        return sigmoid(self.intercept + self.slope * logit(probability))


def fit_calibration(probability: FloatArray, outcome: FloatArray) -> Calibration:
    """Platt scaling of probabilities on outcomes.

    Platt (1999), "Probabilistic outputs for support vector machines", with his targets
    (N₊ + 1) / (N₊ + 2) and 1 / (N₋ + 2) in place of 1 and 0, which keep the fit finite where few or
    none came about; solved by Newton's method with step halving (Lin, Lin and Weng 2007). Where the
    slope would be below zero the probability says nothing, and the base rate stands in its place.

    Parameters
    ----------
    probability : (n,) in [0, 1]
    outcome : (n,) 0 or 1

    Returns
    -------
    what changes nothing, where fewer than 50 outcomes are known
    """
    n = len(outcome)
    if n < LEAST_ROWS:
        return Calibration()
    came, stayed = float(outcome.sum()), float(n - outcome.sum())
    target = np.where(outcome > 0.5, (came + 1.0) / (came + 2.0), 1.0 / (stayed + 2.0))
    base = float(logit(np.array([target.mean()]))[0])
    scores = logit(probability)
    centre = float(scores.mean())
    spread = float(scores.std())
    if spread == 0.0:
        return _calibration(base, 0.0, n)
    design = np.column_stack([np.ones(n), (scores - centre) / spread])
    weights = np.array([base, 0.0])
    loss = _loss(design @ weights, target)
    for _ in range(MOST_STEPS):
        fitted = sigmoid(design @ weights)
        gradient = design.T @ (fitted - target)
        curvature = (design * (fitted * (1.0 - fitted))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > 1e-10 and _loss(design @ (weights - size * step), target) > loss:
            size /= 2.0
        weights = weights - size * step
        improved, loss = loss, _loss(design @ weights, target)
        if improved - loss < 1e-12 * n:
            break
    slope = float(weights[1]) / spread
    if slope <= 0.0:
        return _calibration(base, 0.0, n)
    return _calibration(float(weights[0]) - slope * centre, slope, n)


def logit(probability: FloatArray) -> FloatArray:
    """Log-odds, of what is nearly certain those of a millionth, same shape."""
    bounded = np.clip(probability, LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY)
    return np.asarray(np.log(bounded / (1.0 - bounded)))


def sigmoid(scores: FloatArray) -> FloatArray:
    """Probabilities of log-odds, same shape."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scores, -700.0, 700.0))))


def _calibration(intercept: float, slope: float, rows: int) -> Calibration:
    intercept, slope = rounded([intercept, slope]).tolist()
    return Calibration(intercept, slope, rows)


def _loss(scores: FloatArray, target: FloatArray) -> float:
    return float(np.sum(np.logaddexp(0.0, scores) - target * scores))
