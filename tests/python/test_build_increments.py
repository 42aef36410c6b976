"""Whatever arrives, in whatever order: the increment is the whole, and readers never notice."""

from __future__ import annotations

import multiprocessing
import shutil
import time
from dataclasses import dataclass, field, replace
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from warehouse_builds import (
    DAYS,
    INSTRUMENTS,
    Home,
    differences,
    must,
    small_accounts,
    small_fills,
    small_prices,
    write_csv,
)

pytestmark = pytest.mark.slow

Contents = dict[str, pa.Table]


@dataclass(frozen=True)
class Reading:
    """What one reader saw in one look: the build, and the rows of each mart in its database."""

    build_id: str
    rows: dict[str, int]
    parquet_build_id: str
    parquet_rows: dict[str, int]


def read_until(stop: Event, published: str, readings: Queue[Reading | str]) -> None:
    """Look at the published marts again and again, as a BI tool does."""
    folder = Path(published)
    while not stop.is_set():
        try:
            readings.put(read_once(folder))
        except Exception as error:
            readings.put(repr(error))
        time.sleep(0.05)


def read_once(published: Path) -> Reading:
    with duckdb.connect(str(published / "marts.duckdb"), read_only=True) as connection:
        connection.execute("use marts")
        tables = connection.execute("select table_name from duckdb_tables()").fetchall()
        build_id, rows = look(connection, {name: name for (name,) in tables})
    marts = (published / "marts").resolve()
    with duckdb.connect() as connection:
        files = {path.stem: f"'{path}'" for path in marts.glob("*.parquet")}
        parquet_build_id, parquet_rows = look(connection, files)
    return Reading(build_id, rows, parquet_build_id, parquet_rows)


def look(
    connection: duckdb.DuckDBPyConnection, relations: dict[str, str]
) -> tuple[str, dict[str, int]]:
    (build_id,) = connection.execute(
        f"select string_agg(distinct build_id) from {relations['source_health']}"
    ).fetchall()[0]
    rows = {
        name: connection.execute(f"select count(*) from {relation}").fetchall()[0][0]
        for name, relation in relations.items()
    }
    return build_id, rows


@dataclass(frozen=True)
class History:
    """Three loads into one home, the last two followed by a full refresh, readers all along."""

    home: Home
    manifests: list[dict[str, Any]]
    readings: list[Reading | str] = field(repr=False)
    first: Contents = field(repr=False)
    second: Contents = field(repr=False)
    second_refreshed: Contents = field(repr=False)
    third: Contents = field(repr=False)
    third_refreshed: Contents = field(repr=False)


@pytest.fixture(scope="module")
def history(bare_project: Path, tmp_path_factory: pytest.TempPathFactory) -> History:
    folder = tmp_path_factory.mktemp("increments")
    raw = folder / "raw"
    home = Home(folder / "home", raw, project=bare_project)
    manifests, contents = [], []

    def build(*arguments: str) -> None:
        must(home.dbt("build", *arguments))
        manifests.append(home.manifest())
        contents.append(home.contents())

    first_load(raw)
    build()
    with readers(home.published) as readings:
        second_load(raw)
        build()
        build("--full-refresh")
        third_load(raw)
        build()
        build("--full-refresh")
    return History(home, manifests, readings, *contents)


class readers:  # noqa: N801
    """A process that reads in a loop; what it saw is in the list once the block is left."""

    def __init__(self, published: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self.stop, self.queue = context.Event(), context.Queue()
        self.readings: list[Reading | str] = []
        self.process = context.Process(
            target=read_until, args=(self.stop, str(published), self.queue), daemon=True
        )

    def __enter__(self) -> list[Reading | str]:
        self.process.start()
        return self.readings

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        while self.process.is_alive() or not self.queue.empty():
            if not self.queue.empty():
                self.readings.append(self.queue.get())
        self.process.join()


OLD_DAYS = [day for day in DAYS[:10] if day != DAYS[4]]


def first_load(raw: Path) -> None:
    """Ten days but for one, a day with one fill, and no price of the third day's afternoon."""
    fill = small_fills(DAYS[:1])[0]
    lonely = {**fill, "fill_id": "lonely", "executed_at": "2025-02-20 12:00:00"}
    sold = {**fill, "fill_id": "sold", "account_id": "A11"}
    write_csv(raw / "fills" / "load_1.csv", [*small_fills(OLD_DAYS), sold, lonely])
    write_csv(raw / "instruments.csv", INSTRUMENTS)
    write_csv(raw / "accounts.csv", accounts(owner_of_11="T11"))
    prices = [row for row in small_prices(DAYS) if row["priced_at"] != f"{DAYS[2]} 16:00:00"]
    write_csv(raw / "index_prices.csv", prices)


def accounts(*, owner_of_11: str) -> list[dict[str, Any]]:
    """The small venue's, and one more that traded on the first day only."""
    first = small_accounts()[0]
    return [*small_accounts(), {**first, "account_id": "A11", "trader_id": owner_of_11}]


def second_load(raw: Path) -> None:
    """Two new days, a late fill, a fill corrected to another day and account, a day loaded twice,
    the lonely fill withdrawn, and an account in other hands."""
    load = {"ingested_at": "2025-03-13 08:00:00"}
    late = {**small_fills([DAYS[4]])[3], **load}
    corrected = {
        **small_fills([DAYS[5]])[2],
        "executed_at": f"{DAYS[7]} 09:30:00",
        "account_id": "A9",
        "quantity": "77",
        **load,
    }
    again = [{**fill, **load} for fill in small_fills([DAYS[6]])]
    new = small_fills(DAYS[10:])
    write_csv(raw / "fills" / "load_2.csv", [*new, late, corrected, *again])
    sold = {**small_fills(DAYS[:1])[0], "fill_id": "sold", "account_id": "A11"}
    write_csv(raw / "fills" / "load_1.csv", [*small_fills(OLD_DAYS), sold])
    write_csv(raw / "accounts.csv", accounts(owner_of_11="T4"))


def third_load(raw: Path) -> None:
    """No other fill, but a late price for an old day and a multiplier put right."""
    write_csv(raw / "index_prices.csv", small_prices(DAYS))
    mended = [
        {**row, "contract_multiplier": "0.01"}
        if row["instrument_id"] == "BTC_USDC-PERPETUAL"
        else row
        for row in INSTRUMENTS
    ]
    write_csv(raw / "instruments.csv", mended)


def fills_of(contents: Contents) -> int:
    return sum(contents["trader_features"]["fill_count"].to_pylist())


def test_new_late_corrected_repeated_withdrawn_and_moved_fills_equal_a_full_refresh(
    history: History,
) -> None:
    new, late, withdrawn = len(small_fills(DAYS[10:])), 1, 1
    assert fills_of(history.second) == fills_of(history.first) + new + late - withdrawn
    assert "T11" in history.first["trader_features"]["trader_id"].to_pylist()
    assert "T11" not in history.second["trader_features"]["trader_id"].to_pylist()
    health = history.second["source_health"].to_pylist()
    fills = next(row for row in health if row["source_table"] == "fills")
    assert (fills["rows_rejected"], fills["rows_duplicate"]) == (1, len(small_fills([DAYS[6]])))
    assert differences(history.second, history.second_refreshed) == []


def test_late_prices_and_mended_instruments_equal_a_full_refresh(history: History) -> None:
    assert differences(history.third, history.third_refreshed) == []


def test_a_full_refresh_keeps_the_history_of_segments(history: History) -> None:
    dates = history.third_refreshed["trader_segment_history"]["as_of_date"].to_pylist()
    assert {str(date) for date in dates} == {DAYS[9], DAYS[11]}


def test_readers_see_no_error_while_builds_are_published(history: History) -> None:
    errors = [reading for reading in history.readings if isinstance(reading, str)]
    assert errors == []
    assert len(history.readings) > 20


def test_readers_never_see_two_builds_in_one_look(history: History) -> None:
    expected = {
        manifest["build_id"]: {mart: entry["rows"] for mart, entry in manifest["marts"].items()}
        for manifest in history.manifests
    }
    assert len(expected) == 5
    for reading in history.readings:
        assert isinstance(reading, Reading)
        assert reading.rows == expected[reading.build_id]
        assert reading.parquet_rows == expected[reading.parquet_build_id]


def test_readers_see_each_build_once_it_is_published_and_none_later(history: History) -> None:
    seen = [reading.build_id for reading in history.readings if isinstance(reading, Reading)]
    assert seen == sorted(seen)
    published = [manifest["build_id"] for manifest in history.manifests]
    assert list(dict.fromkeys(seen))[:4] == published[:4]


def test_verify_incremental_finds_a_date_that_was_not_built_again(
    history: History, tmp_path: Path
) -> None:
    home = replace(history.home, path=tmp_path / "home")
    shutil.copytree(history.home.path, home.path, symlinks=True)
    with duckdb.connect(str(home.warehouse)) as connection:
        updated = connection.execute(
            "update int_trader_days set notional_usd = notional_usd + 1 "
            f"where trader_id = 'T5' and event_date = '{DAYS[3]}'"
        ).fetchall()
    assert updated == [(1,)]
    run = home.trader_segments("verify-incremental")
    assert not run.succeeded
    assert "trader_features: " in run.output
    assert "trader_id T5" in run.output
    equal = ("source_health", "rejected_rows", "unpriced_currencies")
    assert not any(f"{mart}: " in run.output for mart in equal)
    assert not (home.path / "build" / "verify").exists()
