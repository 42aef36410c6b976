"""Histories of customers for tests of `trader_segments.value`: simulated and published ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from warehouse_builds import require_data

Columns = tuple[np.ndarray, np.ndarray, np.ndarray]


def cdnow() -> pd.DataFrame:
    """The CDNOW sample to 1997-09-30, one row per customer, times in weeks of seven days.

    Purchases of one day are one. Columns: `frequency`, `recency`, `duration`, `spend` (mean of the
    repeat purchases, NaN without any), `holdout` (purchases in the 39 weeks after).
    """
    path = require_data("cdnow") / "CDNOW_sample.txt"
    names = ["master", "customer", "date", "quantity", "usd"]
    rows = pd.read_csv(path, sep=r"\s+", header=None, names=names, dtype={"date": str})
    rows["date"] = pd.to_datetime(rows["date"], format="%Y%m%d")
    days = rows.groupby(["customer", "date"], as_index=False)["usd"].sum()
    end = pd.Timestamp("1997-09-30")
    seen, later = days[days["date"] <= end], days[days["date"] > end]
    dates = seen.groupby("customer")["date"].agg(["min", "max", "count"])
    repeats = seen[seen["date"] > seen["customer"].map(dates["min"])]
    return pd.DataFrame(
        {
            "frequency": dates["count"] - 1,
            "recency": (dates["max"] - dates["min"]).dt.days / 7,
            "duration": (end - dates["min"]).dt.days / 7,
            "spend": repeats.groupby("customer")["usd"].mean().reindex(dates.index),
            "holdout": later.groupby("customer").size().reindex(dates.index, fill_value=0),
        }
    )


def donations() -> pd.DataFrame:
    """11,104 donors in 22 cells: `frequency`, `recency`, `periods`, `weights`."""
    return pd.read_csv(require_data("bgbb_donations") / "donations.csv")


def daily(seed: int, count: int) -> Columns:
    """Frequency, recency and days since the first transaction; Pareto/NBD with r 0.6, s 0.7."""
    rng = np.random.default_rng(seed)
    duration = rng.integers(1, 366, count).astype(np.float64)
    lifetime = rng.exponential(1.0 / np.maximum(rng.gamma(0.7, 1 / 80.0, count), 1e-9))
    lived = np.minimum(duration, lifetime)
    frequency = rng.poisson(rng.gamma(0.6, 1 / 40.0, count) * lived).astype(np.float64)
    latest = lived * rng.random(count) ** (1.0 / np.maximum(frequency, 1.0))
    return frequency, np.where(frequency > 0.0, np.ceil(latest), 0.0), duration


def weekly(
    seed: int,
    count: int,
    weeks: int = 30,
    parameters: tuple[float, float, float, float] = (1.0, 2.0, 0.7, 10.0),
) -> Columns:
    """Active periods, the last of them, and periods since the first; BG/BB."""
    rng = np.random.default_rng(seed)
    alpha, beta, gamma, delta = parameters
    periods = rng.integers(0, weeks + 1, count)
    leaves = rng.random((weeks, count)) < rng.beta(gamma, delta, count)
    stays = np.logical_and.accumulate(~leaves)
    active = stays & (rng.random((weeks, count)) < rng.beta(alpha, beta, count))
    week = np.arange(1, weeks + 1)[:, None]
    active &= week <= periods
    return active.sum(axis=0), (active * week).max(axis=0, initial=0), periods
