"""Versions of the churn models of a scoring date, as rows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable

import pandas as pd

from trader_segments.churn.backtest import THRESHOLDS, Backtest, backtest
from trader_segments.churn.closed_form import ClosedForm
from trader_segments.churn.fitting import Candidate, History, fit_candidates
from trader_segments.churn.model import CLOSED_FORM, TREES, ChurnModel
from trader_segments.churn.snapshots import Snapshots
from trader_segments.segmentation.table import rounded

CHAMPION, CHALLENGER, NOT_FITTED = "champion", "challenger", "not_fitted"
OUTCOMES = {"churn": "has_churned", "value_churn": "has_lost_value"}
"""Targets, and the columns that say what came about."""

VERSION_TYPES = {
    "model_version": "str",
    "target": "str",
    "method": "str",
    "status": "str",
    "why": "str",
    "trained_rows": "int64",
    "trained_events": "int64",
    "parameters": "str",
    "measures": "str",
}
MEASURE_TYPES = {
    "target": "str",
    "predictor": "str",
    "model_version": "str",
    "is_champion": "bool",
    "measure": "str",
    "value": "float64",
    "threshold": "float64",
    "passed": "boolean",
}
SCORE_TYPES = {
    "trader_id": "str",
    "churn_probability": "float64",
    "top_reasons": "str",
    "value_churn_probability": "float64",
    "model_version": "str",
}


def fit_versions(
    sample: pd.DataFrame,
    cells: pd.DataFrame,
    as_of_date: dt.date,
    *,
    active_weeks: int,
    horizon_weeks: int,
) -> pd.DataFrame:
    """Fit, judge and choose, for each target; depends on nothing but the rows given.

    Parameters
    ----------
    sample : rows of int_churn_sample
    cells : rows of int_churn_cells
    as_of_date : scoring date
    active_weeks, horizon_weeks : of the definition of churn

    Returns
    -------
    one row per target and method with the columns of `VERSION_TYPES`; at most one champion a target
    """
    rows: list[dict[str, object]] = []
    closed_forms: dict[int, ClosedForm | str] = {}
    for target, outcome in OUTCOMES.items():
        snapshots = Snapshots.from_frame(sample, outcome)
        history = History(
            snapshots, cells, active_weeks, horizon_weeks, target == "churn", closed_forms
        )
        judged = backtest(history)
        candidates = fit_candidates(history, 0)
        rows += _rows(target, candidates, judged, as_of_date)
    return pd.DataFrame(rows, columns=list(VERSION_TYPES)).astype(VERSION_TYPES)


def _rows(
    target: str, candidates: dict[str, Candidate], judged: Backtest, as_of_date: dt.date
) -> Iterable[dict[str, object]]:
    is_better, verdict = judged.verdict()
    trees = candidates[TREES].model
    champion = TREES if is_better and trees is not None else CLOSED_FORM
    measures = judged.measures()
    for method, candidate in candidates.items():
        status, why = NOT_FITTED, candidate.why
        if candidate.model is not None:
            status = CHAMPION if method == champion else CHALLENGER
            why = f"{why}; {verdict}" if method == TREES else why
        digest = "none" if candidate.model is None else candidate.model.digest
        yield {
            "model_version": f"{as_of_date:%Y-%m-%d}-{target}-{method}-{digest}",
            "target": target,
            "method": method,
            "status": status,
            "why": why,
            "trained_rows": candidate.rows,
            "trained_events": candidate.events,
            "parameters": None if candidate.model is None else candidate.model.text,
            "measures": json.dumps(
                {name: found for name, found in measures.items() if name in (method, "recency")}
            ),
        }


def measure_rows(versions: pd.DataFrame) -> pd.DataFrame:
    """Measures of the versions and of recency: rows with the columns of `MEASURE_TYPES`."""
    rows: list[dict[str, object]] = []
    for version in versions.to_dict("records"):
        for predictor, measures in json.loads(version["measures"]).items():
            is_own = predictor == version["method"]
            if not is_own and version["method"] != CLOSED_FORM:
                continue
            is_champion = is_own and version["status"] == CHAMPION
            for measure, value in measures.items():
                threshold = THRESHOLDS[version["target"]].get(measure)
                is_error = measure == "expected_calibration_error"
                rows.append(
                    {
                        "target": version["target"],
                        "predictor": predictor,
                        "model_version": version["model_version"] if is_own else None,
                        "is_champion": is_champion,
                        "measure": measure,
                        "value": value,
                        "threshold": threshold,
                        "passed": None
                        if threshold is None or not is_champion
                        else (value <= threshold if is_error else value >= threshold),
                    }
                )
    return pd.DataFrame(rows, columns=list(MEASURE_TYPES)).astype(MEASURE_TYPES)


def champion(versions: pd.DataFrame, target: str) -> tuple[str, ChurnModel] | None:
    """Version and model of the champion for a target; None where nothing identifies one."""
    found = versions[(versions["target"] == target) & (versions["status"] == CHAMPION)]
    if not len(found):
        return None
    return str(found["model_version"].iloc[0]), ChurnModel.from_text(
        str(found["parameters"].iloc[0])
    )


def score(versions: pd.DataFrame, snapshots: pd.DataFrame) -> pd.DataFrame:
    """Probabilities and reasons of traders at risk, with the columns of `SCORE_TYPES`.

    Parameters
    ----------
    versions : rows of `fit_versions`
    snapshots : rows of int_churn_snapshots of the scoring date, with `median_week_usd`
    """
    read = Snapshots.from_frame(snapshots)
    scores = pd.DataFrame({"trader_id": read.trader_id}).reindex(columns=list(SCORE_TYPES))
    found = champion(versions, "churn")
    if found is not None:
        version, model = found
        scores["churn_probability"] = rounded(model.probability(read))
        scores["top_reasons"] = model.reasons(read)
        scores["model_version"] = version
    found = champion(versions, "value_churn")
    if found is not None:
        worth = snapshots.set_index("trader_id")["median_week_usd"].reindex(read.trader_id)
        has_value = pd.to_numeric(worth).to_numpy(dtype="float64") > 0.0
        probability = rounded(found[1].probability(read))
        scores["value_churn_probability"] = pd.Series(probability).where(has_value)
    return scores.astype(SCORE_TYPES)
