"""How good a segmentation is, in numbers with their thresholds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from trader_segments.segmentation.lda import LinearDiscriminant, fit_lda, square_root_priors
from trader_segments.segmentation.micro import STABLE_JACCARD
from trader_segments.segmentation.model import UNCLASSIFIED, SegmentationModel, score
from trader_segments.segmentation.reference import ScaledInputs, scale_inputs
from trader_segments.segmentation.table import FeatureTable, FloatArray, IntArray, TextArray, is_set

AT_LEAST = {
    "bootstrap_jaccard": 0.85,
    "micro_bootstrap_jaccard": STABLE_JACCARD,
    "seed_coverage": 0.2,
    "seed_agreement": 0.9,
}
AT_MOST = {"seed_conflict_share": 0.05, "unclassified_share": 0.2, "outlier_share": 0.05}
BOOTSTRAPS = 50
FOLDS = 5
SAMPLE_ROWS = 20_000
SILHOUETTE_ROWS = 2_000


def measure_quality(model: SegmentationModel, features: pd.DataFrame) -> pd.DataFrame:
    """Measure a model on a bounded sample of traders, drawn by the hash of their id.

    Measures of active traders (those no definition decides): `seed_coverage` and
    `seed_conflict_share` (labelled and contradicted by rules), `seed_agreement` (5-fold
    cross-validated share of seeds the discriminant assigns as their rule does) and
    `seed_agreement[style]`, `bootstrap_jaccard[style]` (mean over 50 refits on resampled seeds,
    Hennig 2007), `silhouette` (in the discriminant's space; no threshold: styles are parts of a
    continuum), `unclassified_share`, `outlier_share`, `micro_segment_share`, `traders[style]`,
    `micro_bootstrap_jaccard[id]` (as measured at the fit).

    Returns
    -------
    `measure`, `value`, `threshold` (None where it only informs), `passed` (None likewise)
    """
    table = FeatureTable.from_frame(features, model.feature_names)
    sample = np.sort(table.hash_order()[:SAMPLE_ROWS])
    is_decided, _ = model.rules.definitions(table.take(sample))
    rows = sample[~is_decided]
    order = table.hash_order()
    rows = order[np.isin(order, rows)]
    active = table.take(rows)
    traders = score(model, features.iloc[rows]).traders
    values: dict[str, float] = {"active_traders": float(len(rows))}
    if len(rows):
        label, conflict = model.rules.seeds(active)
        is_seed = is_set(label)
        values |= {
            "seed_coverage": float(is_seed.mean()),
            "seed_conflict_share": float(conflict.mean()),
            "unclassified_share": float((traders["style"] == UNCLASSIFIED).mean()),
            "outlier_share": float(traders["is_outlier"].mean()),
            "micro_segment_share": float(traders["micro_segment_id"].notna().mean()),
        }
        for style, count in traders["style"].value_counts().sort_index().items():
            values[f"traders[{style}]"] = float(count)
        if model.lda is not None:
            with threadpool_limits(1):
                values |= _lda_measures(model, model.lda, active, label)
    for micro in model.micro_segments:
        for name, value in zip(micro.lda.labels, micro.jaccard, strict=True):
            values[f"micro_bootstrap_jaccard[{name}]"] = float(value)
    return _with_thresholds(values)


def _lda_measures(
    model: SegmentationModel, lda: LinearDiscriminant, active: FeatureTable, label: TextArray
) -> dict[str, float]:
    scaled = scale_inputs(active, model.inputs)
    members = {style: np.flatnonzero(label == style) for style in lda.labels}
    values = _agreement(scaled, members)
    assigned = lda.posteriors(scaled.winsorised).argmax(axis=0)
    for style, jaccard in _stability(scaled, members, lda.labels, assigned).items():
        values[f"bootstrap_jaccard[{style}]"] = jaccard
    shown = slice(0, SILHOUETTE_ROWS)
    groups = assigned[shown]
    if 2 <= len(np.unique(groups)) < len(groups):
        space = lda.log_scores(scaled.winsorised[:, shown]).T
        values["silhouette"] = float(silhouette_score(space, groups))
    return values


def _refit(scaled: ScaledInputs, members: dict[str, IntArray]) -> LinearDiscriminant | None:
    kept = {style: rows for style, rows in members.items() if len(rows) >= 3}
    if len(kept) < 2:
        return None
    counts = np.array([len(rows) for rows in kept.values()], dtype=np.float64)
    return fit_lda(
        scaled.winsorised,
        scaled.observed,
        list(kept.values()),
        list(kept),
        square_root_priors(counts),
    )


def _agreement(scaled: ScaledInputs, members: dict[str, IntArray]) -> dict[str, float]:
    """Cross-validated share of seeds assigned to their own style; folds by hash order."""
    hits: dict[str, list[FloatArray]] = {style: [] for style in members}
    for fold in range(FOLDS):
        kept = {
            style: rows[np.arange(len(rows)) % FOLDS != fold] for style, rows in members.items()
        }
        lda = _refit(scaled, kept)
        if lda is None:
            continue
        for style, rows in members.items():
            held_out = rows[fold::FOLDS]
            if style in lda.labels and len(held_out):
                found = lda.log_scores(scaled.winsorised[:, held_out]).argmax(axis=0)
                hits[style].append((found == lda.labels.index(style)).astype(np.float64))
    shares = {style: np.concatenate(parts) for style, parts in hits.items() if parts}
    if not shares:
        return {}
    overall = {"seed_agreement": float(np.concatenate(list(shares.values())).mean())}
    return overall | {f"seed_agreement[{style}]": float(v.mean()) for style, v in shares.items()}


def _stability(
    scaled: ScaledInputs,
    members: dict[str, IntArray],
    labels: tuple[str, ...],
    assigned: IntArray,
) -> dict[str, float]:
    """Mean Jaccard similarity of each style's traders with those of refits on resampled seeds."""
    generator = np.random.default_rng(0)
    similarity: dict[str, list[float]] = {style: [] for style in labels if len(members[style])}
    for _ in range(BOOTSTRAPS):
        drawn = {
            style: rows[np.sort(generator.integers(0, len(rows), len(rows)))]
            for style, rows in members.items()
            if len(rows)
        }
        lda = _refit(scaled, drawn)
        if lda is None:
            continue
        found = lda.log_scores(scaled.winsorised).argmax(axis=0)
        for style, values in similarity.items():
            here = assigned == labels.index(style)
            there = found == lda.labels.index(style) if style in lda.labels else np.zeros_like(here)
            union = int(np.sum(here | there))
            if union:
                values.append(float(np.sum(here & there)) / union)
    return {style: float(np.mean(values)) for style, values in similarity.items() if values}


def _with_thresholds(values: dict[str, float]) -> pd.DataFrame:
    records = []
    for measure, value in sorted(values.items()):
        name = measure.split("[")[0]
        threshold = AT_LEAST.get(name, AT_MOST.get(name))
        passed = None
        if name in AT_LEAST:
            passed = value >= AT_LEAST[name]
        elif name in AT_MOST:
            passed = value <= AT_MOST[name]
        records.append((measure, value, threshold, passed))
    frame = pd.DataFrame(records, columns=["measure", "value", "threshold", "passed"])
    return frame.astype({"value": "float64", "threshold": "float64", "passed": "boolean"})
