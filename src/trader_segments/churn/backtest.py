"""Champion and challenger: both as they were, on the latest outcomes, which neither had seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trader_segments.churn.calibration import fit_calibration
from trader_segments.churn.fitting import Candidate, History, fit_candidates, latest_window
from trader_segments.churn.measures import (
    auc,
    brier_score,
    brier_skill,
    calibration_curve,
    expected_calibration_error,
    log_loss,
    top_decile_lift,
)
from trader_segments.churn.model import CLOSED_FORM, TREES
from trader_segments.churn.snapshots import Snapshots
from trader_segments.segmentation.table import FloatArray, rounded

CLEAR_GAIN = 1.645
"""Standard errors by which the trees must be better: chance does that once in 20 times."""

LEAST_EVENTS = 10
"""Outcomes of either kind below which a measure says nothing."""

RECENCY = "recency"

THRESHOLDS = {
    "churn": {
        "auc": 0.80,
        "auc_above_recency": 0.0,
        "brier_skill": 0.18,
        "expected_calibration_error": 0.035,
        "top_decile_lift": 3.0,
    },
    "value_churn": {"auc_above_recency": 0.0, "expected_calibration_error": 0.035},
}
"""Acceptance numbers of a churn model by target; the calibration error is to stay below its own."""


@dataclass(frozen=True)
class Backtest:
    """What was said before the latest outcomes, and what came about.

    Attributes
    ----------
    window : the traders at risk then, with outcomes
    said : probabilities by predictor, (n,) each
    why : why there is none, in words; empty where there is one
    """

    window: Snapshots
    said: Mapping[str, FloatArray]
    why: str

    def measures(self) -> dict[str, dict[str, float]]:
        """Measures by predictor; none where too little came about to measure."""
        outcome = self.window.outcome
        if min(np.sum(outcome == 1.0), np.sum(outcome == 0.0)) < LEAST_EVENTS:
            return {}
        recency = auc(self.window["recency_days"], outcome)
        found = {}
        for predictor, probability in self.said.items():
            values = {
                "auc": auc(probability, outcome),
                "auc_above_recency": auc(probability, outcome) - recency,
                "brier_score": brier_score(probability, outcome),
                "brier_skill": brier_skill(probability, outcome),
                "expected_calibration_error": expected_calibration_error(probability, outcome),
                "log_loss": log_loss(probability, outcome),
                "top_decile_lift": top_decile_lift(probability, outcome),
                "judged_traders": len(outcome),
                "outcome_rate": float(outcome.mean()),
                "mean_probability": float(probability.mean()),
                **calibration_curve(probability, outcome),
            }
            found[predictor] = {name: float(rounded(value)) for name, value in values.items()}
        return found

    def verdict(self) -> tuple[bool, str]:
        """Whether the trees are clearly better than the closed form, and why in words."""
        if TREES not in self.said:
            return False, self.why or "there were no trees to compare"
        outcome, trees = self.window.outcome, self.said[TREES]
        other = self.said.get(CLOSED_FORM)
        name = "the closed form" if other is not None else "the base rate"
        errors = (outcome.mean() if other is None else other) - outcome
        gains = errors**2 - (trees - outcome) ** 2
        margin = CLEAR_GAIN * float(np.std(gains, ddof=1)) / np.sqrt(len(gains))
        scores = (
            f"Brier score {np.mean((trees - outcome) ** 2):.4f} against {np.mean(errors**2):.4f}"
        )
        told = f"{scores} of {name} on {len(gains)} later outcomes"
        if float(np.mean(gains)) > margin:
            return True, f"better: {told}"
        return False, f"not clearly better: {told}"


def backtest(history: History) -> Backtest:
    """Fit both methods as of the date of the latest outcomes, and judge them by these.

    What they learn from had come about by that date, so the gap between the two is the horizon.
    """
    window = latest_window(history.known_at(0))
    if not len(window):
        return Backtest(window, {}, "no outcome is known yet")
    weeks_ago = int(window.weeks_ago[0])
    candidates = fit_candidates(history, weeks_ago)
    said = {
        method: candidate.model.probability(window)
        for method, candidate in candidates.items()
        if candidate.model is not None
    }
    before = latest_window(history.known_at(weeks_ago))
    if len(before):
        said[RECENCY] = fit_calibration(_silence(before), before.outcome)(_silence(window))
    return Backtest(window, said, _reservation(candidates))


def _reservation(candidates: Mapping[str, Candidate]) -> str:
    trees = candidates[TREES]
    return "" if trees.model is not None else f"not comparable on the latest outcomes: {trees.why}"


def _silence(snapshots: Snapshots) -> FloatArray:
    """Recency as a probability, to be calibrated: the odds are the days since the last fill."""
    days = snapshots["recency_days"] + 1.0
    return days / (days + 1.0)
