"""What was known of traders at risk on past dates, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trader_segments.segmentation.table import BoolArray, FloatArray, IntArray, to_float64

FEATURES = (
    "recency_days",
    "tenure_days",
    "active_days_4w",
    "active_days_8w",
    "active_weeks_4w",
    "active_weeks_8w",
    "active_weeks_13w",
    "active_weeks_26w",
    "active_week_share",
    "recent_active_day_share",
    "fill_count_8w",
    "notional_usd_8w",
    "last_4w_notional_share",
    "recent_notional_share",
    "realized_pnl_usd_8w",
    "clumpiness",
    "mean_gap_days",
    "longest_gap_days",
    "silence_to_mean_gap",
    "silence_to_longest_gap",
    "value_usd_8w",
    "value_usd_13w",
    "recent_value_share",
    "value_to_median",
    "equity_usd",
    "open_position_usd",
)
"""Columns of int_churn_snapshots that the classifier may read."""

HISTORY = ("repeat_weeks", "last_repeat_week", "observed_weeks")
"""Columns that the closed form reads: frequency, recency and periods of BG/BB, in weeks."""

SIGNIFICANT_DIGITS = 9
"""Digits that are read: the last ones of a DOUBLE are not the same on two engines."""


@dataclass(frozen=True)
class Snapshots:
    """One row per trader at risk and date.

    Attributes
    ----------
    trader_id : (n,) ids
    weeks_ago : (n,) whole weeks from the date to the as-of date
    features : (n, n_features) in the order of `FEATURES`, NaN where not known
    history : (3, n) frequency, recency and periods in weeks
    outcome : (n,) 1 where it came about, 0 where not, NaN where not known
    """

    trader_id: NDArray[np.object_]
    weeks_ago: IntArray
    features: FloatArray
    history: FloatArray
    outcome: FloatArray

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, outcome: str | None = None) -> Snapshots:
        """Read rows of int_churn_snapshots, in the order of trader and date.

        Parameters
        ----------
        frame : `trader_id`, `weeks_ago`, the history, and features; those it lacks are not known
        outcome : column that says what came about; without it nothing is known

        Raises
        ------
        ValueError
            If a trader has two rows of one date, or a feature is no finite number.
        """
        ordered = frame.sort_values(["trader_id", "weeks_ago"], kind="stable")
        if ordered.duplicated(["trader_id", "weeks_ago"]).any():
            raise ValueError("a trader has two snapshots of one date")
        n = len(ordered)
        features = np.full((n, len(FEATURES)), np.nan)
        for position, name in enumerate(FEATURES):
            if name in ordered:
                features[:, position] = significant(to_float64(ordered[name], name))
        known = np.full(n, np.nan) if outcome is None else to_float64(ordered[outcome], outcome)
        return cls(
            ordered["trader_id"].to_numpy(dtype=object),
            to_float64(ordered["weeks_ago"], "weeks_ago").astype(np.int64),
            features,
            np.array([to_float64(ordered[name], name) for name in HISTORY]).reshape(3, n),
            known,
        )

    def __len__(self) -> int:
        return len(self.trader_id)

    def __getitem__(self, name: str) -> FloatArray:
        """Values of a feature, (n,)."""
        return np.asarray(self.features[:, FEATURES.index(name)])

    def take(self, rows: BoolArray | IntArray) -> Snapshots:
        """Some of the rows."""
        return Snapshots(
            self.trader_id[rows],
            self.weeks_ago[rows],
            self.features[rows],
            self.history[:, rows],
            self.outcome[rows],
        )

    def known(self) -> Snapshots:
        """The rows whose outcome is known."""
        return self.take(~np.isnan(self.outcome))

    def hashes(self) -> NDArray[np.uint64]:
        """A hash of each trader's id, the same on every date, (n,)."""
        texts = self.trader_id.astype(str).astype(object)
        return np.asarray(pd.util.hash_array(texts, categorize=False), dtype=np.uint64)


def significant(values: FloatArray) -> FloatArray:
    """Round to nine significant digits, same shape; below 1e-12 to fewer, and NaN stays."""
    size = np.maximum(np.nan_to_num(np.abs(values)), 1e-12)
    scale = 10.0 ** (SIGNIFICANT_DIGITS - 1 - np.floor(np.log10(size)))
    return np.asarray(np.round(values * scale) / scale)
