"""A working database holds one venue's data; another's is put aside and brought back whole."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_segments.warehouse import (
    DATABASES,
    SCHEMA_RAW,
    Origin,
    claim,
    compact,
    find_origin,
    read_origin,
    sample_folder,
    set_aside,
    write_origin,
)

A, B = Origin("exchange", "/data/a"), Origin("polymarket", "/data/b")


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "build"
    folder.mkdir()
    return folder


def make(build: Path, origin: Origin | None, *, trader: str = "T1") -> None:
    """A warehouse of an origin with one trader in it, and its restricted database."""
    for name in DATABASES:
        with duckdb.connect(str(build / name)) as connection:
            connection.execute("create or replace table traders as select ? as trader_id", [trader])
    if origin is not None:
        with duckdb.connect(str(build / DATABASES[0])) as connection:
            write_origin(connection, origin)


def traders(build: Path) -> list[str]:
    found = []
    for name in DATABASES:
        with duckdb.connect(str(build / name), read_only=True) as connection:
            found += [name for (name,) in connection.execute("from traders").fetchall()]
    return found


def test_an_origin_is_read_as_it_was_written() -> None:
    with duckdb.connect() as connection:
        assert read_origin(connection) is None
        for origin in (A, B):
            write_origin(connection, origin)
            assert read_origin(connection) == origin


@given(st.lists(st.tuples(st.text(), st.text()), min_size=2, max_size=2, unique=True))
def test_origins_that_differ_have_folders_that_differ(pairs: list[tuple[str, str]]) -> None:
    one, other = (Origin(*pair) for pair in pairs)
    if "\n" not in one.venue + other.venue:
        assert one.digest != other.digest
    assert len(one.digest) == 8


def test_nothing_is_set_aside_where_nothing_is(build: Path) -> None:
    assert set_aside(build, A) is None
    assert list(build.iterdir()) == []


def test_the_warehouse_of_the_same_origin_stays(build: Path) -> None:
    make(build, A)
    assert set_aside(build, A) is None
    assert traders(build) == ["T1", "T1"]
    assert not (build / "warehouses").exists()


def test_a_warehouse_that_nothing_was_built_in_stays(build: Path) -> None:
    make(build, None)
    assert set_aside(build, A) is None
    assert traders(build) == ["T1", "T1"]


def test_another_origin_moves_both_databases_and_says_where(build: Path) -> None:
    make(build, A)
    said = set_aside(build, B)
    shelf = build / "warehouses" / f"exchange-{A.digest}"
    assert said == (
        f"The warehouse held exchange from /data/a; it is kept in {shelf}, and a new one starts"
    )
    assert traders(shelf) == ["T1", "T1"]
    assert not any((build / name).exists() for name in DATABASES)


def test_a_warehouse_set_aside_comes_back(build: Path) -> None:
    make(build, A, trader="of A")
    set_aside(build, B)
    make(build, B, trader="of B")
    said = set_aside(build, A)
    assert said is not None
    assert said.endswith("the one of exchange is back in its place")
    assert traders(build) == ["of A", "of A"]
    shelves = [path.name for path in (build / "warehouses").iterdir()]
    assert shelves == [f"polymarket-{B.digest}"]
    set_aside(build, B)
    assert traders(build) == ["of B", "of B"]


def test_a_warehouse_comes_back_also_where_none_was_put_in_its_place(build: Path) -> None:
    make(build, A, trader="of A")
    set_aside(build, B)
    assert set_aside(build, A) is None
    assert traders(build) == ["of A", "of A"]


def test_a_log_that_was_not_yet_written_back_moves_along(build: Path) -> None:
    make(build, A)
    log = build / f"{DATABASES[1]}.wal"
    log.write_bytes(b"log")
    set_aside(build, B)
    assert not log.exists()
    assert (build / "warehouses" / f"exchange-{A.digest}" / log.name).read_bytes() == b"log"


def test_the_input_is_raw_data_else_the_schema_raw_else_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sample = Origin("exchange", str(sample_folder(tmp_path)))
    assert find_origin(None, tmp_path, "exchange", "data") == Origin(
        "exchange", str(tmp_path / "data")
    )
    assert find_origin(None, tmp_path, "exchange", None) == sample
    with duckdb.connect() as connection:
        assert find_origin(connection, tmp_path, "exchange", "") == sample
        connection.execute("create schema raw")
        connection.execute("create view raw.fills as select 1 as fill_id")
        assert find_origin(connection, tmp_path, "exchange", "") == sample
        connection.execute("drop view raw.fills")
        connection.execute("create table raw.fills (fill_id varchar)")
        assert find_origin(connection, tmp_path, "exchange", "") == Origin("exchange", SCHEMA_RAW)
        assert find_origin(connection, tmp_path, "exchange", str(tmp_path)).raw_data == str(
            tmp_path
        )


def test_a_new_database_and_the_next_export_of_a_venue_are_taken(tmp_path: Path) -> None:
    next_export = Origin("exchange", "/data/next")
    with duckdb.connect() as connection:
        for origin in (A, A, next_export):
            assert claim(connection, tmp_path, origin) is None
            assert read_origin(connection) == origin


@pytest.mark.parametrize("has_sample_first", [True, False])
def test_another_venue_or_real_trades_on_the_sample_are_refused(
    tmp_path: Path, has_sample_first: bool
) -> None:
    sample = Origin("exchange", str(sample_folder(tmp_path)))
    present, wanted = (sample, A) if has_sample_first else (A, sample)
    with duckdb.connect() as connection:
        write_origin(connection, present)
        for other in (wanted, B):
            refusal = claim(connection, tmp_path, other)
            assert refusal is not None
            assert f"holds {present.venue} from {present.raw_data}" in refusal
            assert f"this is {other.venue} from {other.raw_data}" in refusal
            assert "TRADER_SEGMENTS_HOME" in refusal
            assert read_origin(connection) == present


def test_a_file_full_of_freed_blocks_is_written_anew_where_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table kept as select range as n from range(2000000)")
        connection.execute("create view doubled as select 2 * n as n from kept")
        connection.execute("create table dropped as select random() as x from range(8000000)")
        connection.execute("create table last as select random() as x from range(500000)")
        connection.execute("checkpoint")
        connection.execute("drop table dropped")
        connection.execute("checkpoint")
    before = path.stat().st_size
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=before - 1))
        assert not compact(path)
    assert path.stat().st_size == before
    assert compact(path)
    assert path.stat().st_size < before / 2
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("select sum(n) from doubled").fetchall() == [(3999998000000,)]
    assert not compact(path)
    assert [found.name for found in tmp_path.iterdir()] == ["warehouse.duckdb"]


def test_a_database_that_is_open_elsewhere_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    code = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert not compact(path)
        other.communicate(b"\n")
