"""The results of all campaigns, whole and by segment, from one row per trader and campaign."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from trader_segments.campaigns.uplift import LEAST_KNOWN, Uplift, measure_uplift
from trader_segments.segmentation.table import rounded

EVERYBODY = "all"
"""What stands for the segment in the row of the whole campaign."""
_KEYS = ["campaign_id", "segment_id"]
_COUNTS = ["treated", "control", "not_yet_observed"]
_FIGURES = [
    "net_revenue_treated_usd",
    "net_revenue_control_usd",
    "net_revenue_uplift_usd",
    "net_revenue_uplift_low_usd",
    "net_revenue_uplift_high_usd",
    "net_revenue_variance_share",
    "net_revenue_minimum_traders",
    "retention_treated",
    "retention_control",
    "retention_uplift",
    "retention_uplift_low",
    "retention_uplift_high",
    "retention_variance_share",
    "retention_minimum_traders",
]


def measure_campaigns(outcomes: pd.DataFrame, least_uplift: float) -> pd.DataFrame:
    """Uplift of each campaign in net revenue and retention, for all its traders and by segment.

    Parameters
    ----------
    outcomes
        `int_campaign_outcomes` in the order of campaign and trader: ``campaign_id``,
        ``segment_id``, ``arm``, ``is_observed``, ``outcome_usd`` (NaN where unknown),
        ``is_retained``, ``earlier_usd``, ``earlier_active_weeks``.
    least_uplift
        As of :func:`~trader_segments.campaigns.uplift.measure_uplift`.

    Returns
    -------
    A row a campaign and segment, ``segment_id`` ``all`` for everybody: the counts ``treated``,
    ``control``, ``not_yet_observed`` and the figures, NaN where too little is known.
    """
    rows = [
        (*key, *_counts(group), *_figures(group[group["is_observed"]], least_uplift))
        for key, group in _groups(outcomes)
    ]
    frame = pd.DataFrame(rows, columns=[*_KEYS, *_COUNTS, *_FIGURES])
    frame[_KEYS] = frame[_KEYS].astype("str")
    frame[_COUNTS] = frame[_COUNTS].astype("int64")
    frame[_FIGURES] = rounded(frame[_FIGURES].to_numpy(dtype=np.float64))
    return frame


def _groups(outcomes: pd.DataFrame) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    for campaign, traders in outcomes.groupby("campaign_id", sort=True):
        yield (str(campaign), EVERYBODY), traders
        for segment, some in traders.groupby("segment_id", sort=True):
            yield (str(campaign), str(segment)), some


def _counts(group: pd.DataFrame) -> tuple[int, int, int]:
    is_observed = group["is_observed"].to_numpy(dtype=np.bool_)
    is_treated = group["arm"].to_numpy() == "treatment"
    treated = int((is_observed & is_treated).sum())
    return treated, int(is_observed.sum()) - treated, int((~is_observed).sum())


def _figures(observed: pd.DataFrame, least_uplift: float) -> list[float]:
    is_treated = observed["arm"].to_numpy() == "treatment"
    outcome = observed["outcome_usd"].to_numpy(dtype=np.float64)
    if (~np.isnan(outcome)).sum() < LEAST_KNOWN * len(outcome):
        outcome = np.full(len(outcome), np.nan)
    revenue = measure_uplift(
        outcome, observed["earlier_usd"].to_numpy(dtype=np.float64), is_treated, least_uplift
    )
    retention = measure_uplift(
        observed["is_retained"].to_numpy(dtype=np.float64),
        observed["earlier_active_weeks"].to_numpy(dtype=np.float64),
        is_treated,
        least_uplift,
    )
    return [*_listed(revenue), *_listed(retention)]


def _listed(found: Uplift) -> list[float]:
    return [
        *(found.treated_mean, found.control_mean, found.uplift, found.low, found.high),
        *(found.variance_share, found.minimum_traders),
    ]
