"""Refits: when a champion is so old, or its traders so changed, that a challenger is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy.stats import poisson

from trader_segments.segmentation.drift import (
    FALSE_ALARMS,
    SMALLEST_SAMPLE,
    active_traders,
    feature_drift,
)
from trader_segments.segmentation.fitting import OUTLIER_QUANTILE
from trader_segments.segmentation.model import SegmentationModel
from trader_segments.segmentation.scoring import score


@dataclass(frozen=True)
class RefitPolicy:
    """When a challenger is fitted.

    Attributes
    ----------
    every_days : days after which a fit is due again; None for never
    pause_days : days after a fit during which no alarm asks for another
    alarm_share : share of the model's inputs in drift alarm that asks for one
    outlier_ratio : so many times the outliers of the fit ask for one
    """

    every_days: int | None = 28
    pause_days: int = 7
    alarm_share: float = 0.2
    outlier_ratio: float = 3.0


def refit_cause(
    policy: RefitPolicy,
    fitted_on: dt.date,
    as_of_date: dt.date,
    champion: SegmentationModel,
    features: pd.DataFrame,
    reference: pd.DataFrame,
    specs: Sequence[Mapping[str, Any]],
) -> str:
    """Why a challenger is due, in words; empty where none is.

    Parameters
    ----------
    fitted_on : data of the last fit, promoted or not
    features : features of today's traders
    reference : the champion's stored `drift_reference`, possibly without rows
    specs : the flattened feature registry
    """
    age = (as_of_date - fitted_on).days
    if policy.every_days is not None and age >= policy.every_days:
        return f"{age} days since the last fit"
    if age < policy.pause_days:
        return ""
    traders = active_traders(champion, features)
    if champion.trained_rows < SMALLEST_SAMPLE <= len(traders):
        return f"{champion.trained_rows} traders at the last fit were too few to judge drift by"
    return _drift(policy, champion, traders, reference, specs) or _outliers(
        policy, champion, traders
    )


def _drift(
    policy: RefitPolicy,
    champion: SegmentationModel,
    traders: pd.DataFrame,
    reference: pd.DataFrame,
    specs: Sequence[Mapping[str, Any]],
) -> str:
    """The model's inputs are judged as in the mart `feature_drift`, among all features."""
    if reference.empty:
        return ""
    names = {scale.name for scale in champion.inputs}
    inputs = [spec for spec in specs if spec["name"] in names]
    judged = feature_drift(reference, traders, inputs, tests=len(specs))["is_alarm"].dropna()
    count = int(judged.sum())
    if not len(judged) or count < policy.alarm_share * len(judged):
        return ""
    return f"{count} of {len(judged)} inputs in drift alarm"


def _outliers(policy: RefitPolicy, champion: SegmentationModel, traders: pd.DataFrame) -> str:
    """More outliers than the ratio allows, and than chance brings at the share of the fit."""
    n = len(traders)
    if n < SMALLEST_SAMPLE:
        return ""
    base = max(champion.outlier_share, 1.0 - OUTLIER_QUANTILE)
    count = int(score(champion, traders).traders["is_outlier"].sum())
    if count <= policy.outlier_ratio * base * n or poisson.sf(count - 1, base * n) > FALSE_ALARMS:
        return ""
    return f"{count / n:.1%} of the traders are outliers, {base:.1%} when the model was fitted"
