"""A history that is filled afterwards is the one that builds of those dates would have left."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from warehouse_builds import DAYS, Home, differences, must

pytestmark = pytest.mark.slow

HISTORIES = (
    "trader_segment_history",
    "segment_summary_history",
    "feature_drift",
    "segment_drift",
    "value_models",
    "value_quality",
)
FACTS = ("int_position_quantities", "int_trader_exposure_days", "int_trader_states")
PRESENT = ("trader_features", "source_health", "trader_fee_tiers")
PAST = [DAYS[5], DAYS[8]]

Rows = list[tuple[object, ...]]


def rows(home: Home, table: str, condition: str = "true") -> Rows:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute(f"from {table} where {condition} order by all").fetchall()


@dataclass(frozen=True)
class Filled:
    """A home that lacked a past date until it was filled, and one that was built on that date."""

    home: Home
    in_time: Home
    output: str
    marts_before: dict[str, pa.Table] = field(repr=False)
    facts_before: dict[str, Rows] = field(repr=False)


@pytest.fixture(scope="module")
def filled(
    bare_project: Path, small_venue: Path, tmp_path_factory: pytest.TempPathFactory
) -> Filled:
    folder = tmp_path_factory.mktemp("backfill")
    home = Home(folder / "filled", small_venue, project=bare_project)
    must(home.dbt("build", "--vars", f"as_of_date: {PAST[0]}"))
    in_time = replace(home, path=folder / "in_time")
    shutil.copytree(home.path, in_time.path, symlinks=True)
    must(in_time.dbt("build", "--vars", f"as_of_date: {PAST[1]}"))
    must(home.dbt("build"))
    before = home.contents(), {fact: rows(home, fact) for fact in FACTS}
    run = must(home.trader_segments("backfill", "--from", PAST[0], "--to", PAST[1], "--every", "3"))
    return Filled(home, in_time, run.output, *before)


def test_dates_of_the_history_are_left_out_and_the_others_counted(filled: Filled) -> None:
    assert "1 of 2 dates are in the history already" in filled.output
    assert f"1/1  {PAST[1]}" in filled.output
    dates = {str(row[1]) for row in rows(filled.home, "trader_segment_history")}
    assert sorted(dates) == [*PAST, DAYS[11]]


@pytest.mark.parametrize("history", HISTORIES)
def test_rows_of_past_dates_are_those_of_builds_in_their_time(filled: Filled, history: str) -> None:
    past = f"as_of_date <= date '{PAST[1]}'"
    found = rows(filled.home, history, past)
    assert found
    assert found == rows(filled.in_time, history, past)


def test_the_present_is_published_again_as_it_was(filled: Filled) -> None:
    assert filled.home.manifest()["as_of_date"] == DAYS[11]
    assert differences(filled.home.contents(), filled.marts_before, PRESENT) == []
    assert {fact: rows(filled.home, fact) for fact in FACTS} == filled.facts_before


def test_a_date_outside_the_data_is_refused(filled: Filled) -> None:
    run = filled.home.trader_segments("backfill", "--from", "2025-02-01", "--to", PAST[0])
    assert not run.succeeded
    assert "2025-02-01 is outside the data that is built, 2025-03-01 to 2025-03-12" in run.output
