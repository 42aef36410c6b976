"""How good a segmentation is, in numbers with their thresholds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from trader_segments.segmentation.lda import LinearDiscriminant
from trader_segments.segmentation.micro import STABLE_JACCARD
from trader_segments.segmentation.model import UNCLASSIFIED, SegmentationModel
from trader_segments.segmentation.noise import confident_seeds
from trader_segments.segmentation.reference import scale_inputs
from trader_segments.segmentation.resampling import Seeds, bootstrap_fits, held_out_fits
from trader_segments.segmentation.scoring import score
from trader_segments.segmentation.table import FeatureTable, TextArray, is_set

AT_LEAST = {
    "bootstrap_jaccard": 0.85,
    "micro_bootstrap_jaccard": STABLE_JACCARD,
    "micro_tree_fidelity": 0.8,
    "micro_tree_precision": 0.8,
    "seed_coverage": 0.2,
    "seed_agreement": 0.9,
    "champion_agreement": 0.8,
}
AT_MOST = {"seed_conflict_share": 0.05, "unclassified_share": 0.2, "outlier_share": 0.05}
BOOTSTRAPS = 50
SAMPLE_ROWS = 20_000
SILHOUETTE_ROWS = 2_000


def measure_quality(
    model: SegmentationModel,
    features: pd.DataFrame,
    predecessor: SegmentationModel | None = None,
) -> pd.DataFrame:
    """Measure a model on a bounded sample of traders, drawn by the hash of their id.

    Measures of active traders (those no definition decides): `seed_coverage` and
    `seed_conflict_share` (labelled and contradicted by rules), `seed_agreement` (5-fold
    cross-validated share of seeds the discriminant assigns as their rule does) and
    `seed_agreement[style]`, `bootstrap_jaccard[style]` (mean over 50 refits on resampled seeds,
    label noise set aside; Hennig 2007), `silhouette` (in the discriminant's space; no threshold:
    styles are parts of a continuum), `unclassified_share`, `outlier_share`,
    `micro_segment_share`, `traders[style]`, `micro_bootstrap_jaccard[id]`,
    `micro_tree_fidelity[id]` and `micro_tree_precision[id]` (of the sentence that describes it; all
    three as measured at the fit), `champion_agreement` (share given the same style by the champion
    before, `predecessor`; NaN for a first model or where a feature that the predecessor reads is
    gone).

    Returns
    -------
    `measure`, `value`, `threshold` (None where it only informs), `passed` (None likewise)
    """
    table = FeatureTable.from_frame(features, model.feature_names)
    sample = table.hash_order()[:SAMPLE_ROWS]
    is_decided, _ = model.rules.definitions(table.take(sample))
    rows = sample[~is_decided]
    active = table.take(rows)
    traders = score(model, features.iloc[rows]).traders
    values: dict[str, float] = {"active_traders": float(len(rows)), "champion_agreement": np.nan}
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
        if predecessor is not None and set(predecessor.feature_names) <= set(features.columns):
            before = score(predecessor, features.iloc[rows]).traders["style"]
            values["champion_agreement"] = float((traders["style"] == before).mean())
        for style, count in traders["style"].value_counts().sort_index().items():
            values[f"traders[{style}]"] = float(count)
        if model.lda is not None:
            with threadpool_limits(1):
                values |= _lda_measures(model, model.lda, active, label)
    for micro in model.micro_segments:
        for name, value in zip(micro.lda.labels, micro.jaccard, strict=True):
            values[f"micro_bootstrap_jaccard[{name}]"] = float(value)
        for name, description in zip(micro.lda.labels, micro.descriptions, strict=True):
            values[f"micro_tree_fidelity[{name}]"] = description.fidelity
            values[f"micro_tree_precision[{name}]"] = description.precision
    return _with_thresholds(values)


def _lda_measures(
    model: SegmentationModel, lda: LinearDiscriminant, active: FeatureTable, label: TextArray
) -> dict[str, float]:
    scaled = scale_inputs(active, model.inputs)
    rows = np.flatnonzero(np.isin(label.astype(str), lda.classes))
    seeds = Seeds(scaled, rows, label[rows], model.rules.evidence(active, label)[rows])
    assigned = lda.assign(scaled.winsorised)
    values = _agreement(seeds)
    stability = _stability(seeds.take(confident_seeds(seeds)), assigned)
    for style, jaccard in stability.items():
        values[f"bootstrap_jaccard[{style}]"] = jaccard
    groups = assigned[:SILHOUETTE_ROWS].astype(str)
    if 2 <= len(np.unique(groups)) < len(groups):
        space = lda.log_scores(scaled.winsorised[:, :SILHOUETTE_ROWS]).T
        values["silhouette"] = float(silhouette_score(space, groups))
    return values


def _agreement(seeds: Seeds) -> dict[str, float]:
    """Cross-validated share of seeds assigned to their own style; folds by hash order."""
    hits = np.full(len(seeds.rows), np.nan)
    for held_out, lda in held_out_fits(seeds):
        hits[held_out] = lda.assign(seeds.inputs(held_out)) == seeds.styles[held_out]
    shares = {
        f"seed_agreement[{style}]": hits[seeds.styles == style]
        for style in sorted(set(seeds.styles))
    }
    shares["seed_agreement"] = hits
    return {name: float(np.nanmean(v)) for name, v in shares.items() if not np.isnan(v).all()}


def _stability(seeds: Seeds, assigned: TextArray) -> dict[str, float]:
    """Mean Jaccard similarity of each style's traders with those of refits on resampled seeds."""
    similarity: dict[str, list[float]] = {style: [] for style in sorted(set(seeds.styles))}
    for lda in bootstrap_fits(seeds, BOOTSTRAPS):
        found = lda.assign(seeds.scaled.winsorised)
        for style, values in similarity.items():
            here, there = assigned == style, found == style
            if (here | there).any():
                values.append(float(np.sum(here & there) / np.sum(here | there)))
    return {style: float(np.mean(values)) for style, values in similarity.items() if values}


def _with_thresholds(values: dict[str, float]) -> pd.DataFrame:
    records = []
    for measure, value in sorted(values.items()):
        name = measure.split("[")[0]
        threshold = AT_LEAST.get(name, AT_MOST.get(name))
        passed = None
        if name in AT_LEAST and not np.isnan(value):
            passed = value >= AT_LEAST[name]
        elif name in AT_MOST:
            passed = value <= AT_MOST[name]
        records.append((measure, value, threshold, passed))
    frame = pd.DataFrame(records, columns=["measure", "value", "threshold", "passed"])
    return frame.astype({"value": "float64", "threshold": "float64", "passed": "boolean"})
