"""Fitting: rules label the clear cases, a shrinkage discriminant learns everybody else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2
from threadpoolctl import threadpool_limits

from trader_segments.segmentation.calibration import fit_temperature
from trader_segments.segmentation.lda import (
    MIN_COVERAGE,
    MIN_SEEDS,
    class_moments,
    whitening,
)
from trader_segments.segmentation.micro import (
    SMALLEST_SEGMENT,
    SMALLEST_SHARE,
    MicroSegments,
    divide_style,
    letters,
    match_clusters,
)
from trader_segments.segmentation.model import LOWEST_POSTERIOR, SegmentationModel, Spread
from trader_segments.segmentation.noise import confident_seeds
from trader_segments.segmentation.reasons import headline
from trader_segments.segmentation.reference import (
    InputScale,
    ScaledInputs,
    fit_scale,
    scale_inputs,
)
from trader_segments.segmentation.resampling import Seeds
from trader_segments.segmentation.rules import resolve_rules, rules_hash
from trader_segments.segmentation.surrogate import describe_clusters
from trader_segments.segmentation.table import (
    FeatureTable,
    IntArray,
    TextArray,
    is_set,
    rounded,
)

OUTLIER_QUANTILE = 0.999
TRAINING_ROWS = 50_000
"""Traders the reference is fitted on at most, and again as many seeds."""


def features_hash(specs: Sequence[Mapping[str, Any]]) -> str:
    """Digest of the inputs and how they are transformed; their wording does not count."""
    content = sorted(
        (spec["name"], spec["transform"], spec.get("count") or "") for spec in inputs_of(specs)
    )
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def inputs_of(specs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Registered features that segmentation uses, ordered by name."""
    return sorted(
        (spec for spec in specs if spec["used_in_segmentation"]), key=lambda spec: spec["name"]
    )


def required_columns(specs: Sequence[Mapping[str, Any]], rules: pd.DataFrame) -> list[str]:
    """Every feature a fit reads: inputs, their counts, and what the rules look at."""
    inputs = inputs_of(specs)
    names = [spec["name"] for spec in inputs]
    names += [spec["count"] for spec in inputs if spec.get("count")]
    return sorted({*names, *rules["feature"].astype(str)})


def fit(
    features: pd.DataFrame,
    specs: Sequence[Mapping[str, Any]],
    rules: pd.DataFrame,
    *,
    styles: pd.DataFrame | None = None,
    random_state: int = 0,
    predecessor: SegmentationModel | None = None,
) -> SegmentationModel:
    """Fit a segmentation on the active traders of a venue.

    Parameters
    ----------
    features : one row per trader, `trader_id` and feature columns
    specs : the flattened feature registry
    rules : rows of the style rules seed
    styles : rows of the styles seed (`style`, `name`, `priority`); without it rules of two styles
        that meet one trader always contradict each other
    predecessor : model whose micro-segment ids and names carry over where the clusters match

    Raises
    ------
    ValueError
        If a column is no finite number or leaves its transform's domain, a rule is malformed, or a
        `trader_id` is NULL or appears twice; the message names the culprit.
    """
    columns = required_columns(specs, rules)
    table = FeatureTable.from_frame(features, columns)
    book = resolve_rules(rules, styles, table)
    is_decided, _ = book.definitions(table)
    order = table.hash_order()
    active = table.take(order[~is_decided[order]])
    label, conflict = book.seeds(active)
    seeds = {style: int(np.sum(label == style)) for style in sorted(set(label[is_set(label)]))}
    crowd = np.arange(min(len(active), TRAINING_ROWS), dtype=np.int64)
    crowd_table = active.take(crowd)

    scales: list[InputScale] = []
    left_out: dict[str, str] = {}
    for spec in inputs_of(specs):
        scale = fit_scale(crowd_table, spec)
        if isinstance(scale, str):
            left_out[spec["name"]] = scale
        else:
            scales.append(scale)

    learned = [style for style, count in seeds.items() if count >= MIN_SEEDS]
    if len(learned) < 2:
        learned = []
    base = SegmentationModel(
        inputs=tuple(scales),
        left_out=left_out,
        absent=tuple(name for name in columns if not table.has(name)),
        rules=book,
        seeds=seeds,
        conflicts=int(conflict.sum()),
        rule_styles=tuple(style for style in seeds if style not in learned),
        lda=None,
        spread=None,
        outlier_share=0.0,
        micro_segments=(),
        trained_rows=len(crowd),
        features_hash=features_hash(specs),
        rules_hash=rules_hash(rules, styles),
        random_state=random_state,
        why=_why(len(active), seeds, learned),
    )
    if not learned:
        return base
    with threadpool_limits(1):
        return _learn(base, active, label, learned, styles, predecessor)


def _learn(
    base: SegmentationModel,
    active: FeatureTable,
    label: TextArray,
    learned: Sequence[str],
    styles: pd.DataFrame | None,
    predecessor: SegmentationModel | None,
) -> SegmentationModel:
    """Add the discriminant, the outlier geometry and the micro-segments to a model."""
    per_style = TRAINING_ROWS // len(learned)
    seed_rows = [np.flatnonzero(label == style)[:per_style] for style in learned]
    crowd_rows = np.arange(base.trained_rows)
    training = active.take(np.concatenate([*seed_rows, crowd_rows]).astype(np.int64))
    ends = np.cumsum([len(rows) for rows in seed_rows])
    members = [np.arange(end - len(rows), end) for rows, end in zip(seed_rows, ends, strict=True)]
    seeds, crowd = np.arange(ends[-1]), np.arange(ends[-1], len(training))
    seed_styles = label[np.concatenate(seed_rows)]
    evidence = base.rules.evidence(training.take(seeds), seed_styles)
    scaled = scale_inputs(training, base.inputs)

    has_input = np.array([scaled.observed[:, rows].mean(axis=1) for rows in members])
    is_used = (has_input >= MIN_COVERAGE).sum(axis=0) >= 2
    left_out = dict(base.left_out)
    for scale, used in zip(base.inputs, is_used, strict=True):
        if not used:
            left_out[scale.name] = "fewer than two styles have it for half of their seeds"
    inputs = tuple(scale for scale, used in zip(base.inputs, is_used, strict=True) if used)
    scaled = ScaledInputs(scaled.winsorised[is_used], scaled.raw[is_used], scaled.observed[is_used])
    if not inputs:
        return replace(base, left_out=left_out, rule_styles=tuple(base.seeds))
    labelled = Seeds(scaled, seeds, seed_styles, evidence)
    teaches = confident_seeds(labelled)
    lda = labelled.take(teaches).fit(
        {style: base.seeds[style] * np.mean(teaches[seed_styles == style]) for style in learned}
    )
    if lda is None:
        return replace(base, left_out=left_out, rule_styles=tuple(base.seeds))
    lda = lda.tempered(fit_temperature(labelled, teaches))
    posterior = lda.posteriors(scaled.winsorised[:, crowd])
    best = np.where(posterior.max(axis=0) >= LOWEST_POSTERIOR, posterior.argmax(axis=0), -1)
    groups = {style: crowd[best == row] for row, style in enumerate(lda.classes)}
    spread = _fit_spread(scaled, list(groups.values()))
    is_known = scaled.observed[:, crowd].mean(axis=0) >= MIN_COVERAGE
    is_outlier = spread.is_far(scaled.raw[:, crowd]) & is_known if spread else np.zeros(1)
    model = replace(
        base,
        inputs=inputs,
        left_out=left_out,
        lda=lda,
        spread=spread,
        outlier_share=float(rounded(is_outlier.mean())),
    )
    return replace(
        model, micro_segments=_micro_segments(model, training, scaled, groups, styles, predecessor)
    )


def _fit_spread(scaled: ScaledInputs, groups: Sequence[IntArray]) -> Spread | None:
    """Fit the outlier geometry on the traders assigned to each style.

    Styles differ in width: a style whose median squared distance exceeds the chi-square median is
    given that factor of room, so that a wide style is not an outlier as a whole.
    """
    large = [rows for rows in groups if len(rows) >= MIN_SEEDS]
    if not large:
        return None
    weights = np.array([len(rows) for rows in large], dtype=np.float64)
    means, covariance = class_moments(
        scaled.winsorised, scaled.observed, large, weights / weights.sum()
    )
    p = len(scaled.winsorised)
    narrow = Spread(
        rounded(means),
        rounded(whitening(covariance)),
        np.ones(len(large)),
        float(rounded(chi2.ppf(OUTLIER_QUANTILE, p))),
    )
    medians = np.array(
        [
            np.median(narrow.distances(scaled.raw[:, rows])[style])
            for style, rows in enumerate(large)
        ]
    )
    return replace(narrow, widths=rounded(np.maximum(1.0, medians / chi2.median(p))))


def _micro_segments(
    model: SegmentationModel,
    training: FeatureTable,
    scaled: ScaledInputs,
    groups: Mapping[str, IntArray],
    styles: pd.DataFrame | None,
    predecessor: SegmentationModel | None,
) -> tuple[MicroSegments, ...]:
    smallest = max(SMALLEST_SEGMENT, int(np.ceil(SMALLEST_SHARE * model.trained_rows)))
    centre = np.array([scale.centre for scale in model.inputs])
    scale = np.array([scale.scale for scale in model.inputs])
    titles = {} if styles is None else dict(zip(styles["style"], styles["name"], strict=True))
    result = []
    for style, rows in groups.items():
        if len(rows) < 2 * smallest:
            continue
        inputs, observed = scaled.winsorised[:, rows], scaled.observed[:, rows]
        start = _warm_start(style, training.take(rows), predecessor)
        divided = divide_style(style, inputs, observed, smallest, model.random_state, start)
        if divided is None:
            continue
        lda, jaccard = divided
        title = str(titles.get(style, style.replace("_", " ").capitalize()))
        input_names = [scale.name for scale in model.inputs]
        names = [
            f"{title}: {headline(input_names, mean - inputs.mean(axis=1))}" for mean in lda.means
        ]
        values = {name: training[name][rows] for name in input_names}
        micro = MicroSegments(
            style,
            lda,
            rounded(lda.means * scale + centre),
            rounded(jaccard),
            tuple(names),
            describe_clusters(
                values,
                np.asarray(lda.log_scores(inputs).argmax(axis=0), dtype=np.int64),
                len(names),
                model.random_state,
            ),
        )
        result.append(_keep_ids(micro, model, predecessor))
    return tuple(result)


def _warm_start(
    style: str, traders: FeatureTable, predecessor: SegmentationModel | None
) -> IntArray | None:
    """Where the model before would put the traders of a style: a start for its clusters."""
    if predecessor is None or not all(map(traders.has, (i.name for i in predecessor.inputs))):
        return None
    inputs = scale_inputs(traders, predecessor.inputs).winsorised
    of_style = (micro for micro in predecessor.micro_segments if micro.style == style)
    return next((micro.assign(inputs) for micro in of_style), None)


def _keep_ids(
    micro: MicroSegments, model: SegmentationModel, predecessor: SegmentationModel | None
) -> MicroSegments:
    """Give micro-segments their predecessor's ids and names where they continue it."""
    old_segments = {m.style: m for m in predecessor.micro_segments} if predecessor else {}
    if predecessor is None or micro.style not in old_segments:
        fresh = _letters_after(micro.style, ())
        ids = [next(fresh) for _ in micro.names]
        return replace(micro, lda=replace(micro.lda, labels=tuple(ids)))
    old = old_segments[micro.style]
    old_rows = {scale.name: row for row, scale in enumerate(predecessor.inputs)}
    shared = [row for row, scale in enumerate(model.inputs) if scale.name in old_rows]
    scale = np.array([model.inputs[row].scale for row in shared])
    matches = match_clusters(
        micro.centroids[:, shared] / scale,
        old.centroids[:, [old_rows[model.inputs[row].name] for row in shared]] / scale,
    )
    fresh = _letters_after(micro.style, old.lda.labels)
    ids = [next(fresh) if match is None else old.lda.labels[match] for match in matches]
    names = [
        name if match is None else old.names[match]
        for match, name in zip(matches, micro.names, strict=True)
    ]
    return replace(micro, lda=replace(micro.lda, labels=tuple(ids)), names=tuple(names))


def _letters_after(style: str, taken: Sequence[str]) -> Iterator[str]:
    """Ids `style__a`, `style__b`, … that no old micro-segment has."""
    candidates = (f"{style}__{letters(position)}" for position in count())
    return (candidate for candidate in candidates if candidate not in taken)


def _why(active: int, seeds: Mapping[str, int], learned: Sequence[str]) -> str:
    total = sum(seeds.values())
    if not learned:
        return (
            f"{total} clear cases among {active} active traders give fewer than two styles with "
            f"{MIN_SEEDS} or more: the rules decide and everybody else is unclassified"
        )
    rare = sorted(set(seeds) - set(learned))
    text = f"{len(learned)} styles learned from {total} clear cases among {active} active traders"
    return f"{text}; too rare to learn, decided by rule: {', '.join(rare)}" if rare else text
