"""A history that is filled afterwards is the one that builds of those dates would have left."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from warehouse_builds import DAYS, Home, differences, must

pytestmark = pytest.mark.slow

HISTORIES = ("trader_segment_history", "feature_drift", "segment_drift")
PAST = [DAYS[5], DAYS[7], DAYS[9]]


@pytest.fixture(scope="module")
def homes(
    bare_project: Path, small_venue: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Home, Home]:
    """One home whose past is filled after the present, one that was built date by date."""
    folder = tmp_path_factory.mktemp("backfill")
    filled = Home(folder / "filled", small_venue, project=bare_project)
    built = Home(folder / "built", small_venue, project=bare_project)
    for date in PAST:
        must(built.dbt("build", "--vars", f"as_of_date: {date}"))
    must(built.dbt("build"))
    must(filled.dbt("build", "--vars", f"as_of_date: {PAST[0]}"))
    must(filled.dbt("build"))
    run = must(
        filled.trader_segments("backfill", "--from", PAST[0], "--to", PAST[-1], "--every", "2")
    )
    assert "1 of 3 dates are in the history already" in run.output
    assert f"2/2  {PAST[-1]}" in run.output
    return filled, built


def rows(home: Home, table: str, condition: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.execute(f"from {table} where {condition} order by all").fetchall()


@pytest.mark.parametrize("history", HISTORIES)
def test_rows_of_past_dates_are_those_of_builds_in_their_time(
    homes: tuple[Home, Home], history: str
) -> None:
    filled, built = homes
    past = f"as_of_date <= date '{PAST[-1]}'"
    assert rows(filled, history, past) == rows(built, history, past)
    if history == "trader_segment_history":
        dates = {row[1] for row in rows(filled, history, "true")}
        assert [str(date) for date in sorted(dates)] == [*PAST, DAYS[11]]  # type: ignore[type-var]


def test_the_present_is_published_and_facts_reach_to_it(homes: tuple[Home, Home]) -> None:
    filled, built = homes
    assert filled.manifest()["as_of_date"] == DAYS[11]
    present = ("trader_features", "source_health", "trader_fee_tiers")
    assert differences(filled.contents(), built.contents(), present) == []
    for fact in ("int_position_quantities", "int_trader_exposure_days", "int_trader_states"):
        assert rows(filled, fact, "true") == rows(built, fact, "true")


def test_a_date_outside_the_data_is_refused(homes: tuple[Home, Home]) -> None:
    run = homes[0].trader_segments("backfill", "--from", "2025-02-01", "--to", PAST[0])
    assert not run.succeeded
    assert "2025-02-01 is outside the data that is built, 2025-03-01 to 2025-03-12" in run.output
