"""The challenger: boosted trees, kept as text that can be read and scored without a library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from trader_segments.churn.calibration import sigmoid
from trader_segments.churn.snapshots import FEATURES
from trader_segments.segmentation.table import FloatArray, IntArray

Node = dict[str, Any] | float
"""A leaf's score, or a question: whether `feature` is `at_most` so much (None: known at all), what
to answer where it is `unknown`, and what `yes` and `no` lead to.
"""

TREES = 120
LEARNING_RATE = 0.06
LEAVES = 8
LEAF_ROWS = 40
RIDGE = 1.0


@dataclass(frozen=True)
class Tree:
    """One tree as arrays (n_nodes,); node 0 is the root, and a leaf leads to itself."""

    feature: IntArray
    bound: FloatArray
    unknown_is_low: IntArray
    low: IntArray
    high: IntArray
    value: FloatArray
    depth: int

    def scores(self, columns: FloatArray) -> FloatArray:
        """Scores of features given as columns (n_features, n), (n,)."""
        node = np.zeros(columns.shape[1], dtype=np.int64)
        rows = np.arange(columns.shape[1])
        for _ in range(self.depth):
            values = columns[self.feature[node], rows]
            is_low = np.where(
                np.isnan(values), self.unknown_is_low[node] == 1, values <= self.bound[node]
            )
            node = np.where(is_low, self.low[node], self.high[node])
        return self.value[node]


@dataclass(frozen=True)
class BoostedTrees:
    """Log-odds as a sum of trees.

    Attributes
    ----------
    baseline : log-odds before the first tree
    nodes : the trees as nested questions
    typical : median of each feature where it was fitted, NaN where none is known
    """

    baseline: float
    nodes: tuple[Node, ...]
    typical: tuple[float, ...]

    def probability(self, features: FloatArray) -> FloatArray:
        """Probabilities, (n,).

        Parameters
        ----------
        features : (n, n_features) in the order of `FEATURES`
        """
        columns = np.ascontiguousarray(features.T)
        total = np.full(len(features), self.baseline)
        for tree in self._trees():
            total += tree.scores(columns)
        return sigmoid(total)

    def contributions(self, features: FloatArray) -> FloatArray:
        """What each feature adds to the log-odds, (n_features, n).

        That is by how much they change where the trader had the median of the feature. Only trees
        that ask for a feature are scored again.
        """
        columns = np.ascontiguousarray(features.T)
        added = np.zeros_like(columns)
        for tree in self._trees():
            scores = tree.scores(columns)
            for feature in np.unique(tree.feature[tree.low != np.arange(len(tree.low))]).tolist():
                own = columns[feature].copy()
                columns[feature] = self.typical[feature]
                added[feature] += scores - tree.scores(columns)
                columns[feature] = own
        return added

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        typical = {
            name: None if np.isnan(value) else value
            for name, value in zip(FEATURES, self.typical, strict=True)
        }
        return {"baseline": self.baseline, "typical": typical, "trees": list(self.nodes)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> BoostedTrees:
        """Stored trees."""
        known = {name: value for name, value in content["typical"].items() if value is not None}
        typical = tuple(float(known.get(name, np.nan)) for name in FEATURES)
        return cls(float(content["baseline"]), tuple(content["trees"]), typical)

    def _trees(self) -> list[Tree]:
        return [_as_arrays(node) for node in self.nodes]


def fit_trees(features: FloatArray, outcome: FloatArray) -> BoostedTrees:
    """Fit gradient boosting on the log-loss.

    Parameters
    ----------
    features : (n, n_features) in the order of `FEATURES`, NaN where not known
    outcome : (n,) 0 or 1, both of them present
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        learning_rate=LEARNING_RATE,
        max_iter=TREES,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAF_ROWS,
        l2_regularization=RIDGE,
        early_stopping=False,
        random_state=0,
    )
    # what is known of nobody is no column to scikit-learn, and a constant asks nothing
    is_known = ~np.isnan(features).all(axis=0)
    with threadpool_limits(1):
        model.fit(np.where(is_known, features, 0.0), outcome.astype(np.int64))
    nodes = tuple(_as_node(stage[0].nodes, 0) for stage in model._predictors)
    typical = tuple(
        float(np.median(known)) if len(known := column[~np.isnan(column)]) else np.nan
        for column in features.T
    )
    return BoostedTrees(float(np.ravel(model._baseline_prediction)[0]), nodes, typical)


def _as_node(nodes: Any, position: int) -> Node:
    """A node of scikit-learn and what is below it; bounds and values keep every digit."""
    node = nodes[position]
    if node["is_leaf"]:
        return float(node["value"])
    return {
        "feature": FEATURES[int(node["feature_idx"])],
        "at_most": bound if np.isfinite(bound := float(node["num_threshold"])) else None,
        "unknown": "yes" if node["missing_go_to_left"] else "no",
        "yes": _as_node(nodes, int(node["left"])),
        "no": _as_node(nodes, int(node["right"])),
    }


def _as_arrays(root: Node) -> Tree:
    rows: list[list[float]] = []

    def add(node: Node) -> tuple[int, int]:
        """Append a node; its position and the depth below it."""
        position = len(rows)
        if not isinstance(node, dict):
            rows.append([0, np.inf, 1, position, position, float(node)])
            return position, 0
        rows.append([])
        low, low_depth = add(node["yes"])
        high, high_depth = add(node["no"])
        unknown = 1 if node["unknown"] == "yes" else 0
        feature = FEATURES.index(node["feature"])
        bound = np.inf if node["at_most"] is None else float(node["at_most"])
        rows[position] = [feature, bound, unknown, low, high, 0.0]
        return position, 1 + max(low_depth, high_depth)

    _, depth = add(root)
    feature, bound, unknown, low, high, value = np.array(rows, dtype=np.float64).T
    whole = [column.astype(np.int64) for column in (feature, unknown, low, high)]
    return Tree(whole[0], bound, whole[1], whole[2], whole[3], value, depth)
