"""The segmentation model: rules label the clear cases, a shrinkage LDA learns everybody else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2
from threadpoolctl import threadpool_limits

from trader_segments.segmentation.lda import (
    MIN_COVERAGE,
    MIN_SEEDS,
    LinearDiscriminant,
    affine,
    class_moments,
    fit_lda,
    square_root_priors,
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
from trader_segments.segmentation.reasons import headline, lda_reasons, rule_reasons
from trader_segments.segmentation.reference import (
    InputScale,
    ScaledInputs,
    fit_scale,
    scale_inputs,
)
from trader_segments.segmentation.rules import Condition, Rule, RuleBook, resolve_rules, rules_hash
from trader_segments.segmentation.table import (
    BoolArray,
    FeatureTable,
    FloatArray,
    IntArray,
    TextArray,
    is_set,
    rounded,
)

FORMAT = 1
UNCLASSIFIED = "unclassified"
LOWEST_POSTERIOR = 0.5
"""Posterior below which a trader fits no style."""

SMALLEST_POSTERIOR = 1e-6
"""Posteriors below this are left out of the scores."""

OUTLIER_QUANTILE = 0.999
TRAINING_ROWS = 50_000
BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Spread:
    """Where the traders of each style lie and how far they scatter, for the outlier flag.

    Attributes
    ----------
    means : (k, n_inputs) style means on the reference scale
    whitening : (n_inputs, n_inputs) of the common covariance
    widths : (k,) how much wider than that covariance a style is, in squared distance
    bound : squared distance from which a trader is an outlier
    """

    means: FloatArray
    whitening: FloatArray
    widths: FloatArray
    bound: float

    def distances(self, inputs: FloatArray) -> FloatArray:
        """Squared Mahalanobis distance to each style, (k, n_traders) of (n_inputs, n_traders)."""
        origin = np.zeros(len(inputs))
        white = affine(self.whitening, origin, inputs)
        centres = affine(self.whitening, origin, self.means.T).T
        result = np.zeros((len(centres), inputs.shape[1]))
        for row, centre in enumerate(centres):
            for values, middle in zip(white, centre, strict=True):
                result[row] += (values - middle) ** 2
        return np.asarray(result / self.widths[:, None])

    def is_far(self, inputs: FloatArray) -> BoolArray:
        """Whether even the nearest style is beyond the bound, shape (n_traders,)."""
        return np.asarray(self.distances(inputs).min(axis=0) > self.bound)


@dataclass(frozen=True)
class SegmentationModel:
    """A fitted segmentation, complete in its JSON text.

    Attributes
    ----------
    inputs : the inputs in use with their reference
    left_out : input to the reason in words why it is not used
    absent : registered or ruled features without any value when the model was fitted
    rules : the rules in force with resolved thresholds
    seeds : clear cases per style; `conflicts` counts traders whose rules contradict each other
    rule_styles : styles decided by their rules alone, for want of seeds
    lda : the discriminant over the other styles, or None where there are fewer than two
    spread, micro_segments : outlier geometry and the micro-segments of each style
    trained_rows : active traders the reference was fitted on
    features_hash, rules_hash : digests of the registry and of the rule seeds
    why : what was decided at the fit, in words
    """

    inputs: tuple[InputScale, ...]
    left_out: dict[str, str]
    absent: tuple[str, ...]
    rules: RuleBook
    seeds: dict[str, int]
    conflicts: int
    rule_styles: tuple[str, ...]
    lda: LinearDiscriminant | None
    spread: Spread | None
    micro_segments: tuple[MicroSegments, ...]
    trained_rows: int
    features_hash: str
    rules_hash: str
    random_state: int
    why: str

    @property
    def feature_names(self) -> list[str]:
        """Every column scoring reads."""
        names = [scale.name for scale in self.inputs]
        names += [scale.count for scale in self.inputs if scale.count]
        names += [condition.feature for rule in self.rules.rules for condition in rule.conditions]
        return list(dict.fromkeys(names))

    @property
    def styles(self) -> tuple[str, ...]:
        """Every style a trader can get."""
        learned = self.lda.labels if self.lda else ()
        defined = [rule.style for rule in self.rules.rules if rule.is_definition]
        return tuple(sorted({*learned, *self.rule_styles, *defined}))

    @property
    def digest(self) -> str:
        """First eight hexadecimal digits of the SHA-256 of the JSON text."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:8]

    def to_json(self) -> str:
        """The parameters as readable text, keys sorted; numbers read back bit for bit."""
        content = {"format": FORMAT, **asdict(self)}
        return json.dumps(content, sort_keys=True, default=_plain, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> SegmentationModel:
        """Rebuild a model from its text.

        Raises
        ------
        ValueError
            If the text is no model of this format.
        """
        content = json.loads(text)
        if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
            raise ValueError("the parameters are no segmentation model of this format")
        book = content.pop("rules")
        spread = content.pop("spread")
        return cls(
            inputs=tuple(InputScale(**scale) for scale in content.pop("inputs")),
            absent=tuple(content.pop("absent")),
            rule_styles=tuple(content.pop("rule_styles")),
            rules=RuleBook(
                tuple(
                    Rule(
                        rule["rule_id"],
                        rule["style"],
                        rule["is_definition"],
                        tuple(Condition(**condition) for condition in rule["conditions"]),
                    )
                    for rule in book["rules"]
                ),
                book["off"],
                book["priority"],
            ),
            lda=_read_lda(content.pop("lda")),
            spread=spread
            and Spread(
                np.array(spread["means"]),
                np.array(spread["whitening"]),
                np.array(spread["widths"]),
                spread["bound"],
            ),
            micro_segments=tuple(
                MicroSegments(
                    micro["style"],
                    _require(_read_lda(micro["lda"])),
                    np.array(micro["centroids"]),
                    np.array(micro["jaccard"]),
                    tuple(micro["names"]),
                )
                for micro in content.pop("micro_segments")
            ),
            **content,
        )


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


@dataclass(frozen=True)
class Training:
    """Labelled training data: scaled inputs of the sampled traders and positions by style."""

    scaled: ScaledInputs
    members: dict[str, IntArray]
    crowd: IntArray


def features_hash(specs: Sequence[Mapping[str, Any]]) -> str:
    """Digest of the inputs and how they are transformed; their wording does not count."""
    content = sorted(
        (spec["name"], spec["transform"], spec.get("count") or "") for spec in inputs_of(specs)
    )
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def inputs_of(specs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Registered features that segmentation uses, ordered by name."""
    return sorted(
        (spec for spec in specs if spec["is_segmentation_input"]), key=lambda spec: spec["name"]
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
        rows_of_learned = [labels.index(label) for label in model.lda.labels]
        posteriors[rows_of_learned] = np.where(known, learned, 0.0)
        ranked = np.argsort(-learned, axis=0, kind="stable")
        best, runner_up = ranked[0], ranked[1]
        top = learned[best, np.arange(n)]
        names = np.array(model.lda.labels, dtype=object)
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
    scaled = scale_inputs(training, base.inputs)

    has_input = np.array([scaled.observed[:, rows].mean(axis=1) for rows in members])
    is_used = (has_input >= MIN_COVERAGE).sum(axis=0) >= 2
    left_out = dict(base.left_out)
    for scale, used in zip(base.inputs, is_used, strict=True):
        if not used:
            left_out[scale.name] = "fewer than two styles have it for half of their seeds"
    inputs = tuple(scale for scale, used in zip(base.inputs, is_used, strict=True) if used)
    if not inputs:
        return replace(base, left_out=left_out, rule_styles=tuple(base.seeds))
    scaled = ScaledInputs(scaled.winsorised[is_used], scaled.raw[is_used], scaled.observed[is_used])
    counts = np.array([base.seeds[style] for style in learned], dtype=np.float64)
    priors = square_root_priors(counts)
    lda = fit_lda(scaled.winsorised, scaled.observed, members, learned, priors)

    crowd = np.arange(int(ends[-1]), len(training))
    posterior = lda.posteriors(scaled.winsorised[:, crowd])
    best = np.where(posterior.max(axis=0) >= LOWEST_POSTERIOR, posterior.argmax(axis=0), -1)
    groups = {style: crowd[best == row] for row, style in enumerate(lda.labels)}
    model = replace(
        base,
        inputs=inputs,
        left_out=left_out,
        lda=lda,
        spread=_fit_spread(scaled, list(groups.values())),
    )
    return replace(
        model, micro_segments=_micro_segments(model, scaled, groups, styles, predecessor)
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
    medians = [
        float(np.median(narrow.distances(scaled.raw[:, rows])[style]))
        for style, rows in enumerate(large)
    ]
    return replace(narrow, widths=rounded(np.maximum(1.0, medians / chi2.median(p))))


def _micro_segments(
    model: SegmentationModel,
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
        divided = divide_style(style, inputs, observed, smallest, model.random_state)
        if divided is None:
            continue
        lda, jaccard = divided
        title = str(titles.get(style, style.replace("_", " ").capitalize()))
        input_names = [scale.name for scale in model.inputs]
        names = [
            f"{title}: {headline(input_names, mean - inputs.mean(axis=1))}" for mean in lda.means
        ]
        micro = MicroSegments(
            style, lda, rounded(lda.means * scale + centre), rounded(jaccard), tuple(names)
        )
        result.append(_keep_ids(micro, model, predecessor))
    return tuple(result)


def _keep_ids(
    micro: MicroSegments, model: SegmentationModel, predecessor: SegmentationModel | None
) -> MicroSegments:
    """Give micro-segments their predecessor's ids and names where they continue it."""
    old = next(
        (m for m in (predecessor.micro_segments if predecessor else ()) if m.style == micro.style),
        None,
    )
    matches: list[int | None] = [None] * len(micro.names)
    old_ids: tuple[str, ...] = ()
    if old is not None and predecessor is not None:
        old_ids = old.lda.labels
        position = {scale.name: row for row, scale in enumerate(predecessor.inputs)}
        shared = [row for row, scale in enumerate(model.inputs) if scale.name in position]
        old_rows = [position[model.inputs[row].name] for row in shared]
        scale = np.array([model.inputs[row].scale for row in shared])
        matches = match_clusters(
            micro.centroids[:, shared] / scale, old.centroids[:, old_rows] / scale
        )
    taken = set(old_ids)
    fresh = _fresh_ids(micro.style, taken)
    ids = [old_ids[match] if match is not None else next(fresh) for match in matches]
    names = [
        old.names[match] if old is not None and match is not None else name
        for match, name in zip(matches, micro.names, strict=True)
    ]
    return replace(micro, lda=replace(micro.lda, labels=tuple(ids)), names=tuple(names))


def _fresh_ids(style: str, taken: set[str]) -> Iterator[str]:
    position = 0
    while True:
        candidate = f"{style}__{letters(position)}"
        if candidate not in taken:
            yield candidate
        position += 1


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


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no parameter")


def _read_lda(content: Mapping[str, Any] | None) -> LinearDiscriminant | None:
    if content is None:
        return None
    return LinearDiscriminant(
        tuple(content["labels"]),
        np.array(content["means"]),
        np.array(content["coefficients"]),
        np.array(content["intercepts"]),
    )


def _require(lda: LinearDiscriminant | None) -> LinearDiscriminant:
    if lda is None:
        raise ValueError("a micro-segment has no parameters")
    return lda
