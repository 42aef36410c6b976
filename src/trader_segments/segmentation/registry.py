"""Versions of the model: which stored one scores, and when a new one takes over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trader_segments.segmentation.challenge import PromotionPolicy, compare
from trader_segments.segmentation.drift import reference_of
from trader_segments.segmentation.fitting import features_hash, fit, required_columns
from trader_segments.segmentation.model import SegmentationModel
from trader_segments.segmentation.refits import RefitPolicy, refit_cause
from trader_segments.segmentation.rules import rules_hash
from trader_segments.segmentation.table import FeatureTable

MODEL_TYPES = {
    "model_version": "str",
    "fitted_at": "datetime64[us]",
    "as_of_date": "datetime64[us]",
    "trained_rows": "int64",
    "parameters": "str",
    "status": "str",
    "champion_since": "datetime64[us]",
    "compared_with": "str",
    "holdout_brier_score": "float64",
    "champion_brier_score": "float64",
    "brier_gain_error": "float64",
    "style_agreement": "float64",
    "moved_share": "float64",
    "refit_moved_share": "float64",
    "why": "str",
}
CHAMPION, CHALLENGER, RETIRED = "champion", "challenger", "retired"
Row = dict[str, Any]


def choose_model(
    previous: pd.DataFrame,
    features: pd.DataFrame,
    specs: Sequence[Mapping[str, Any]],
    rules: pd.DataFrame,
    as_of_date: dt.date,
    fitted_at: dt.datetime,
    *,
    styles: pd.DataFrame | None = None,
    references: pd.DataFrame | None = None,
    refit: bool = False,
    promote: str | None = None,
    refits: RefitPolicy | None = None,
    promotion: PromotionPolicy | None = None,
    random_state: int = 0,
) -> pd.DataFrame:
    """Choose the version that scores, after fitting a challenger where one is due.

    A stored version is usable when it was fitted for the same inputs and rules, with a learned
    discriminant, and when no feature it lacked has arrived since. On a date scores the usable
    version that has been champion for the shortest time by then, so a backfill takes the champion
    of its date and does not demote a later one. Without a usable version a new fit takes over.

    Parameters
    ----------
    previous : rows of `segmentation_models`, possibly none
    as_of_date : scoring date
    fitted_at : time to note on a new row
    references : rows of `drift_reference` of the last run, possibly none
    refit : fit a challenger although none is due
    promote : version that takes over whatever the comparison says

    Returns
    -------
    rows of `segmentation_models` with exactly one champion

    Raises
    ------
    ValueError
        If the version to promote is not stored or cannot score.
    """
    as_of = pd.Timestamp(as_of_date)
    rows = _stored(previous)
    today = _Today(features, specs, rules, styles, as_of, pd.Timestamp(fitted_at), random_state)
    table = FeatureTable.from_frame(features, required_columns(specs, rules))
    wanted = (features_hash(specs), rules_hash(rules, styles))
    models = [_read(str(text)) for text in rows["parameters"]]
    objections = [
        _objection(model, version, wanted, table)
        for model, version in zip(models, rows["model_version"], strict=True)
    ]
    if promote:
        rows = _promoted_by_hand(rows, objections, promote, as_of)
    reigning = _reigning(rows, objections, as_of)
    champion_model = None if reigning is None else models[reigning]
    if reigning is None or champion_model is None:
        return _first(rows, models, objections, today)

    version = str(rows["model_version"].iloc[reigning])
    cause = "refit on request" if refit else ""
    if not cause and not promote:
        cause = refit_cause(
            refits or RefitPolicy(),
            rows["as_of_date"].where(rows["as_of_date"] <= as_of).max().date(),
            as_of.date(),
            champion_model,
            features,
            pd.DataFrame() if references is None else reference_of(references, version),
            specs,
        )
    if not cause:
        return _crowned(rows, version)
    return _challenged(
        rows, version, champion_model, cause, today, promotion or PromotionPolicy(), bool(promote)
    )


@dataclass(frozen=True)
class _Today:
    """What a fit of this run is made of."""

    features: pd.DataFrame
    specs: Sequence[Mapping[str, Any]]
    rules: pd.DataFrame
    styles: pd.DataFrame | None
    as_of: pd.Timestamp
    fitted_at: pd.Timestamp
    random_state: int

    def fitted(
        self, cause: str, predecessor: SegmentationModel | None
    ) -> tuple[Row, SegmentationModel]:
        """Row of a new version, which has not been champion, and its model."""
        model = fit(
            self.features,
            self.specs,
            self.rules,
            styles=self.styles,
            random_state=self.random_state,
            predecessor=predecessor,
        )
        row = {
            "model_version": f"{self.as_of:%Y-%m-%d}-{model.digest}",
            "fitted_at": self.fitted_at,
            "as_of_date": self.as_of,
            "trained_rows": model.trained_rows,
            "parameters": model.to_json(),
            "status": CHALLENGER,
            "why": f"{cause}; {model.why}",
        }
        return row, model


def _first(
    rows: pd.DataFrame,
    models: Sequence[SegmentationModel | None],
    objections: Sequence[str],
    today: _Today,
) -> pd.DataFrame:
    """Rows with a new fit as champion, because no stored version may score."""
    cause, last = "first model", _latest(rows["champion_since"])
    if last is not None:
        late = f"{rows['model_version'].iloc[last]} was fitted on later data"
        cause = objections[last] or late
    new, _ = today.fitted(cause, None if last is None else models[last])
    is_stored = rows["model_version"] == new["model_version"]
    if is_stored.any():
        rows = rows.assign(champion_since=rows["champion_since"].mask(is_stored, today.as_of))
    else:
        rows = _with(rows, {**new, "champion_since": today.as_of})
    return _crowned(rows, new["model_version"])


def _challenged(
    rows: pd.DataFrame,
    version: str,
    champion_model: SegmentationModel,
    cause: str,
    today: _Today,
    promotion: PromotionPolicy,
    is_pinned: bool,
) -> pd.DataFrame:
    """Rows with a challenger of this champion, which takes over if the policy lets it.

    A champion chosen by hand stays whatever the comparison says.
    """
    new, challenger = today.fitted(cause, champion_model)
    if new["model_version"] in set(rows["model_version"]):
        return _crowned(rows, version)
    if challenger.lda is None:
        new["why"] = f"{cause}; not promoted: too few clear cases to learn from"
        return _crowned(_with(rows, new), version)
    comparison = compare(challenger, champion_model, today.features, promotion.change_probability)
    is_promoted, verdict = comparison.verdict(promotion)
    if is_promoted and is_pinned:
        is_promoted, verdict = False, f"not promoted: {version} was chosen by hand"
    new |= {
        **comparison.columns(),
        "compared_with": version,
        "champion_since": today.as_of if is_promoted else None,
        "why": f"{cause}; {verdict}; {challenger.why}",
    }
    return _crowned(_with(rows, new), new["model_version"] if is_promoted else version)


def champion(models: pd.DataFrame) -> tuple[str, SegmentationModel]:
    """Version and model of the champion among rows of `segmentation_models`."""
    row = models[models["status"] == CHAMPION].iloc[-1]
    return str(row["model_version"]), SegmentationModel.from_json(str(row["parameters"]))


def predecessor(models: pd.DataFrame) -> SegmentationModel | None:
    """The readable champion before the present one; None for a first model."""
    since = pd.to_datetime(models["champion_since"])
    reigning = since[models["status"] == CHAMPION].iloc[-1]
    earlier = models[since < reigning].assign(since=since).sort_values("since", kind="stable")
    read = (_read(str(text)) for text in reversed(earlier["parameters"].tolist()))
    return next((model for model in read if model is not None), None)


def _stored(previous: pd.DataFrame) -> pd.DataFrame:
    """Rows of the last run; before dates of promotion were kept, every model scored at once."""
    rows = previous.reindex(columns=list(MODEL_TYPES)).reset_index(drop=True)
    if "champion_since" not in previous:
        rows["champion_since"] = rows["as_of_date"]
    return _typed(rows)


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.astype(MODEL_TYPES)


def _with(rows: pd.DataFrame, new: Row) -> pd.DataFrame:
    """Rows and a new one; what waited for review gives way to it."""
    status = rows["status"].mask(rows["status"] == CHALLENGER, RETIRED)
    records = [*rows.assign(status=status).to_dict("records"), new]
    return _typed(pd.DataFrame(records, columns=list(MODEL_TYPES)))


def _crowned(rows: pd.DataFrame, version: str) -> pd.DataFrame:
    """Rows with this version as champion; those that were champion once are retired."""
    was_champion = rows["champion_since"].notna()
    status = rows["status"].mask(was_champion, RETIRED)
    return rows.assign(status=status.mask(rows["model_version"] == version, CHAMPION))


def _reigning(rows: pd.DataFrame, objections: Sequence[str], as_of: pd.Timestamp) -> int | None:
    """Position of the usable version that was made champion last by the date."""
    usable = np.array([not objection for objection in objections], dtype=np.bool_)
    return _latest(rows["champion_since"].where(usable & (rows["champion_since"] <= as_of)))


def _latest(dates: pd.Series) -> int | None:
    """Position of the latest date, of equal ones the last; None where there is none."""
    return None if dates.isna().all() else int(np.flatnonzero(dates == dates.max())[-1])


def _promoted_by_hand(
    rows: pd.DataFrame, objections: Sequence[str], version: str, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Rows in which a stored version has taken over on the date, unless it reigns already."""
    found = np.flatnonzero(rows["model_version"] == version)
    if not len(found):
        stored = ", ".join(rows["model_version"]) or "none"
        raise ValueError(f"promote_segmentation: {version} is not stored; stored are: {stored}")
    position = int(found[-1])
    if objections[position]:
        raise ValueError(f"promote_segmentation: {objections[position]}")
    if rows["as_of_date"].iloc[position] > as_of:
        raise ValueError(f"promote_segmentation: {version} was fitted on later data")
    if _reigning(rows, objections, as_of) == position:
        return rows
    rows = rows.copy()
    rows.loc[position, "champion_since"] = as_of
    rows.loc[position, "why"] = f"{rows['why'].iloc[position]}; promoted by hand"
    return rows


def _read(parameters: str) -> SegmentationModel | None:
    try:
        return SegmentationModel.from_json(parameters)
    except (ValueError, KeyError, TypeError):
        return None


def _objection(
    model: SegmentationModel | None, version: str, wanted: tuple[str, str], table: FeatureTable
) -> str:
    """Why a stored model may not score, in words; empty where it may."""
    if model is None:
        return f"{version} cannot be read"
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
