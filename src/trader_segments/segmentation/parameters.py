"""A model's parameters as long tables, from which SQL scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import pandas as pd

from trader_segments.segmentation.lda import LinearDiscriminant
from trader_segments.segmentation.model import SegmentationModel
from trader_segments.segmentation.table import FloatArray

PARAMETER_TYPES = {
    "kind": "str",
    "position": "int64",
    "style": "str",
    "micro_segment_id": "str",
    "feature": "str",
    "parameter": "str",
    "value": "float64",
}
RULE_TYPES = {
    "position": "int64",
    "rule_id": "str",
    "style": "str",
    "is_definition": "bool",
    "is_rare": "bool",
    "priority": "int64",
    "conditions": "int64",
    "feature": "str",
    "operator": "str",
    "threshold": "float64",
}
Key = tuple[str, int, str | None, str | None]
Row = tuple[str, int, str | None, str | None, str | None, str, float]


def parameter_table(model: SegmentationModel) -> pd.DataFrame:
    """Every number that scoring reads, one row a number.

    Kinds, and their parameters:

    - `input`: `lower`, `upper`, `centre` and `scale` of a feature, in transformed units.
    - `style`: a component's `coefficient` of each feature and its `intercept`, which give the log
      score; features on the reference scale, winsorised.
    - `micro_segment`: the same for the micro-segments of a style.
    - `whitening`: row `position` of W, a `coefficient` per feature on the reference scale, not
      winsorised.
    - `spread`: for each style the squared distance |W (z - m)|² / width in the form
      |W z|² / `width` + Σ `coefficient` z + `intercept`, and the `bound` of the nearest.

    Returns
    -------
    `kind`, `position` (order of the input, component or row among its kind), `style`,
    `micro_segment_id`, `feature`, `parameter`, `value`; coefficients that are 0 are left out
    """
    rows = list(_rows(model))
    return pd.DataFrame(rows, columns=list(PARAMETER_TYPES)).astype(PARAMETER_TYPES)


def rule_table(model: SegmentationModel) -> pd.DataFrame:
    """The rules in force, one row a condition.

    Returns
    -------
    `position` and `rule_id` of the rule, its `style`, `is_definition`, `is_rare` (the style is
    decided by its rules alone), `priority` of the style, number of `conditions` of the rule;
    `feature`, `operator`, `threshold` of the condition
    """
    rows = [
        (
            position,
            rule.rule_id,
            rule.style,
            rule.is_definition,
            rule.style in model.rule_styles and not rule.is_definition,
            model.rules.priority.get(rule.style, 0),
            len(rule.conditions),
            condition.feature,
            condition.operator,
            condition.threshold,
        )
        for position, rule in enumerate(model.rules.rules)
        for condition in rule.conditions
    ]
    return pd.DataFrame(rows, columns=list(RULE_TYPES)).astype(RULE_TYPES)


def _rows(model: SegmentationModel) -> Iterator[Row]:
    names = [scale.name for scale in model.inputs]
    for position, scale in enumerate(model.inputs):
        for parameter in ("lower", "upper", "centre", "scale"):
            value = float(getattr(scale, parameter))
            yield "input", position, None, None, scale.name, parameter, value
    if model.lda is None:
        return
    for row, style in enumerate(model.lda.labels):
        yield from _component(("style", row, style, None), names, model.lda, row)
    positions = count()
    for micro in model.micro_segments:
        for row, label in enumerate(micro.lda.labels):
            divided: Key = ("micro_segment", next(positions), micro.style, label)
            yield from _component(divided, names, micro.lda, row)
    if model.spread is None:
        return
    spread = model.spread
    for row, weights in enumerate(spread.whitening):
        yield from _coefficients(("whitening", row, None, None), names, weights)
    for row, (mean, width) in enumerate(zip(spread.means, spread.widths, strict=True)):
        key: Key = ("spread", row, None, None)
        centre = spread.whitening @ mean
        weights = -2.0 * spread.whitening.T @ centre / width
        yield from _affine(key, names, weights, float(centre @ centre / width))
        yield *key, None, "width", float(width)
        yield *key, None, "bound", float(spread.bound)


def _component(key: Key, names: Sequence[str], lda: LinearDiscriminant, row: int) -> Iterator[Row]:
    return _affine(key, names, lda.coefficients[row], float(lda.intercepts[row]))


def _affine(key: Key, names: Sequence[str], weights: FloatArray, intercept: float) -> Iterator[Row]:
    yield *key, None, "intercept", intercept
    yield from _coefficients(key, names, weights)


def _coefficients(key: Key, names: Sequence[str], weights: FloatArray) -> Iterator[Row]:
    for name, weight in zip(names, weights.tolist(), strict=True):
        if weight != 0.0:
            yield *key, name, "coefficient", weight
