"""Rules that name the clear cases: rows of a seed table, resolved against a venue's features."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trader_segments.segmentation.table import (
    BoolArray,
    FeatureTable,
    FloatArray,
    TextArray,
    is_set,
    rounded,
)

OPERATORS: dict[str, Callable[[FloatArray, float], BoolArray]] = {
    ">=": np.greater_equal,
    ">": np.greater,
    "<=": np.less_equal,
    "<": np.less,
    "=": np.equal,
}
ABSENT = "absent"
"""Operator that holds where the venue has no value of the feature at all."""

RULE_COLUMNS = (
    "rule_id",
    "style",
    "feature",
    "operator",
    "threshold",
    "threshold_kind",
    "is_definition",
)


@dataclass(frozen=True)
class Condition:
    """`feature operator threshold`; a NULL value fails it."""

    feature: str
    operator: str
    threshold: float


@dataclass(frozen=True)
class Rule:
    """Conditions that must all hold for a trader to be a clear case of `style`."""

    rule_id: str
    style: str
    is_definition: bool
    conditions: tuple[Condition, ...]

    def matches(self, table: FeatureTable) -> BoolArray:
        """Which traders meet every condition, shape (n_traders,)."""
        result = np.ones(len(table), dtype=np.bool_)
        for condition in self.conditions:
            result &= OPERATORS[condition.operator](table[condition.feature], condition.threshold)
        return result


@dataclass(frozen=True)
class RuleBook:
    """The rules that apply on a venue, with thresholds resolved.

    Attributes
    ----------
    rules : rules in force, ordered by id
    off : rule id to the reason in words why it is off
    priority : style to rank; where a trader meets rules of several styles the lowest rank wins
    """

    rules: tuple[Rule, ...]
    off: dict[str, str]
    priority: dict[str, int]

    def definitions(self, table: FeatureTable) -> tuple[BoolArray, TextArray]:
        """Traders whose style is a matter of definition, and that style (None elsewhere)."""
        label = np.full(len(table), None, dtype=object)
        for rule in reversed([rule for rule in self.rules if rule.is_definition]):
            label[rule.matches(table)] = rule.style
        return is_set(label), label

    def seeds(self, table: FeatureTable) -> tuple[TextArray, BoolArray]:
        """Label the clear cases.

        A trader that meets rules of several styles gets the one with the lowest `priority`; where
        that rank is shared (or no priorities are given) the styles contradict each other and the
        trader is a conflict, not a seed.

        Returns
        -------
        label : object array (n_traders,), the style or None
        is_conflict : bool array (n_traders,)
        """
        best = np.full(len(table), np.iinfo(np.int64).max, dtype=np.int64)
        label = np.full(len(table), None, dtype=object)
        conflict = np.zeros(len(table), dtype=np.bool_)
        styles = sorted({rule.style for rule in self.rules if not rule.is_definition})
        for style in styles:
            rank = self.priority.get(style, 0)
            rules = [rule for rule in self.rules if rule.style == style and not rule.is_definition]
            met = np.logical_or.reduce([rule.matches(table) for rule in rules])
            conflict[met & (rank == best)] = True
            wins = met & (rank < best)
            conflict[wins] = False
            best[wins] = rank
            label[wins] = style
        label[conflict] = None
        return label, conflict

    def evidence(self, table: FeatureTable, label: TextArray) -> TextArray:
        """First rule, by id, that speaks for each trader's label; None where there is none."""
        result = np.full(len(table), None, dtype=object)
        for rule in reversed(self.rules):
            result[rule.matches(table) & (label == rule.style)] = rule.rule_id
        return result


def rules_hash(rules: pd.DataFrame, styles: pd.DataFrame | None) -> str:
    """Digest of everything in the seeds that decides a label; the wording of `why` does not."""
    rows = rules.loc[:, list(RULE_COLUMNS)].assign(threshold=rules["threshold"].astype(float))
    ordered = rows.astype(str).sort_values(list(RULE_COLUMNS))
    content = [ordered.to_numpy().tolist(), sorted(priorities(styles).items())]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def priorities(styles: pd.DataFrame | None) -> dict[str, int]:
    """Style to priority from the styles seed; empty without one."""
    if styles is None:
        return {}
    return dict(zip(styles["style"].astype(str), styles["priority"].astype(int), strict=True))


def resolve_rules(
    rules: pd.DataFrame, styles: pd.DataFrame | None, table: FeatureTable
) -> RuleBook:
    """Check the rule table and resolve it on a venue's traders.

    Quantile thresholds are taken over active traders, those no definition decides. A rule is off
    where a feature it needs has no value at all, or where it asks for a feature to be absent that
    is present.

    Raises
    ------
    ValueError
        If a rule is malformed; the message names it.
    """
    ordered_rows = rules.sort_values(["rule_id", "feature", "operator", "threshold"])
    groups = {str(rule_id): rows for rule_id, rows in ordered_rows.groupby("rule_id")}
    for rule_id, rows in groups.items():
        _check_rule(rule_id, rows)
    definitions, off = _resolve_all(
        {key: rows for key, rows in groups.items() if _defines(rows)}, table
    )
    is_decided, _ = RuleBook(definitions, {}, {}).definitions(table)
    others, others_off = _resolve_all(
        {key: rows for key, rows in groups.items() if not _defines(rows)},
        table.take(np.flatnonzero(~is_decided)),
    )
    ordered = sorted(definitions + others, key=lambda rule: rule.rule_id)
    return RuleBook(tuple(ordered), off | others_off, priorities(styles))


def _defines(rows: pd.DataFrame) -> bool:
    return bool(rows["is_definition"].iloc[0])


def _check_rule(rule_id: str, rows: pd.DataFrame) -> None:
    if len(set(rows["style"])) != 1 or len(set(rows["is_definition"])) != 1:
        raise ValueError(f"rule {rule_id} names more than one style or is_definition")
    values = rows[rows["operator"] != ABSENT]
    thresholds = values["threshold"].astype(float)
    is_quantile = values["threshold_kind"] == "quantile"
    unknown = set(values["operator"]) - set(OPERATORS)
    if unknown:
        raise ValueError(f"rule {rule_id} has the unknown operator {min(unknown)}")
    unknown = set(values["threshold_kind"]) - {"absolute", "quantile"}
    if unknown:
        raise ValueError(f"rule {rule_id} has the unknown threshold kind {min(unknown)}")
    if not np.isfinite(thresholds).all():
        raise ValueError(f"rule {rule_id} lacks a threshold")
    if not thresholds[is_quantile].between(0.0, 1.0).all():
        raise ValueError(f"rule {rule_id} has a quantile outside 0 to 1")
    if is_quantile.any() and _defines(rows):
        raise ValueError(f"rule {rule_id} is a definition and may not use a quantile")
    if values.empty:
        raise ValueError(f"rule {rule_id} has no condition on a value")


def _resolve_all(
    groups: Mapping[str, pd.DataFrame], table: FeatureTable
) -> tuple[tuple[Rule, ...], dict[str, str]]:
    rules: list[Rule] = []
    off: dict[str, str] = {}
    for rule_id, rows in groups.items():
        reason = _reason_off(rows, table)
        if reason:
            off[rule_id] = reason
        else:
            rules.append(_resolve(rule_id, rows[rows["operator"] != ABSENT], table))
    return tuple(rules), off


def _reason_off(rows: pd.DataFrame, table: FeatureTable) -> str:
    is_absent = rows["operator"] == ABSENT
    missing = sorted({str(name) for name in rows.loc[~is_absent, "feature"] if not table.has(name)})
    if missing:
        return f"needs {', '.join(missing)}, which no trader has"
    present = sorted({str(name) for name in rows.loc[is_absent, "feature"] if table.has(name)})
    if present:
        return f"stands in for {', '.join(present)}, which is present"
    return ""


def _resolve(rule_id: str, rows: pd.DataFrame, table: FeatureTable) -> Rule:
    conditions = []
    for feature, operator, threshold, kind in zip(
        rows["feature"].astype(str),
        rows["operator"].astype(str),
        rows["threshold"].astype(float),
        rows["threshold_kind"],
        strict=True,
    ):
        resolved = np.nanquantile(table[feature], threshold) if kind == "quantile" else threshold
        conditions.append(Condition(feature, operator, float(rounded(resolved))))
    return Rule(rule_id, str(rows["style"].iloc[0]), _defines(rows), tuple(conditions))
