"""Drift: how far today's traders are from those whom the model in use was fitted on, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from trader_segments.segmentation.model import SegmentationModel
from trader_segments.segmentation.reference import IQR_OF_STANDARD_NORMAL
from trader_segments.segmentation.table import FeatureTable, FloatArray, IntArray, rounded
from trader_segments.segmentation.transforms import TRANSFORMS

SAMPLE_ROWS = 10_000
"""Active traders compared at most, now and at the reference."""

SMALLEST_SAMPLE = 500
"""Traders on either side below which drift is not judged: chance alone would move the shares."""

BINS = 10
PRACTICAL_PSI = 0.1
PRACTICAL_SHARE_SHIFT = 0.2
"""Cohen's h that counts as small (Cohen 1988)."""

FALSE_ALARMS = 0.01
"""Chance of any alarm at all on a date without drift, over all features or all segments."""

SMALLEST_STAYERS = 100
"""Traders known at both times from which their common shift is told."""

ATOM_SHARE = 0.1
"""Share of traders with one and the same value from which that value is an atom, such as 0."""

NONE, MOVED, OTHERS = "none", "everyone moved alike", "other traders"
SOME, COVERAGE, TOO_FEW = "some traders changed", "coverage changed", "too few traders"

FEATURE_COLUMNS = [
    "feature_name",
    "bins",
    "psi",
    "alarm_threshold",
    "is_alarm",
    "reading",
    "reference_traders",
    "current_traders",
    "stayers",
    "common_shift",
    "psi_remaining",
    "psi_stayers",
]


@dataclass(frozen=True)
class Bins:
    """Right-closed bins of a feature on its transformed scale, and one more for unknown values."""

    edges: FloatArray

    @classmethod
    def of(cls, values: FloatArray) -> Bins:
        """Deciles of the known reference values; ties make fewer and wider bins.

        Where so many share the highest value that no decile lies below it, that value has a bin of
        its own.
        """
        known = np.sort(values[~np.isnan(values)])
        if len(known) == 0:
            return cls(np.empty(0))
        highest = known[-1]
        deciles = known[(np.arange(1, BINS) * len(known) + BINS - 1) // BINS - 1]
        edges = np.unique(deciles[deciles < highest])
        if len(edges) == 0:
            below = known[known < highest]
            edges = np.array([below[-1] if len(below) else np.nextafter(highest, -np.inf), highest])
        return cls(edges)

    def counts(self, values: FloatArray) -> IntArray:
        """Traders per bin, shape (n_edges + 2,); the last bin counts the unknown."""
        known = values[~np.isnan(values)]
        places = np.searchsorted(self.edges, known, side="left")
        counts = np.bincount(places, minlength=len(self.edges) + 1)
        return np.append(counts, len(values) - len(known)).astype(np.int64)


def population_stability(reference: IntArray, current: IntArray) -> tuple[float, int]:
    """Population stability index of counts per bin, and how many bins are in use.

    PSI = sum of (a - e) ln(a / e) over the shares a now and e of the reference. Half a trader is
    added to each bin in use, so that a bin that is empty on one side stays finite.
    """
    used = (reference + current) > 0
    bins = int(used.sum())
    if bins < 2:
        return 0.0, bins
    expected = (reference[used] + 0.5) / (reference.sum() + 0.5 * bins)
    actual = (current[used] + 0.5) / (current.sum() + 0.5 * bins)
    return float(np.sum((actual - expected) * np.log(actual / expected))), bins


def alarm_threshold(reference: int, current: int, bins: int, tests: int) -> float:
    """PSI above which a feature is in alarm: 0.1, or more where chance alone reaches it.

    Without drift PSI is distributed as (1/M + 1/N) times chi-square with one degree of freedom less
    than bins (Yurdakul and Naranjo 2020); Bonferroni over the features tested.
    """
    if bins < 2:
        return PRACTICAL_PSI
    quantile = float(chi2.ppf(1.0 - FALSE_ALARMS / tests, bins - 1))
    return max(PRACTICAL_PSI, (1.0 / reference + 1.0 / current) * quantile)


def active_traders(model: SegmentationModel, features: pd.DataFrame) -> pd.DataFrame:
    """Rows of at most 10,000 active traders, chosen and ordered by the hash of their id.

    Active are those whose style the model's definitions leave open, as in the fit. The same trader
    is chosen at every date as long as the venue is no larger than ten thousand.
    """
    table = FeatureTable.from_frame(features, model.feature_names)
    is_decided, _ = model.rules.definitions(table)
    order = table.hash_order()
    return features.iloc[order[~is_decided[order]][:SAMPLE_ROWS]].reset_index(drop=True)


def active_sample(
    model: SegmentationModel,
    features: pd.DataFrame,
    segments: pd.DataFrame,
    specs: Sequence[Mapping[str, Any]],
) -> pd.DataFrame:
    """Features and segment of at most 10,000 active traders.

    Parameters
    ----------
    features : `trader_id` and feature columns
    segments : `trader_id`, `segment_id`
    specs : the flattened feature registry
    """
    chosen = active_traders(model, features)
    names = [str(spec["name"]) for spec in specs]
    sample = FeatureTable.from_frame(chosen, names)
    segment_of = segments.set_index("trader_id")["segment_id"]
    ids = sample.trader_id.astype("str")
    return pd.DataFrame(
        {
            "trader_id": ids,
            "segment_id": pd.Series(segment_of.reindex(ids).to_numpy(), dtype="str"),
            **{name: sample[name] for name in names},
        }
    )


def keep_reference(
    previous: pd.DataFrame, sample: pd.DataFrame, version: str, as_of_date: dt.date
) -> pd.DataFrame:
    """Stored references with one of this version: its earliest scoring.

    Parameters
    ----------
    previous : stored references, `model_version`, `reference_date` and the columns of a sample;
        possibly none
    sample : active traders now
    """
    as_of = pd.Timestamp(as_of_date)
    now = sample.assign(model_version=version, reference_date=as_of)
    texts = ["model_version", "trader_id", "segment_id"]
    now = now.astype(dict.fromkeys(texts, "str"))  # a column without rows would have no type
    now["reference_date"] = pd.to_datetime(now["reference_date"])
    now = now[["model_version", "reference_date", *sample.columns]]
    if previous.empty:
        return now
    is_own = previous["model_version"] == version
    if (pd.to_datetime(previous.loc[is_own, "reference_date"]) <= as_of).any():
        return previous
    others = previous[~is_own]
    return now if others.empty else pd.concat([others, now], ignore_index=True)


def reference_of(references: pd.DataFrame, version: str) -> pd.DataFrame:
    """The stored reference of one version; no rows, and perhaps no columns, where there is none."""
    if references.empty:
        return references
    return references[references["model_version"] == version].reset_index(drop=True)


def feature_drift(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    specs: Sequence[Mapping[str, Any]],
    tests: int | None = None,
) -> pd.DataFrame:
    """One row per registered feature: its PSI, the alarm, and what the drift looks like.

    Parameters
    ----------
    reference, current : samples of active traders, `trader_id` and feature columns
    specs : entries of the flattened feature registry; `name`, `transform` and perhaps `count`
    tests : features tested together, which share the false alarms; by default these
    """
    names = sorted({str(s[key]) for s in specs for key in ("name", "count") if s.get(key)})
    then = FeatureTable.from_frame(reference, names)
    now = FeatureTable.from_frame(current, names)
    place = pd.Index(then.trader_id.astype(object)).get_indexer(now.trader_id.astype(object))
    stayed = np.flatnonzero(place >= 0)
    rows = []
    for spec in specs:
        before, after = _transformed(then, spec), _transformed(now, spec)
        if _is_constant(then[spec["name"]], now[spec["name"]]):
            before, after = before * 0.0, after * 0.0
        row = _drift_of(before, after, place[stayed], stayed, tests or len(specs))
        rows.append({"feature_name": str(spec["name"]), **row})
    frame = pd.DataFrame(rows, columns=FEATURE_COLUMNS)
    return frame.astype(
        {
            "feature_name": "str",
            "reading": "str",
            "is_alarm": "boolean",
            "psi": "float64",
            "alarm_threshold": "float64",
            "common_shift": "float64",
            "psi_remaining": "float64",
            "psi_stayers": "float64",
        }
    )


def share_shift(
    reference: IntArray, current: IntArray, reference_total: int, current_total: int
) -> FloatArray:
    """Shift of shares, Cohen's h: 2 arcsin sqrt(p now) - 2 arcsin sqrt(p then).

    Its variance without drift is 1/M + 1/N whatever the share (Cohen 1988); with
    p = (x + 3/8) / (n + 3/4) for x of n that holds for small counts too (Anscombe 1948).
    """
    then = np.arcsin(np.sqrt((reference + 0.375) / (reference_total + 0.75)))
    now = np.arcsin(np.sqrt((current + 0.375) / (current_total + 0.75)))
    return np.asarray(2.0 * (now - then), dtype=np.float64)


def share_threshold(reference_total: int, current_total: int, tests: int) -> float:
    """Size of a shift above which a segment is in alarm: 0.2, or more where chance reaches it."""
    quantile = float(norm.ppf(1.0 - FALSE_ALARMS / (2 * tests)))
    chance = float(np.sqrt(1.0 / reference_total + 1.0 / current_total)) * quantile
    return max(PRACTICAL_SHARE_SHIFT, chance)


def segment_drift(reference: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    """One row per segment: its share of active traders now and at the reference, and the alarm.

    Parameters
    ----------
    reference, current : samples of active traders, `segment_id`
    """
    counts = pd.DataFrame(
        {
            "reference_traders": reference["segment_id"].value_counts(),
            "current_traders": current["segment_id"].value_counts(),
        },
        dtype="float64",
    )
    counts = counts.fillna(0.0).astype(np.int64).sort_index()
    then, now = counts["reference_traders"].to_numpy(), counts["current_traders"].to_numpy()
    m, n = int(then.sum()), int(now.sum())
    shift = rounded(share_shift(then, now, m, n))
    result = pd.DataFrame(
        {
            "segment_id": pd.Series(counts.index.to_numpy(), dtype="str"),
            "reference_traders": then,
            "current_traders": now,
            "reference_share": then / (m or np.nan),
            "current_share": now / (n or np.nan),
            "share_shift": shift if min(m, n) else np.nan,
            "alarm_threshold": np.nan,
            "is_alarm": pd.Series(pd.NA, index=range(len(counts)), dtype="boolean"),
        }
    )
    if min(m, n) >= SMALLEST_SAMPLE:
        threshold = share_threshold(m, n, len(counts))
        result["alarm_threshold"] = float(rounded(threshold))
        result["is_alarm"] = pd.Series(np.abs(shift) > threshold, dtype="boolean")
    return result


def _transformed(table: FeatureTable, spec: Mapping[str, Any]) -> FloatArray:
    """A feature on its registered scale; a value outside the transform's domain is clipped."""
    count = spec.get("count")
    values = table[str(spec["name"])]
    return TRANSFORMS[str(spec["transform"])](values, table[str(count)] if count else None)


def _is_constant(then: FloatArray, now: FloatArray) -> bool:
    """Whether all known values are the same: as a smoothed share it still moves with its count."""
    values = np.concatenate([then, now])
    return len(np.unique(values[~np.isnan(values)])) == 1


def _drift_of(
    then: FloatArray, now: FloatArray, stayed_then: IntArray, stayed_now: IntArray, tests: int
) -> dict[str, object]:
    """Drift of one feature.

    Parameters
    ----------
    then, now : transformed values (M,) of the reference and (N,) of today, NaN for unknown
    stayed_then, stayed_now : places of the traders who are in both
    tests : features tested at the same time
    """
    bins = Bins.of(then)
    expected, actual = bins.counts(then), bins.counts(now)
    psi, used = population_stability(expected, actual)
    shift = _common_shift(then, then[stayed_then], now[stayed_now])
    moved_back = _without(shift, then, now)
    remaining, _ = population_stability(expected, bins.counts(moved_back))
    stayers, stayers_bins = population_stability(
        bins.counts(then[stayed_then]), bins.counts(moved_back[stayed_now])
    )
    row: dict[str, object] = {
        "bins": used,
        "psi": float(rounded(psi)),
        "alarm_threshold": np.nan,
        "is_alarm": pd.NA,
        "reading": TOO_FEW,
        "reference_traders": len(then),
        "current_traders": len(now),
        "stayers": len(stayed_now),
        "common_shift": float(rounded(shift / _deviation(then))),
        "psi_remaining": float(rounded(remaining)),
        "psi_stayers": float(rounded(stayers)),
    }
    if min(len(then), len(now)) == 0:
        return {**row, "psi": np.nan, "psi_remaining": np.nan, "psi_stayers": np.nan}
    if min(len(then), len(now)) < SMALLEST_SAMPLE:
        return row
    threshold = alarm_threshold(len(then), len(now), used, tests)
    row |= {"alarm_threshold": float(rounded(threshold)), "is_alarm": psi > threshold}
    if psi <= threshold:
        return {**row, "reading": NONE}
    if population_stability(expected[:-1], actual[:-1])[0] <= threshold:
        return {**row, "reading": COVERAGE}
    if remaining <= threshold:
        return {**row, "reading": MOVED}
    n = len(stayed_now)
    changed = n > 0 and stayers > alarm_threshold(n, n, stayers_bins, tests)
    return {**row, "reading": SOME if changed else OTHERS}


def _atom(values: FloatArray) -> float:
    """The value that at least a tenth of the known share, NaN where there is none."""
    known, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    if len(known) == 0 or counts.max() < ATOM_SHARE * counts.sum():
        return np.nan
    return float(known[counts.argmax()])


def _common_shift(reference: FloatArray, before: FloatArray, after: FloatArray) -> float:
    """Median change of the traders who stayed, those at an atom left out; NaN where too few."""
    atom = _atom(reference)
    change = (after - before)[(before != atom) & (after != atom)]
    change = change[~np.isnan(change)]
    return float(np.median(change)) if len(change) >= SMALLEST_STAYERS else np.nan


def _without(shift: float, reference: FloatArray, values: FloatArray) -> FloatArray:
    """Values without the common shift; whoever is at the atom has not moved."""
    if np.isnan(shift):
        return values
    return np.where(values == _atom(reference), values, values - shift)


def _deviation(values: FloatArray) -> float:
    """Standard deviation of a normal with the same quartiles; NaN where they coincide."""
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return np.nan
    first, third = np.quantile(known, [0.25, 0.75])
    return float((third - first) / IQR_OF_STANDARD_NORMAL) if third > first else np.nan
