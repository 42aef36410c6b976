"""The command load-sanctions: a list in a database of its own, replaced whole or not at all."""

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
from trader_segments.screening import StoreError, read_list, read_lists, store_list
from trader_segments.warehouse import DATABASES, Origin, set_aside, write_origin
from warehouse_builds import ROOT

FIRST = "ent_num,asset,address\n1,ETH,0xAB\n2,XBT,1Fictional\nbroken,XBT,1X\n"
SECOND = "ent_num,asset,address\n3,ETH,0xCD\n"
Load = Callable[..., Result]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "home" / "build" / "sanctions.duckdb"


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
    assert rows(database, "select entry_id, asset, address from wallets order by all") == [
        ("1", "ETH", "0xab"),
        ("2", "XBT", "1Fictional"),
    ]
    assert rows(database, "select line_number from broken_lines") == [(4,)]
    assert rows(database, "select records, entries, broken_lines from lists") == [(3, 2, 1)]


def test_another_version_replaces_the_list_and_no_other(load: Load, database: Path) -> None:
    load(FIRST)
    load(FIRST, "--list", "kept")
    result = load(SECOND)
    assert "replaces" in result.output
    query = "select list_name, entry_id from wallets order by all"
    assert rows(database, query) == [("kept", "1"), ("kept", "2"), ("ofac_addresses", "3")]
    query = "select list_name, line_number from broken_lines"
    assert rows(database, query) == [("kept", 4)]
    assert "(the same)" in load(SECOND).output


def test_a_load_that_fails_leaves_the_earlier_version(
    load: Load, database: Path, tmp_path: Path
) -> None:
    load(FIRST)
    with duckdb.connect(str(database)) as connection:
        connection.execute("alter table broken_lines add column more integer")
        connection.execute("alter table wallets alter column asset set not null")
    file = tmp_path / "next.csv"
    file.write_text("ent_num,asset,address\n3,,0xCD\n", encoding="utf-8")
    with pytest.raises(duckdb.ConstraintException):
        store_list(database, read_list(file), dt.datetime(2026, 1, 1))
    query = "select entry_id from wallets order by all"
    assert rows(database, query) == [("1",), ("2",)]
    assert rows(database, "select entries from lists") == [(2,)]


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


def test_what_stays_on_a_list_keeps_the_day_of_its_first_load(
    database: Path, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    for day, content in (
        (1, FIRST),
        (2, FIRST + "2,ETH,0xEF\n"),
        (3, "ent_num,asset,address\n2,ETH,0xEF\n"),
    ):
        file.write_text(content, encoding="utf-8")
        store_list(database, read_list(file), dt.datetime(2026, 1, day, 12))
        if day == 2:
            query = "select address, first_loaded_on::varchar from wallets order by all"
            assert rows(database, query) == [
                ("0xab", "2026-01-01"),
                ("0xef", "2026-01-02"),
                ("1Fictional", "2026-01-01"),
            ]
    query = "select address, first_loaded_on::varchar from wallets"
    assert rows(database, query) == [("0xef", "2026-01-02")]


def test_another_input_leaves_the_lists_where_they_are(load: Load, database: Path) -> None:
    build = database.parent
    build.mkdir(parents=True)
    for name in DATABASES:
        with duckdb.connect(str(build / name)) as connection:
            write_origin(connection, Origin("exchange", "/data/a"))
    load(FIRST)
    assert set_aside(build, Origin("exchange", "/data/b")) is not None
    assert not (build / DATABASES[1]).exists()
    lists = read_lists(database)
    assert lists is not None
    assert lists.wallets["address"].tolist() == ["0xab", "1Fictional"]


def test_where_nothing_is_loaded_there_are_no_lists(database: Path) -> None:
    assert read_lists(database) is None


def test_the_version_of_all_lists_is_that_of_their_content(load: Load, database: Path) -> None:
    versions = []
    for content, name in ((FIRST, "a"), (FIRST, "a"), (SECOND, "b"), (SECOND, "a"), (FIRST, "a")):
        load(content, "--list", name)
        lists = read_lists(database)
        assert lists is not None
        versions.append(lists.version)
    assert versions[0] == versions[1]
    assert versions[2] == versions[4]
    assert len(set(versions)) == 3


def test_aliases_of_the_native_form_are_added_to_their_entries(load: Load, tmp_path: Path) -> None:
    nulls = ",".join(["-0- "] * 7)
    sdn = f'7,"INVENTUS, Quill","individual",-0- ,{nulls},-0- \n'
    aliases = tmp_path / "alt.csv"
    aliases.write_text(
        '7,1,"aka","MAKEUP, Quill",-0- \n7,2,"fka","INVENTUS, Quill",-0- \n'
        '8,3,"aka","NOBODY",-0- \nbroken\n\x1a\n',
        encoding="utf-8",
    )
    result = load(sdn, "--aliases", str(aliases))
    assert result.exit_code == 0, result.output
    assert result.output.startswith(
        "ofac_sdn: 1 entries, 2 names and 0 addresses of 6 records (1 repeated, 3 broken)\n"
    )
    assert "alt.csv: an alias of an entry that is not there" in result.output
    for refused in (load(FIRST, "--aliases", str(aliases)), load(sdn, "--aliases", __file__)):
        assert refused.exit_code == 1
        assert "alias" in refused.output
