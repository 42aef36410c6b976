"""Fits as of a date: from what had happened by then, and from outcomes known by then."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from trader_segments.churn.calibration import Calibration, fit_calibration
from trader_segments.churn.closed_form import ClosedForm, fit_closed_form
from trader_segments.churn.model import CLOSED_FORM, TREES, ChurnModel
from trader_segments.churn.snapshots import Snapshots
from trader_segments.churn.trees import fit_trees
from trader_segments.segmentation.table import FloatArray, IntArray
from trader_segments.value import NotIdentifiedError

LEAST_EVENTS = 50
"""Traders who churned, and who did not, below which trees learn noise."""

MOST_ROWS = 50_000
FOLDS = 3


@dataclass(frozen=True)
class Candidate:
    """A model of one method, or why there is none.

    Attributes
    ----------
    model : None where nothing identifies it
    why : in words
    rows : snapshots with outcomes that it learned from
    events : traders among them to whom it came about
    """

    model: ChurnModel | None
    why: str
    rows: int = 0
    events: int = 0


@dataclass
class History:
    """All that is known of a venue, from which fits take what was known on a date.

    Attributes
    ----------
    snapshots : traders at risk with outcomes where known
    cells : rows of int_churn_cells, of everybody
    active_weeks, horizon_weeks : of the definition of churn
    is_fill_enough : whether no fill within the horizon is nearly the outcome, so that the closed
        form says something without calibration
    closed_forms : those fitted so far, or why not, by weeks ago; targets may share them
    """

    snapshots: Snapshots
    cells: pd.DataFrame
    active_weeks: int
    horizon_weeks: int
    is_fill_enough: bool
    closed_forms: dict[int, ClosedForm | str] = field(default_factory=dict)

    def known_at(self, weeks_ago: int) -> Snapshots:
        """Snapshots of which the outcome was known so many weeks before the as-of date."""
        snapshots = self.snapshots
        return snapshots.take(snapshots.weeks_ago >= weeks_ago + self.horizon_weeks).known()

    def closed_form(self, weeks_ago: int) -> ClosedForm | str:
        """The closed form on that date, or why there is none."""
        if weeks_ago not in self.closed_forms:
            cells = self.cells[self.cells["weeks_ago"] == weeks_ago]
            try:
                found: ClosedForm | str = fit_closed_form(
                    cells, self.active_weeks, self.horizon_weeks
                )
            except NotIdentifiedError as error:
                found = str(error)
            self.closed_forms[weeks_ago] = found
        return self.closed_forms[weeks_ago]


def fit_candidates(history: History, weeks_ago: int) -> dict[str, Candidate]:
    """Both methods as they would have been fitted so many weeks before the as-of date."""
    return {
        CLOSED_FORM: _closed_form(history, weeks_ago),
        TREES: _trees(history.known_at(weeks_ago)),
    }


def latest_window(snapshots: Snapshots) -> Snapshots:
    """The snapshots of the last date among them."""
    if not len(snapshots):
        return snapshots
    return snapshots.take(snapshots.weeks_ago == snapshots.weeks_ago.min())


def _closed_form(history: History, weeks_ago: int) -> Candidate:
    """Calibrated on what the closed form of the latest date with outcomes would have said."""
    fitted = history.closed_form(weeks_ago)
    if isinstance(fitted, str):
        return Candidate(None, fitted)
    window = latest_window(history.known_at(weeks_ago))
    calibration = Calibration()
    if len(window):
        earlier = history.closed_form(int(window.weeks_ago[0]))
        if isinstance(earlier, ClosedForm):
            calibration = fit_calibration(earlier.probability(window), window.outcome)
    events = _traders(window, 1.0)
    if calibration.rows:
        why = f"calibrated on {len(window)} outcomes, of which {events} came about"
    elif history.is_fill_enough:
        why = "not calibrated, for want of outcomes: the probability of no fill, whatever is left"
    else:
        why = "no outcomes are known yet, and activity alone does not tell"
        return Candidate(None, why)
    if fitted.is_one_rate:
        why = f"one rate of leaving for all, as they do not differ in it; {why}"
    return Candidate(ChurnModel(fitted, calibration), why, calibration.rows, events)


def _trees(snapshots: Snapshots) -> Candidate:
    """Fitted on all outcomes and calibrated, by folds of traders, on those of the latest date."""
    events, others = _traders(snapshots, 1.0), _traders(snapshots, 0.0)
    if min(events, others) < LEAST_EVENTS:
        return Candidate(
            None,
            f"too few to learn from: it came about for {events} traders and did not for {others}; "
            f"{LEAST_EVENTS} of each are needed",
            len(snapshots),
            events,
        )
    rows = _hash_order(snapshots)[:MOST_ROWS]
    training = snapshots.take(np.sort(rows))
    window = latest_window(training)
    calibration = fit_calibration(_unseen(training, window), window.outcome)
    model = ChurnModel(fit_trees(training.features, training.outcome), calibration)
    dates = len(np.unique(training.weeks_ago))
    why = f"learned from {len(training)} outcomes of {dates} dates, {events} traders"
    return Candidate(model, why, len(training), events)


def _unseen(training: Snapshots, window: Snapshots) -> FloatArray:
    """Probabilities for the window by trees that have not seen the trader on any date."""
    fold, own_fold = training.hashes() % FOLDS, window.hashes() % FOLDS
    result = np.full(len(window), training.outcome.mean())
    for held_out in range(FOLDS):
        learned, judged = training.take(fold != held_out), own_fold == held_out
        if judged.any() and 0.0 < learned.outcome.sum() < len(learned):
            trees = fit_trees(learned.features, learned.outcome)
            result[judged] = trees.probability(window.features[judged])
    return result


def _traders(snapshots: Snapshots, outcome: float) -> int:
    return len(set(snapshots.trader_id[snapshots.outcome == outcome].tolist()))


def _hash_order(snapshots: Snapshots) -> IntArray:
    """Rows by the hash of the trader, so that a bound takes traders whole and no date apart."""
    order = np.lexsort((snapshots.weeks_ago, snapshots.trader_id.astype(str), snapshots.hashes()))
    return order.astype(np.int64)
