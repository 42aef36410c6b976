"""The command load-sanctions: a list in the restricted database, replaced whole or not at all."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from trader_segments.cli import main
from trader_segments.screening import StoreError, read_list, store_list
from trader_segments.warehouse import compact
from warehouse_builds import ROOT

FIRST = "ent_num,asset,address\n1,ETH,0xAB\n2,XBT,1Fictional\nbroken,XBT,1X\n"
SECOND = "ent_num,asset,address\n3,ETH,0xCD\n"
Load = Callable[..., Result]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "home" / "build" / "restricted.duckdb"


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.chdir(ROOT)

    def run(content: str, *arguments: str) -> Result:
        file = tmp_path / "list.csv"
        file.write_text(content, encoding="utf-8")
        return CliRunner().invoke(
            main,
            ["load-sanctions", str(file), *arguments],
            env={"TRADER_SEGMENTS_HOME": str(tmp_path / "home")},
        )

    return run


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_list_is_stored_and_what_is_broken_is_told(load: Load, database: Path) -> None:
    result = load(FIRST)
    assert result.exit_code == 0, result.output
    assert result.output.startswith(
        "ofac_addresses: 2 entries, 0 names and 2 addresses of 3 records (0 repeated, 1 broken)\n"
        "  line 4: the number of the entry is no number: broken,XBT,1X\n"
    )
    assert rows(
        database, "select entry_id, asset, address from sanctions.wallets order by all"
    ) == [
        ("1", "ETH", "0xab"),
        ("2", "XBT", "1Fictional"),
    ]
    assert rows(database, "select line_number from sanctions.broken_lines") == [(4,)]
    assert rows(database, "select records, entries, broken_lines from sanctions.lists") == [
        (3, 2, 1)
    ]


def test_another_version_replaces_the_list_and_no_other(load: Load, database: Path) -> None:
    load(FIRST)
    load(FIRST, "--list", "kept")
    result = load(SECOND)
    assert "replaces" in result.output
    query = "select list_name, entry_id from sanctions.wallets order by all"
    assert rows(database, query) == [("kept", "1"), ("kept", "2"), ("ofac_addresses", "3")]
    query = "select list_name, line_number from sanctions.broken_lines"
    assert rows(database, query) == [("kept", 4)]
    assert "(the same)" in load(SECOND).output


def test_a_load_that_fails_leaves_the_earlier_version(
    load: Load, database: Path, tmp_path: Path
) -> None:
    load(FIRST)
    with duckdb.connect(str(database)) as connection:
        connection.execute("alter table sanctions.broken_lines add column more integer")
        connection.execute("alter table sanctions.wallets alter column asset set not null")
    file = tmp_path / "next.csv"
    file.write_text("ent_num,asset,address\n3,,0xCD\n", encoding="utf-8")
    with pytest.raises(duckdb.ConstraintException):
        store_list(database, read_list(file), dt.datetime(2026, 1, 1))
    query = "select entry_id from sanctions.wallets order by all"
    assert rows(database, query) == [("1",), ("2",)]
    assert rows(database, "select entries from sanctions.lists") == [(2,)]


def test_what_is_no_list_is_refused_and_nothing_stored(load: Load, database: Path) -> None:
    result = load("country,status\nNowhere,listed\n")
    assert result.exit_code == 1
    assert "not a format that is known" in result.output
    assert not database.exists()


def test_a_database_that_is_open_elsewhere_is_told(database: Path, tmp_path: Path) -> None:
    database.parent.mkdir(parents=True)
    script = (
        f"import duckdb; held = duckdb.connect({str(database)!r}); print(1, flush=True); input()"
    )
    file = tmp_path / "list.csv"
    file.write_text(FIRST, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StoreError, match="open elsewhere"):
            store_list(database, read_list(file), dt.datetime(2026, 1, 1))
        other.communicate("\n")


def test_compacting_the_database_keeps_the_lists(load: Load, database: Path) -> None:
    load(FIRST)
    compact(database)
    assert len(rows(database, "select * from sanctions.entries")) == 2
