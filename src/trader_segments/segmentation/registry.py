"""Versions of the model: which stored one scores, and when a new one takes over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from trader_segments.segmentation.fitting import features_hash, fit, required_columns
from trader_segments.segmentation.model import SegmentationModel
from trader_segments.segmentation.rules import rules_hash
from trader_segments.segmentation.table import FeatureTable

MODEL_COLUMNS = [
    "model_version",
    "fitted_at",
    "as_of_date",
    "trained_rows",
    "parameters",
    "status",
    "why",
]
CHAMPION, RETIRED = "champion", "retired"


def choose_model(
    previous: pd.DataFrame,
    features: pd.DataFrame,
    specs: Sequence[Mapping[str, Any]],
    rules: pd.DataFrame,
    as_of_date: dt.date,
    fitted_at: dt.datetime,
    refit: bool,
    *,
    styles: pd.DataFrame | None = None,
    random_state: int = 0,
) -> pd.DataFrame:
    """Keep the stored champion while it is usable, else fit a new one that takes its place.

    A stored model is usable when it was fitted for the same inputs and rules, on data no later than
    the scoring date, with a learned discriminant, and when no feature it lacked has arrived since.
    Of several the one fitted on the latest date scores, so a backfill does not lastingly demote it.

    Parameters
    ----------
    previous : rows of `segmentation_models`, possibly none
    as_of_date : scoring date
    fitted_at : time to note on a new row
    refit : fit anew even where a stored model is usable

    Returns
    -------
    rows of `segmentation_models` with exactly one champion
    """
    as_of = pd.Timestamp(as_of_date)
    rows = previous.reindex(columns=MODEL_COLUMNS).reset_index(drop=True)
    rows["as_of_date"] = pd.to_datetime(rows["as_of_date"])
    rows["fitted_at"] = pd.to_datetime(rows["fitted_at"])
    rows = rows.sort_values(["as_of_date", "fitted_at"], kind="stable", ignore_index=True)
    table = FeatureTable.from_frame(features, required_columns(specs, rules))
    wanted = (features_hash(specs), rules_hash(rules, styles))
    models = [_read(str(text)) for text in rows["parameters"]]
    objections = [
        _objection(model, row, as_of, wanted, table)
        for model, row in zip(models, rows.to_dict("records"), strict=True)
    ]
    usable = [position for position, objection in enumerate(objections) if not objection]
    if usable and not refit:
        return _crown(rows, usable[-1])

    reigning = np.flatnonzero(rows["status"] == CHAMPION)
    last = int(reigning[-1]) if len(reigning) else None
    model = fit(
        features,
        specs,
        rules,
        styles=styles,
        random_state=random_state,
        predecessor=None if last is None else models[last],
    )
    version = f"{as_of:%Y-%m-%d}-{model.digest}"
    known = np.flatnonzero(rows["model_version"] == version)
    if len(known):
        return _crown(rows, int(known[-1]))
    cause = "first model" if last is None else objections[last] or "refit on request"
    new = {
        "model_version": version,
        "fitted_at": pd.Timestamp(fitted_at),
        "as_of_date": as_of,
        "trained_rows": model.trained_rows,
        "parameters": model.to_json(),
        "status": CHAMPION,
        "why": f"{cause}; {model.why}",
    }
    rows = pd.DataFrame([*rows.to_dict("records"), new], columns=MODEL_COLUMNS)
    return _crown(rows, len(rows) - 1)


def champion(models: pd.DataFrame) -> tuple[str, SegmentationModel]:
    """Version and model of the champion among rows of `segmentation_models`."""
    row = models[models["status"] == CHAMPION].iloc[-1]
    return str(row["model_version"]), SegmentationModel.from_json(str(row["parameters"]))


def predecessor(models: pd.DataFrame) -> SegmentationModel | None:
    """The last readable version before the champion; None for a first model."""
    reigning = int(np.flatnonzero(models["status"] == CHAMPION)[-1])
    earlier = [_read(str(text)) for text in models["parameters"].iloc[:reigning]]
    return next((model for model in reversed(earlier) if model is not None), None)


def _crown(rows: pd.DataFrame, position: int) -> pd.DataFrame:
    status = rows["status"].mask(rows["status"] == CHAMPION, RETIRED)
    status.iloc[position] = CHAMPION
    return rows.assign(status=status)


def _read(parameters: str) -> SegmentationModel | None:
    try:
        return SegmentationModel.from_json(parameters)
    except (ValueError, KeyError, TypeError):
        return None


def _objection(
    model: SegmentationModel | None,
    row: Mapping[Any, Any],
    as_of: pd.Timestamp,
    wanted: tuple[str, str],
    table: FeatureTable,
) -> str:
    """Why a stored model may not score, in words; empty where it may."""
    version = row["model_version"]
    if model is None:
        return f"{version} cannot be read"
    if row["status"] not in (CHAMPION, RETIRED):
        return f"{version} was never champion"
    if row["as_of_date"] > as_of:
        return f"{version} was fitted on later data"
    if model.features_hash != wanted[0]:
        return f"{version} used other inputs"
    if model.rules_hash != wanted[1]:
        return f"{version} used other rules"
    if model.lda is None:
        return f"{version} had too few clear cases to learn from"
    arrived = [name for name in model.absent if table.has(name)]
    if arrived:
        return f"{version} was fitted before {', '.join(arrived)} arrived"
    return ""
