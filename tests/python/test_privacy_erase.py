"""An erasure removes what it must, and the search that proves it finds what is left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trader_segments.privacy.erase
from trader_segments.build import Settings
from trader_segments.privacy.erase import (
    EraseError,
    Person,
    erase,
    find_person,
    remove_rows,
    uncount,
)
from trader_segments.privacy.ids import KEY_VARIABLE, HashKey, HashKeyError
from trader_segments.privacy.search import Needle, Search, scrub
from trader_segments.raw_input import load_expected
from trader_segments.warehouse import DATABASES, Origin, compact, write_origin
from warehouse_builds import ROOT

NEEDLES = [Needle("the trader id", "trader-1"), Needle("legal_name", "Zuleika Quandt")]


def database(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


def found(search: Search) -> list[tuple[str, str]]:
    return [(finding.where, finding.what) for finding in search.findings]


@pytest.mark.parametrize(
    ("column_type", "value"),
    [
        ("varchar", "'trader-1'"),
        ("varchar", "'paid by trader-1, twice'"),
        ("json", """'{"trader": "trader-1"}'"""),
        ("varchar[]", "['trader-2', 'trader-1']"),
        ("struct(name varchar)", "{'name': 'trader-1'}"),
        ("blob", "'trader-1'::blob"),
    ],
)
def test_a_value_is_found_in_every_type_that_can_hold_it(
    tmp_path: Path, column_type: str, value: str
) -> None:
    path = database(
        tmp_path / "w.duckdb",
        f"create table kept (n integer, note {column_type})",
        f"insert into kept select i, case when i = 7 then {value} end from range(5000) t(i)",
    )
    search = Search(NEEDLES)
    search.database(path, "w.duckdb")
    assert ("w.duckdb, table kept, column note, 1 rows", "the trader id") in found(search)


def test_a_value_is_found_in_the_definition_of_a_view(tmp_path: Path) -> None:
    path = database(
        tmp_path / "w.duckdb",
        "create table kept (trader_id varchar)",
        "create view one as select * from kept where trader_id = 'trader-1'",
    )
    search = Search(NEEDLES)
    search.database(path, "w.duckdb")
    assert ("w.duckdb, definition of view one", "the trader id") in found(search)


def test_a_dropped_row_is_found_until_the_file_is_written_anew(tmp_path: Path) -> None:
    path = database(
        tmp_path / "w.duckdb",
        "pragma force_compression = 'uncompressed'",
        "create table gone as select 'Zuleika Quandt ' || i as name from range(9000) t(i)",
        "checkpoint",
        "create table kept as select 'somebody else ' || i as name from range(90000) t(i)",
        "checkpoint",
        "drop table gone",
    )
    before = Search(NEEDLES)
    before.database(path, "w.duckdb")
    assert found(before) == [("w.duckdb, bytes", "legal_name")]
    assert compact(path, always=True)
    after = Search(NEEDLES)
    after.database(path, "w.duckdb")
    assert found(after) == []


def test_values_are_read_back_from_parquet(tmp_path: Path) -> None:
    """Compressed bytes hide them."""
    path = tmp_path / "mart.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select 'trader-' || i % 3 as trader_id from range(9000) t(i)) "
            f"to '{path}' (format parquet, compression zstd)"
        )
    search = Search(NEEDLES)
    search.parquet([path], "marts")
    assert ("marts/mart.parquet, column trader_id, 3,000 rows", "the trader id") in found(search)


def test_an_id_inside_of_another_is_no_finding_and_is_said(tmp_path: Path) -> None:
    path = database(tmp_path / "w.duckdb", "create table kept as select 'trader-17' as trader_id")
    search = Search(NEEDLES)
    search.database(path, "w.duckdb")
    assert found(search) == []
    assert search.embedded == {NEEDLES[0]}


@pytest.mark.parametrize(
    ("value", "is_found"),
    [
        ("T1", True),
        ("T1|BTC|2026-06-30", True),
        ('{"trader_id":"T1"}', True),
        ("T10", False),
        ("at T1 rest", False),
    ],
)
def test_a_short_id_is_sought_as_a_whole_value(tmp_path: Path, value: str, is_found: bool) -> None:
    path = database(
        tmp_path / "w.duckdb",
        "create table kept (row_key varchar)",
        f"insert into kept values ('{value}')",
    )
    search = Search([Needle("the trader id", "T1")])
    search.database(path, "w.duckdb")
    assert bool(search.findings) == is_found


def test_text_files_are_searched_word_by_word_and_others_by_bytes(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text("erase --trader-id trader-1\n", encoding="utf-8")
    (tmp_path / "other.log").write_text("trader-12\n", encoding="utf-8")
    (tmp_path / "cache.bin").write_bytes(b"\xff\xfeZuleika Quandt\xff")
    (tmp_path / "empty.bin").touch()
    search = Search(NEEDLES)
    search.files(sorted(tmp_path.iterdir()), "files")
    assert found(search) == [
        (f"{tmp_path / 'cache.bin'}, bytes", "legal_name"),
        (str(tmp_path / "run.log"), "the trader id"),
    ]


def test_logs_are_written_over_where_they_name_the_person(tmp_path: Path) -> None:
    log = tmp_path / "dbt.log"
    log.write_text("erase trader-1 trader-1\nbuild trader-10\n", encoding="utf-8")
    results = tmp_path / "run_results.json"
    results.write_text('{"command": "erase --trader-id trader-1"}', encoding="utf-8")
    other = tmp_path / "parse.bin"
    other.write_bytes(b"\xfftrader-1\n")
    assert scrub([log, results, other], NEEDLES) == 2
    assert log.read_text(encoding="utf-8") == "erase [erased] [erased]\nbuild trader-10\n"
    assert results.read_text(encoding="utf-8") == '{"command": "erase --trader-id [erased]"}'
    assert other.read_bytes() == b"\xfftrader-1\n"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1))
def test_any_value_is_found_where_it_stands_alone(value: str) -> None:
    needle = Needle("it", value)
    with duckdb.connect() as connection:
        row = connection.execute("select regexp_matches(?, ?)", [value, needle.pattern]).fetchone()
    assert row == (True,)


def test_what_is_searched_for_is_not_printed() -> None:
    person = Person("trader-1", personal=(("legal_name", "Zuleika Quandt"),))
    assert "Zuleika" not in repr(person)
    needles = person.needles(HashKey(b"k" * 32))
    assert "Zuleika" not in repr(needles)
    assert [needle.what for needle in needles] == [
        "the trader id",
        "a published hash of an id",
        "legal_name",
    ]


@pytest.fixture
def databases(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for name in ("warehouse", "restricted"):
        connection.execute(f"attach '{tmp_path / name}.duckdb' as {name}")
    connection.execute(
        """
        create table warehouse.stg_exchange__accounts (
            account_id varchar, trader_id varchar, row_status varchar
        );
        insert into warehouse.stg_exchange__accounts values
            ('main', 'T1', 'staged'), ('sub', 'T1', 'staged'), ('of 2', 'T2', 'staged'),
            ('sold', 'T1', 'rejected'), ('sold', 'T2', 'staged'),
            ('torn', 'T1', 'rejected'), ('torn of both', 'T1', 'rejected'),
            ('torn of both', 'T2', 'rejected');
        create table warehouse.stg_exchange__transfers as
        select 'main' as account_id, '0xshared' as counterparty_address
        union all select 'main', '0xown of 1' union all select 'of 2', '0xshared';
        create table restricted.stg_exchange__customers as
        select 'T1' as trader_id, 'Zuleika Quandt' as legal_name, 'z@example.org' as email,
            '0xwallet' as wallet_address, 'DE' as country_of_residence, 'staged' as row_status,
            'DE' as nationality, 'web' as onboarding_channel, 'inheritance' as source_of_wealth
        union all
        select 'T2', 'Other Name', 'o@example.org', '0xwallet', 'DE', 'staged', 'DE', 'web',
            'business';
        create table warehouse.trader_segment_history as
        select 'T' || i as trader_id, date '2026-05-31' as as_of_date,
            case when i = 1 then 'alone' else 'many' end as segment_id
        from range(1, 5) t(i)
        union all select 'T' || i, date '2026-06-30', 'many' from range(1, 5) t(i);
        create table warehouse.segment_summary_history as
        select segment_id, as_of_date, count(*) as traders, count(*) / 4 as trader_share
        from warehouse.trader_segment_history group by all;
        """
    )
    return connection


def test_a_person_is_known_by_accounts_and_texts_of_its_own(
    databases: duckdb.DuckDBPyConnection,
) -> None:
    person = find_person(databases, "exchange", load_expected(ROOT, "exchange"), "T1")
    assert person == Person(
        "T1",
        ("main", "sub", "torn"),
        (
            ("counterparty_address", "0xown of 1"),
            ("legal_name", "Zuleika Quandt"),
            ("email", "z@example.org"),
            ("source_of_wealth", "inheritance"),
        ),
        ("counterparty_address", "wallet_address"),
    )


def test_rows_go_from_every_table_but_staging_which_tells_what_changed(
    databases: duckdb.DuckDBPyConnection,
) -> None:
    person = Person("T1", ("main", "sub"))
    assert remove_rows(databases, person, keep_staging=True) == {
        "warehouse.trader_segment_history": 2
    }
    assert remove_rows(databases, person, keep_staging=False) == {
        "restricted.stg_exchange__customers": 1,
        "warehouse.stg_exchange__accounts": 5,
        "warehouse.stg_exchange__transfers": 2,
    }


def test_past_sizes_of_segments_lose_the_person_and_a_segment_of_one_its_row(
    databases: duckdb.DuckDBPyConnection,
) -> None:
    person = Person("T1")
    for _ in range(2):  # once is enough, and again does no harm
        uncount(databases, person)
    sizes = databases.execute(
        "select as_of_date::varchar, segment_id, traders, trader_share "
        "from warehouse.segment_summary_history order by all"
    ).fetchall()
    assert sizes == [("2026-05-31", "many", 3, 1.0), ("2026-06-30", "many", 3, 1.0)]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with empty databases of an export."""
    monkeypatch.setenv(KEY_VARIABLE, "f00dfeedc0ffee1234567890abcdef99")
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path / "logs"))
    monkeypatch.delenv("TRADER_SEGMENTS_TARGET", raising=False)
    home = tmp_path / "home"
    (home / "build").mkdir(parents=True)
    for name in DATABASES:
        database(home / "build" / name, "create table traders (trader_id varchar)")
    with duckdb.connect(str(home / "build" / DATABASES[0])) as connection:
        write_origin(connection, Origin("exchange", "/export"))
    return Settings(ROOT, home, "exchange", "/export")


def refusal(settings: Settings, trader_id: str = "trader-1") -> str:
    with pytest.raises((EraseError, HashKeyError)) as error:
        erase(settings, trader_id, lambda _: None)
    return str(error.value)


def test_an_erasure_that_cannot_be_done_says_why(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal(settings) == "nobody in the working database has the id trader-1"
    other = replace(settings, raw_data="/other")
    assert refusal(other).startswith("the working database is exchange from /export: set VENUE")
    nothing = replace(settings, home=settings.home / "elsewhere")
    assert refusal(nothing).startswith("there is nothing to erase from")
    with monkeypatch.context() as patched:
        patched.setenv("TRADER_SEGMENTS_TARGET", "spark")
        assert "not on a cluster" in refusal(settings)
    monkeypatch.delenv(KEY_VARIABLE)
    assert refusal(settings).startswith("TRADER_SEGMENTS_HASH_KEY is not set")


def test_a_build_that_fails_leaves_the_person_on_the_list_and_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    database(settings.build / DATABASES[0], "insert into traders values ('trader-1'), ('trader-2')")
    monkeypatch.setattr(trader_segments.privacy.erase, "run_build", lambda *_: False)
    assert "readers still have the one with the person" in refusal(settings)
    with duckdb.connect(str(settings.build / DATABASES[1]), read_only=True) as connection:
        listed = connection.execute("select count(*) from suppressed_ids").fetchall()
    assert listed == [(1,)]
    monkeypatch.setattr(trader_segments.privacy.erase, "run_build", lambda *_: True)
    assert erase(settings, "trader-1", lambda _: None)


def test_what_a_build_leaves_of_the_person_is_found_and_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here nothing rebuilds what was made from the person's rows, and much lies about."""
    for folder in (tmp_path / "logs", tmp_path / "target", settings.build / "verify"):
        folder.mkdir()
    (tmp_path / "target" / "parse.bin").write_bytes(b"\xfftrader-1")
    (tmp_path / "logs" / "dbt.log").write_text("erase trader-1", encoding="utf-8")
    (settings.build / "verify" / "old.bin").write_bytes(b"\xfftrader-1")
    (settings.build / "sample").mkdir()
    (settings.build / "sample" / "fills.csv").write_text("trader-1", encoding="utf-8")
    (settings.build / "backup.bin").write_bytes(b"\xfftrader-1")
    database(
        settings.build / DATABASES[0],
        "create table lifted (name varchar)",
        "insert into lifted values ('trader-1')",
        "insert into traders values ('trader-1')",
    )
    shelf = settings.build / "warehouses" / "exchange-01234567"
    other = settings.build / "warehouses" / "polymarket-01234567"
    for folder in (shelf, other):
        folder.mkdir(parents=True)
        for name in DATABASES:
            database(
                folder / name,
                "create table traders as select 'trader-1' as trader_id",
            )
    said: list[str] = []
    monkeypatch.setattr(trader_segments.privacy.erase, "run_build", lambda *_: True)
    assert not erase(settings, "trader-1", said.append)
    assert [line for line in said if line.startswith("FOUND")] == [
        "FOUND the trader id: build/warehouse.duckdb, table lifted, column name, 1 rows",
        "FOUND the trader id: build/warehouse.duckdb, bytes",
        f"FOUND the trader id: {settings.build / 'backup.bin'}, bytes",
        f"FOUND the trader id: {tmp_path / 'target' / 'parse.bin'}, bytes",
    ]
    assert (tmp_path / "logs" / "dbt.log").read_text(encoding="utf-8") == "erase [erased]"
    with duckdb.connect(str(shelf / DATABASES[0]), read_only=True) as connection:
        assert connection.execute("from traders").fetchall() == []
    with duckdb.connect(str(other / DATABASES[0]), read_only=True) as connection:
        assert connection.execute("from traders").fetchall() == [("trader-1",)]
