"""The segmentation model: everything a trader's style depends on, readable as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trader_segments.segmentation.lda import LinearDiscriminant, affine
from trader_segments.segmentation.micro import MicroSegments
from trader_segments.segmentation.reference import InputScale
from trader_segments.segmentation.rules import Condition, Rule, RuleBook
from trader_segments.segmentation.surrogate import Description, Interval
from trader_segments.segmentation.table import BoolArray, FloatArray

FORMAT = 4
UNCLASSIFIED = "unclassified"
LOWEST_POSTERIOR = 0.5
"""Posterior below which a trader fits no style."""


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
    outlier_share : share of the active traders who were outliers when the model was fitted
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
    outlier_share: float
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
        learned = self.lda.classes if self.lda else ()
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
                    tuple(_read_description(each) for each in micro["descriptions"]),
                )
                for micro in content.pop("micro_segments")
            ),
            **content,
        )


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
        content["temperature"],
    )


def _read_description(content: Mapping[str, Any]) -> Description:
    branches = tuple(
        tuple(Interval(**interval) for interval in branch) for branch in content["branches"]
    )
    return Description(branches, content["text"], content["fidelity"], content["precision"])


def _require(lda: LinearDiscriminant | None) -> LinearDiscriminant:
    if lda is None:
        raise ValueError("a micro-segment has no parameters")
    return lda
