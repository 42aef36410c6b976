"""Micro-segments in a sentence: a shallow tree over features in their own units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from trader_segments.segmentation.reasons import label
from trader_segments.segmentation.table import BoolArray, FloatArray, IntArray

DEEPEST_TREE = 4
MOST_LEAVES = 8
SMALLEST_LEAF_SHARE = 0.02
GOOD_FIDELITY = 0.95
"""Share of traders from which a smaller tree is preferred to a better one."""

TREE_ROWS = 10_000
LEAF = -1
"""What scikit-learn writes for the children of a leaf."""


@dataclass(frozen=True)
class Interval:
    """`lower` ≤ feature < `upper`; None where a side is open. Unknown values lie in none."""

    feature: str
    lower: float | None
    upper: float | None

    def holds(self, values: FloatArray) -> BoolArray:
        """Whether each value lies inside, shape (n_traders,)."""
        inside = ~np.isnan(values)
        if self.lower is not None:
            inside &= values >= self.lower
        if self.upper is not None:
            inside &= values < self.upper
        return np.asarray(inside)

    @property
    def text(self) -> str:
        """Words with the condition behind them: `high option share (option_share ≥ 0.62)`."""
        words = label(self.feature)
        if self.lower is None:
            return f"low {words} ({self.feature} < {_shown(self.upper)})"
        if self.upper is None:
            return f"high {words} ({self.feature} ≥ {_shown(self.lower)})"
        return f"middling {words} ({_shown(self.lower)} ≤ {self.feature} < {_shown(self.upper)})"


@dataclass(frozen=True)
class Description:
    """What tells the traders of one micro-segment from the others of their style.

    Attributes
    ----------
    branches : alternatives, in each of which every interval must hold
    text : the sentence
    fidelity : share of the micro-segment's traders for whom the sentence is true
    precision : share of the traders for whom it is true who belong to the micro-segment
    """

    branches: tuple[tuple[Interval, ...], ...]
    text: str
    fidelity: float
    precision: float

    def holds(self, values: Mapping[str, FloatArray]) -> BoolArray:
        """For whom the sentence is true, (n_traders,), given each feature's values."""
        branches = [
            np.logical_and.reduce([part.holds(values[part.feature]) for part in branch])
            for branch in self.branches
        ]
        n = len(next(iter(values.values()), np.empty(0)))
        return np.asarray(np.logical_or.reduce([np.zeros(n, dtype=np.bool_), *branches]))


def describe_clusters(
    values: Mapping[str, FloatArray], labels: IntArray, k: int, random_state: int
) -> tuple[Description, ...]:
    """Describe clusters by the smallest tree that puts nearly everybody where they are.

    Trees of depth 4 grow by their best split, leaf by leaf, until 95 % of the traders are put into
    their cluster, to 8 leaves at most. Thresholds are rounded as far as no trader changes side. An
    unknown value counts as the median when the tree grows, and meets no condition of the sentence.

    Parameters
    ----------
    values : feature to (n_traders,) values in their own units, in an order no caller chooses
    labels : (n_traders,) cluster of each trader in 0..k-1

    Returns
    -------
    one description per cluster; no tree leaf may be its own, and then its fidelity is 0
    """
    names = [name for name, column in values.items() if not np.isnan(column).all()]
    known = {name: values[name][:TREE_ROWS] for name in names}
    labels = labels[:TREE_ROWS]
    filled = np.column_stack([_filled(column) for column in known.values()])
    tree = _smallest_tree(filled, labels, k, random_state)
    branches = _branches(tree, filled, names)
    return tuple(
        _describe(branches.get(cluster, []), known, labels, cluster) for cluster in range(k)
    )


def _smallest_tree(
    filled: FloatArray, labels: IntArray, k: int, random_state: int
) -> DecisionTreeClassifier:
    best, highest = None, -1.0
    for leaves in range(k, max(MOST_LEAVES, k) + 1):
        tree = DecisionTreeClassifier(
            max_depth=DEEPEST_TREE,
            max_leaf_nodes=leaves,
            min_samples_leaf=SMALLEST_LEAF_SHARE,
            random_state=random_state,
        ).fit(filled, labels)
        fidelity = float(tree.score(filled, labels))
        if fidelity > highest:
            best, highest = tree, fidelity
        if highest >= GOOD_FIDELITY:
            break
    assert best is not None
    return best


def _branches(
    model: DecisionTreeClassifier, filled: FloatArray, names: Sequence[str]
) -> dict[int, list[tuple[Interval, ...]]]:
    """For each cluster the ways that lead to it; siblings of one cluster are one way."""
    tree = model.tree_
    is_there = np.asarray(model.decision_path(filled).toarray(), dtype=np.bool_)
    result: dict[int, list[tuple[Interval, ...]]] = {}

    def outcomes(node: int) -> set[int]:
        if tree.children_left[node] == LEAF:
            return {int(model.classes_[tree.value[node].argmax()])}
        return outcomes(tree.children_left[node]) | outcomes(tree.children_right[node])

    def walk(node: int, bounds: dict[str, tuple[float | None, float | None]]) -> None:
        reached = outcomes(node)
        if len(reached) == 1:
            way = tuple(Interval(name, *bound) for name, bound in bounds.items())
            result.setdefault(reached.pop(), []).append(way)
            return
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        column, name = filled[:, tree.feature[node]], names[tree.feature[node]]
        threshold = _between(column[is_there[:, left]].max(), column[is_there[:, right]].min())
        lower, upper = bounds.get(name, (None, None))
        walk(left, {**bounds, name: (lower, threshold)})
        walk(right, {**bounds, name: (threshold, upper)})

    walk(0, {})
    return result


def _describe(
    branches: Sequence[tuple[Interval, ...]],
    values: Mapping[str, FloatArray],
    labels: IntArray,
    cluster: int,
) -> Description:
    ways = [" and ".join(part.text for part in branch) for branch in branches]
    text = "; or ".join(way for way in ways if way) or "no short description"
    draft = Description(tuple(branches), text[0].upper() + text[1:], 0.0, 0.0)
    if not branches:
        return draft
    found, belongs = draft.holds(values), labels == cluster
    both = float(np.sum(found & belongs))
    return Description(
        draft.branches,
        draft.text,
        round(both / max(1, int(belongs.sum())), 6),
        round(both / max(1, int(found.sum())), 6),
    )


def _filled(column: FloatArray) -> FloatArray:
    return np.asarray(np.where(np.isnan(column), np.nanmedian(column), column))


def _between(below: float, above: float) -> float:
    """The shortest number t with below < t ≤ above, near their middle."""
    middle = below + (above - below) / 2.0
    for digits in range(2, 17):
        candidate = float(f"{middle:.{digits}g}")
        if below < candidate <= above:
            return candidate
    return float(above)


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:,.10g}"
