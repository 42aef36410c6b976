"""A predictor with its calibration: what is stored as a version, and what scores."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from trader_segments.churn.calibration import Calibration
from trader_segments.churn.closed_form import ClosedForm
from trader_segments.churn.reasons import closed_form_reasons, tree_reasons
from trader_segments.churn.snapshots import Snapshots
from trader_segments.churn.trees import BoostedTrees
from trader_segments.segmentation.table import FloatArray, TextArray

CLOSED_FORM, TREES = "closed_form", "boosted_trees"


@dataclass(frozen=True)
class ChurnModel:
    """One version.

    Attributes
    ----------
    predictor : what gives probabilities
    calibration : what makes them come about as often as they say
    """

    predictor: ClosedForm | BoostedTrees
    calibration: Calibration

    @property
    def method(self) -> str:
        """`closed_form` or `boosted_trees`."""
        return CLOSED_FORM if isinstance(self.predictor, ClosedForm) else TREES

    def probability(self, snapshots: Snapshots) -> FloatArray:
        """Calibrated probabilities, (n,)."""
        if isinstance(self.predictor, ClosedForm):
            return self.calibration(self.predictor.probability(snapshots))
        return self.calibration(self.predictor.probability(snapshots.features))

    def reasons(self, snapshots: Snapshots) -> TextArray:
        """What moves each trader's probability most, in words, (n,); None where nothing does."""
        if isinstance(self.predictor, ClosedForm):
            return closed_form_reasons(snapshots, self.predictor.contributions(snapshots))
        return tree_reasons(snapshots, self.predictor.contributions(snapshots.features))

    @cached_property
    def text(self) -> str:
        """Readable parameters, from which the model can be had again."""
        content: dict[str, Any] = {
            "method": self.method,
            "calibration": asdict(self.calibration),
            **self.predictor.as_json(),
        }
        return json.dumps(content, allow_nan=False)

    @property
    def digest(self) -> str:
        """Name of the parameters."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    @classmethod
    def from_text(cls, text: str) -> ChurnModel:
        """A stored version."""
        content = json.loads(text)
        method, calibration = content.pop("method"), Calibration(**content.pop("calibration"))
        reader = ClosedForm if method == CLOSED_FORM else BoostedTrees
        return cls(reader.from_json(content), calibration)
