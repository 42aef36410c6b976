"""What a row of the rule seed means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trader_segments.segmentation.rules import RuleBook, resolve_rules, rules_hash
from trader_segments.segmentation.table import FeatureTable


def _rules(*rows: tuple[object, ...]) -> pd.DataFrame:
    columns = ["rule_id", "style", "feature", "operator", "threshold", "threshold_kind"]
    frame = pd.DataFrame([row[:6] for row in rows], columns=columns)
    return frame.assign(is_definition=[len(row) > 6 for row in rows], why="a reason")


def _styles(**priority: int) -> pd.DataFrame:
    return pd.DataFrame({"style": list(priority), "priority": list(priority.values())})


def _table(**columns: object) -> FeatureTable:
    frame = pd.DataFrame(columns)
    frame.insert(0, "trader_id", [f"t{row}" for row in range(len(frame))])
    return FeatureTable.from_frame(frame, columns)


def _seeds(rules: pd.DataFrame, table: FeatureTable, styles: pd.DataFrame | None = None) -> list:
    return resolve_rules(rules, styles, table).seeds(table)[0].tolist()


def test_rows_of_a_rule_are_anded_and_rules_of_a_style_ored() -> None:
    rules = _rules(
        ("a", "maker", "x", ">=", 1, "absolute"),
        ("a", "maker", "y", "<", 5, "absolute"),
        ("b", "maker", "y", "=", 9, "absolute"),
    )
    table = _table(x=[1, 1, 0, 0], y=[4, 5, 4, 9])
    assert _seeds(rules, table) == ["maker", None, None, "maker"]


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (">=", [False, True, True]),
        (">", [False, False, True]),
        ("<=", [True, True, False]),
        ("<", [True, False, False]),
        ("=", [False, True, False]),
    ],
)
def test_operators_at_their_boundary(operator: str, expected: list[bool]) -> None:
    """The 5 % of Kirilenko et al. 2017 is inside with <= and outside with <."""
    table = _table(net=[0.0499, 0.05, 0.0501])
    found = _seeds(_rules(("r", "s", "net", operator, 0.05, "absolute")), table)
    assert [label == "s" for label in found] == expected


@pytest.mark.parametrize("operator", [">=", ">", "<=", "<", "="])
def test_null_fails_every_condition(operator: str) -> None:
    table = _table(x=[None, 0.0])
    rules = _rules(("r", "s", "x", operator, 0.0, "absolute"))
    assert resolve_rules(rules, None, table).seeds(table)[0][0] is None


def test_rules_on_absent_features_are_off_with_the_reason() -> None:
    rules = _rules(
        ("known", "maker", "roles", ">=", 0.7, "absolute"),
        ("stand_in", "maker", "roles", "absent", None, "absolute"),
        ("stand_in", "maker", "x", ">=", 1, "absolute"),
    )
    without = resolve_rules(rules, None, _table(x=[1.0, 0.0], roles=[None, None]))
    assert without.off == {"known": "needs roles, which no trader has"}
    assert without.seeds(_table(x=[1.0, 0.0]))[0].tolist() == ["maker", None]
    with_roles = resolve_rules(rules, None, _table(x=[1.0, 0.0], roles=[0.1, 0.9]))
    assert with_roles.off == {"stand_in": "stands in for roles, which is present"}


def test_quantiles_are_taken_over_active_traders_once() -> None:
    rules = _rules(
        ("gone", "dormant", "silent", ">=", 1, "absolute", "definition"),
        ("busy", "fast", "fills", ">=", 0.5, "quantile"),
    )
    table = _table(silent=[0, 0, 0, 1, 1], fills=[10, 20, 30, 1000, 2000])
    book = resolve_rules(rules, None, table)
    assert book.rules[0].conditions[0].threshold == 20.0
    assert book.seeds(_table(silent=[0, 0], fills=[19.0, 21.0]))[0].tolist() == [None, "fast"]
    decided, style = book.definitions(table)
    assert decided.tolist() == [False, False, False, True, True]
    assert style.tolist() == [None, None, None, "dormant", "dormant"]


def test_a_quantile_without_active_traders_switches_the_rule_off() -> None:
    rules = _rules(
        ("gone", "dormant", "silent", ">=", 0, "absolute", "definition"),
        ("busy", "fast", "fills", ">=", 0.5, "quantile"),
    )
    book = resolve_rules(rules, None, _table(silent=[0.0], fills=[1.0]))
    assert book.off == {"busy": "needs fills, which no trader has"}


def test_two_styles_conflict_unless_priority_settles_it() -> None:
    rules = _rules(
        ("a", "maker", "x", ">=", 1, "absolute"), ("b", "small", "y", ">=", 1, "absolute")
    )
    table = _table(x=[1, 1, 0], y=[0, 1, 1])
    book = resolve_rules(rules, None, table)
    label, conflict = book.seeds(table)
    assert label.tolist() == ["maker", None, "small"]
    assert conflict.tolist() == [False, True, False]
    assert _seeds(rules, table, _styles(maker=2, small=3)) == ["maker", "maker", "small"]
    assert _seeds(rules, table, _styles(maker=3, small=2)) == ["maker", "small", "small"]
    assert _seeds(rules, table, _styles(maker=2, small=2)) == ["maker", None, "small"]


def test_a_stronger_style_settles_a_conflict_of_weaker_ones() -> None:
    rules = _rules(*[(style, style, "x", ">=", 1, "absolute") for style in "abc"])
    table = _table(x=[1, 0])
    for ranks, expected in [({"a": 2, "b": 2, "c": 1}, "c"), ({"a": 1, "b": 2, "c": 1}, None)]:
        assert _seeds(rules, table, _styles(**ranks))[0] == expected


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("r", "s", "x", "~", 1, "absolute"), "unknown operator ~"),
        (("r", "s", "x", ">=", 1, "rank"), "unknown threshold kind rank"),
        (("r", "s", "x", ">=", None, "absolute"), "lacks a threshold"),
        (("r", "s", "x", ">=", 2, "quantile"), "quantile outside 0 to 1"),
        (("r", "s", "x", ">=", 0.5, "quantile", "definition"), "is a definition"),
        (("r", "s", "x", "absent", None, "absolute"), "no condition on a value"),
    ],
)
def test_malformed_rules_are_named(row: tuple[object, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"rule r .*{message}"):
        resolve_rules(_rules(row), None, _table(x=[1.0]))


def test_a_rule_has_one_style() -> None:
    rules = _rules(("r", "s", "x", ">=", 1, "absolute"), ("r", "t", "x", ">=", 1, "absolute"))
    with pytest.raises(ValueError, match="rule r names more than one style"):
        resolve_rules(rules, None, _table(x=[1.0]))


def test_the_hash_follows_meaning_not_wording_or_order() -> None:
    rules = _rules(
        ("a", "maker", "x", ">=", 1, "absolute"), ("b", "small", "y", "<", 2, "absolute")
    )
    styles = _styles(maker=1, small=2)
    same = rules.iloc[::-1].assign(why="other words", threshold=[2.0, 1.0])
    assert rules_hash(same, styles) == rules_hash(rules, styles)
    assert rules_hash(rules.assign(threshold=[1, 3]), styles) != rules_hash(rules, styles)
    assert rules_hash(rules, _styles(maker=2, small=1)) != rules_hash(rules, styles)


def test_no_rules_label_nobody() -> None:
    label, conflict = RuleBook((), {}, {}).seeds(_table(x=[1.0, 2.0]))
    assert label.tolist() == [None, None]
    assert not np.any(conflict)
