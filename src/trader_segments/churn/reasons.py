"""Why a trader's probability is what it is, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from trader_segments.churn.snapshots import FEATURES, Snapshots
from trader_segments.segmentation.reasons import quantities
from trader_segments.segmentation.table import FloatArray, TextArray

REASONS_PER_TRADER = 3

LEAST_LOG_ODDS = 0.1
"""Less than a tenth of the odds is no reason."""

LEAST_PROBABILITY = 0.005

PHRASES = {
    "recency_days": "last fill {} ago",
    "tenure_days": "first fill {} ago",
    "active_days_4w": "{} active days in four weeks",
    "active_days_8w": "{} active days in eight weeks",
    "active_weeks_4w": "active in {} of the last four weeks",
    "active_weeks_8w": "active in {} of the last eight weeks",
    "active_weeks_13w": "active in {} of the last 13 weeks",
    "active_weeks_26w": "active in {} of the last 26 weeks",
    "active_week_share": "active in {} of all weeks",
    "recent_active_day_share": "{} of the half-year's active days in the last eight weeks",
    "fill_count_8w": "{} fills in eight weeks",
    "notional_usd_8w": "notional of {} in eight weeks",
    "last_4w_notional_share": "{} of eight weeks' notional in the last four",
    "recent_notional_share": "{} of the half-year's notional in the last eight weeks",
    "realized_pnl_usd_8w": "realised profit of {} in eight weeks",
    "clumpiness": "clumpiness of active weeks {}",
    "mean_gap_days": "mean gap between active days {}",
    "longest_gap_days": "longest gap between active days {}",
    "silence_to_mean_gap": "silence {} times the mean gap",
    "silence_to_longest_gap": "silence {} times the longest gap",
    "value_usd_8w": "net value of {} in eight weeks",
    "value_usd_13w": "net value of {} in 13 weeks",
    "recent_value_share": "{} of 13 weeks' net value in the last four",
    "value_to_median": "four weeks' net value {} times that of the median week",
    "equity_usd": "equity of {}",
    "open_position_usd": "open positions of {}",
    "silent_weeks": "silent for {} weeks",
}
UNITS = {
    "notional_usd_8w": "usd",
    "realized_pnl_usd_8w": "usd",
    "value_usd_8w": "usd",
    "value_usd_13w": "usd",
}
"""Features whose unit is not at the end of their name."""


def tree_reasons(snapshots: Snapshots, added: FloatArray) -> TextArray:
    """The features that move the log-odds most, (n,).

    Parameters
    ----------
    added : (n_features, n) what each feature adds
    """
    values = {name: snapshots[name] for name in FEATURES}
    return _reasons(values, dict(zip(FEATURES, added, strict=True)), LEAST_LOG_ODDS)


def closed_form_reasons(snapshots: Snapshots, added: Mapping[str, FloatArray]) -> TextArray:
    """What of a trader's history moves the probability most, (n,).

    Parameters
    ----------
    added : (n,) each, by name of what adds it
    """
    x, last, n = snapshots.history
    with np.errstate(invalid="ignore"):
        values = {"silent_weeks": n - last, "active_week_share": x / n}
    return _reasons(values, added, LEAST_PROBABILITY)


def _reasons(
    values: Mapping[str, FloatArray], added: Mapping[str, FloatArray], least: float
) -> TextArray:
    names = list(added)
    gains = np.round(np.array([added[name] for name in names]), 9)
    rows = np.arange(gains.shape[1])
    texts = np.full(gains.shape[1], "", dtype=object)
    for _ in range(min(REASONS_PER_TRADER, len(names))):
        top = np.abs(gains).argmax(axis=0)
        gain = gains[top, rows]
        for position in np.unique(top[np.abs(gain) >= least]).tolist():
            here = np.flatnonzero((top == position) & (np.abs(gain) >= least))
            words = describe(names[position], values[names[position]][here])
            effect = np.where(gain[here] > 0.0, " raises it", " lowers it").astype(object)
            separator = np.where(texts[here] == "", "", "; ").astype(object)
            texts[here] = texts[here] + separator + words + effect
        gains[top, rows] = 0.0
    texts[texts == ""] = None
    return texts


def describe(name: str, values: FloatArray) -> TextArray:
    """A phrase per value such as `last fill 34 days ago`, (n,)."""
    unknown = np.isnan(values)
    shown = quantities(f"{name}_{UNITS[name]}" if name in UNITS else name, np.nan_to_num(values))
    before, after = PHRASES[name].split("{}")
    words = before + shown + after
    for row in np.flatnonzero((shown == "1") | (shown == "1 days")).tolist():
        words[row] = re.sub(r"\b1 (active day|day|fill|week|time)s\b", r"1 \1", words[row])
    words[unknown] = f"unknown {name.removesuffix('_usd').replace('_', ' ')}"
    return np.asarray(words, dtype=object)
