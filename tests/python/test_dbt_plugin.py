"""What makes a build rebuild all facts, and what does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from trader_segments.dbt_plugin import digest_code
from warehouse_builds import ROOT

READ_AFTER_FACTS = {
    "as_of_date": dt.date(2025, 3, 1),
    "hash_trader_ids": True,
    "promote_segmentation": "2025-03-01-abcdef01",
    "refit_segmentation": True,
    "segmentation_refits": {"every_days": None},
    "segmentation_promotion": {"least_agreement": 0.5, "most_moved": 1},
    "style_change_probability": 0.5,
    "toxicity_minimum_orders": 1,
    "trader_features": [],
    "campaigns": [],
}
READ_BY_FACTS = {
    "dollar_currencies": ["USD"],
    "large_move": {"volatilities": 3},
    "markout_horizons": {"2s": 2},
    "maximum_implied_volatility": 3,
    "venues": {},
    "not_known_here": 1,
}


@cache
def digest_without() -> str:
    return digest_code(ROOT, "{}")


def digest_with(variables: Mapping[str, Any]) -> str:
    return digest_code(ROOT, yaml.safe_dump(dict(variables)))


@pytest.mark.parametrize("name", READ_AFTER_FACTS)
def test_a_var_that_is_read_after_the_facts_rebuilds_none(name: str) -> None:
    assert digest_with({name: READ_AFTER_FACTS[name]}) == digest_without()


@pytest.mark.parametrize("name", READ_BY_FACTS)
def test_a_var_that_facts_read_rebuilds_them(name: str) -> None:
    assert digest_with({name: READ_BY_FACTS[name]}) != digest_without()


def test_a_var_with_the_value_it_has_in_the_project_changes_nothing() -> None:
    settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert digest_with({"large_move": settings["vars"]["large_move"]}) == digest_without()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one fact, one feature and one mart's description."""
    files = {
        "dbt_project.yml": "name: p\nvars: {size: 1, shown: 2}\n",
        "models/intermediate/int_days.sql": "select {{ var('size') }} as size",
        "models/features/feat_days.sql": "select {{ var(\n  'shown') }} as shown",
        "models/marts/_marts.yml": "models: []",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "content", "is_of_facts"),
    [
        ("dbt_project.yml", "name: p\nvars: {size: 1, shown: 3}\n", False),
        ("dbt_project.yml", "name: p\nvars: {size: 2, shown: 2}\n", True),
        ("dbt_project.yml", "name: p\nvars: {size: 1, shown: 2}\nquoting: {}\n", True),
        ("models/intermediate/int_days.sql", "select 2 as size", True),
        ("models/features/feat_days.sql", "select {{ var('shown') }} + 1", False),
        ("models/marts/_marts.yml", "models: [{name: a}]", False),
        ("seeds/sizes.csv", "size\n1\n", True),
    ],
)
def test_facts_are_rebuilt_for_what_they_are_made_by(
    project: Path, name: str, content: str, is_of_facts: bool
) -> None:
    before = digest_code(project, "{}")
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text(content, encoding="utf-8")
    assert (digest_code(project, "{}") != before) == is_of_facts
