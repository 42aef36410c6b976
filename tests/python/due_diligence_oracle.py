"""The rules of due diligence, decided by hand: what the models in SQL are held against."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

LEVELS: Sequence[Row] = (
    {"level": "simplified", "strictness": 0, "points_from": 0},
    {"level": "standard", "strictness": 1, "points_from": 25},
    {"level": "enhanced", "strictness": 2, "points_from": 50},
    {"level": "prohibited", "strictness": 3, "points_from": None},
)
COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "=": operator.eq,
}


def holds(rule: Row, facts: Iterable[Row]) -> bool:
    """Whether a rule holds for a trader of whom these facts are known."""
    asked = [fact for fact in facts if fact["fact"] == rule["fact"]]
    if rule["operator"] == "unknown":
        return not asked
    return any(
        (rule["category"] is None or fact["detail"] == rule["category"])
        and (
            rule["operator"] is None
            or COMPARE[rule["operator"]](fact["fact_value"], rule["threshold"])
        )
        for fact in asked
    )


def strictness(level: str | None, levels: Iterable[Row] = LEVELS) -> int:
    """Place of a level in their order, -1 of none."""
    return next((row["strictness"] for row in levels if row["level"] == level), -1)


def decide(
    hits: Iterable[Row], override: str | None = None, levels: Sequence[Row] = LEVELS
) -> tuple[int, str]:
    """Points and level of a trader for whom these rules hold."""
    hits = list(hits)
    points = sum(hit["points"] for hit in hits)
    reached = max(
        (row for row in levels if row["points_from"] is not None and points >= row["points_from"]),
        key=lambda row: row["strictness"],
    )
    start = override if override is not None else reached["level"]
    floors = [hit["floor"] for hit in hits if hit["floor"] is not None]
    return points, max([start, *floors], key=lambda level: strictness(level, levels))
