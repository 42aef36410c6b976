"""Scoring: stored parameters give every trader a style, alone among its features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from trader_segments.segmentation.lda import MIN_COVERAGE
from trader_segments.segmentation.model import (
    LOWEST_POSTERIOR,
    UNCLASSIFIED,
    SegmentationModel,
)
from trader_segments.segmentation.reasons import lda_reasons, rule_reasons
from trader_segments.segmentation.reference import scale_inputs
from trader_segments.segmentation.table import (
    BoolArray,
    FeatureTable,
    FloatArray,
    IntArray,
    TextArray,
)

SMALLEST_POSTERIOR = 1e-6
"""Posteriors below this are left out of the scores."""

BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Scores:
    """What scoring says.

    Attributes
    ----------
    posteriors : `trader_id`, `style`, `posterior`; posteriors below 1e-6 are left out
    traders : `trader_id`, `style`, `style_probability`, `micro_segment_id`, `is_outlier`,
        `top_reasons`, one row per trader in the order given
    """

    posteriors: pd.DataFrame
    traders: pd.DataFrame


def score(model: SegmentationModel, features: pd.DataFrame) -> Scores:
    """Score traders with stored parameters; each trader's result depends on its own row alone."""
    table = FeatureTable.from_frame(features, model.feature_names)
    n = len(table)
    style = np.full(n, UNCLASSIFIED, dtype=object)
    probability = np.full(n, np.nan)
    micro_id = np.full(n, None, dtype=object)
    outlier = np.zeros(n, dtype=np.bool_)
    reasons = np.full(n, None, dtype=object)
    rows_of: list[IntArray] = []
    codes_of: list[IntArray] = []
    posteriors_of: list[FloatArray] = []
    labels = model.styles

    for start in range(0, n, BATCH_ROWS):
        rows = np.arange(start, min(start + BATCH_ROWS, n), dtype=np.int64)
        batch = _score_batch(model, table.take(rows))
        style[rows], probability[rows] = batch.style, batch.probability
        micro_id[rows], outlier[rows], reasons[rows] = batch.micro_id, batch.outlier, batch.reasons
        position, trader = np.nonzero(batch.posteriors >= SMALLEST_POSTERIOR)
        by_trader = np.argsort(trader, kind="stable")
        position, trader = position[by_trader], trader[by_trader]
        rows_of.append(rows[trader])
        codes_of.append(position)
        posteriors_of.append(batch.posteriors[position, trader])

    no_rows = np.empty(0, dtype=np.int64)
    rows_long = np.concatenate([no_rows, *rows_of])
    posteriors = pd.DataFrame(
        {
            "trader_id": table.trader_id.iloc[rows_long].reset_index(drop=True),
            "style": pd.Series(
                np.array(labels, dtype=object)[np.concatenate([no_rows, *codes_of])], dtype="str"
            ),
            "posterior": np.concatenate([np.empty(0), *posteriors_of]),
        }
    )
    traders = pd.DataFrame(
        {
            "trader_id": table.trader_id,
            "style": pd.Series(style, dtype="str"),
            "style_probability": probability,
            "micro_segment_id": pd.Series(micro_id, dtype="str"),
            "is_outlier": outlier,
            "top_reasons": pd.Series(reasons, dtype="str"),
        }
    )
    return Scores(posteriors, traders)


def style_reasons(model: SegmentationModel, features: pd.DataFrame) -> pd.DataFrame:
    """`trader_id` and `top_reasons` of each trader, in the order given; see :func:`score`."""
    return score(model, features).traders[["trader_id", "top_reasons"]]


@dataclass(frozen=True)
class _Batch:
    posteriors: FloatArray
    style: TextArray
    probability: FloatArray
    micro_id: TextArray
    outlier: BoolArray
    reasons: TextArray


def _score_batch(model: SegmentationModel, table: FeatureTable) -> _Batch:
    """Score up to BATCH_ROWS traders; `posteriors` is (n_styles, n_traders)."""
    n = len(table)
    scaled = scale_inputs(table, model.inputs)
    style = np.full(n, UNCLASSIFIED, dtype=object)
    probability = np.full(n, np.nan)
    micro_id = np.full(n, None, dtype=object)
    outlier = np.zeros(n, dtype=np.bool_)
    reasons = np.full(n, None, dtype=object)
    labels = model.styles
    posteriors = np.zeros((len(labels), n))

    if model.lda is not None:
        known = scaled.observed.mean(axis=0) >= MIN_COVERAGE
        learned = model.lda.posteriors(scaled.winsorised)
        classes = model.lda.classes
        posteriors[[labels.index(name) for name in classes]] = np.where(known, learned, 0.0)
        ranked = np.argsort(-learned, axis=0, kind="stable")
        best, runner_up = ranked[0], ranked[1]
        top = learned[best, np.arange(n)]
        names = np.array(classes, dtype=object)
        is_clear = known & (top >= LOWEST_POSTERIOR)
        style[is_clear] = names[best[is_clear]]
        probability[known] = top[known]
        input_names = [scale.name for scale in model.inputs]
        reasons = lda_reasons(table, scaled, model.lda, input_names, best, runner_up)
        reasons[known & ~is_clear] = [
            f"between {first} and {second}"
            for first, second in zip(
                names[best[known & ~is_clear]], names[runner_up[known & ~is_clear]], strict=True
            )
        ]
        reasons[~known] = "too few known features"
        if model.spread is not None:
            outlier = model.spread.is_far(scaled.raw) & known
        for micro in model.micro_segments:
            rows = np.flatnonzero(style == micro.style)
            ids = np.array(micro.lda.labels, dtype=object)
            micro_id[rows] = ids[micro.assign(scaled.winsorised[:, rows])]

    is_decided, decided = model.rules.definitions(table)
    if model.rule_styles:
        label, _ = model.rules.seeds(table)
        is_rare = np.isin(label.astype(str), model.rule_styles) & ~is_decided
        decided[is_rare] = label[is_rare]
        is_decided = is_decided | is_rare
    rows = np.flatnonzero(is_decided)
    style[rows], probability[rows], micro_id[rows], outlier[rows] = decided[rows], 1.0, None, False
    posteriors[:, rows] = 0.0
    codes = np.array([labels.index(name) for name in decided[rows]], dtype=np.int64)
    posteriors[codes, rows] = 1.0
    reasons[rows] = rule_reasons(table, model.rules.rules, decided)[rows]
    return _Batch(posteriors, style, probability, micro_id, outlier, reasons)
