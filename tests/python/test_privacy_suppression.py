"""Erased persons do not come back with the raw input, and restricted tables are not quoted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress as suppress_error
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from trader_segments.privacy.ids import KEY_VARIABLE, HashKey
from trader_segments.privacy.suppression import (
    IS_SUPPRESSED,
    Suppression,
    carry_over,
    read_suppression,
    suppress,
)
from trader_segments.raw_input import load_expected, register
from warehouse_builds import DAYS, ROOT, small_accounts, small_fills, write_csv

SECRET = "f00dfeedc0ffee1234567890abcdef99"
KEY = HashKey(SECRET.encode())


@pytest.fixture
def connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[duckdb.DuckDBPyConnection]:
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    with duckdb.connect() as opened:
        opened.execute(f"attach '{tmp_path / 'restricted.duckdb'}' as restricted")
        yield opened


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    write_csv(folder / "fills.csv", small_fills(DAYS[:2]))
    write_csv(folder / "accounts.csv", small_accounts())
    return folder


def erased(connection: duckdb.DuckDBPyConnection, *ids: str) -> Suppression:
    """The list with these ids, and the function that asks it."""
    suppress(connection, "restricted", KEY, ids)
    suppression = read_suppression(connection, "restricted")
    with suppress_error(duckdb.Error):
        connection.remove_function(IS_SUPPRESSED)
    connection.create_function(
        IS_SUPPRESSED, suppression.__contains__, ["VARCHAR"], "BOOLEAN", side_effects=True
    )
    return suppression


def look(
    connection: duckdb.DuckDBPyConnection,
    raw: Path | None,
    suppression: Suppression | None,
    *,
    scan_csv: bool = True,
) -> list[str]:
    found = register(
        connection, ROOT, "exchange", str(raw or ""), scan_csv=scan_csv, suppression=suppression
    )
    return [problem.problem for problem in found]


def values(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> set[Any]:
    rows = connection.execute(f"select distinct {column} from raw.{table}").fetchall()
    return {value for (value,) in rows}


def test_a_list_is_read_back_with_the_key_it_was_made_with(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    assert not read_suppression(connection, "restricted")
    suppression = erased(connection, "T1", "A1", "T1")
    assert suppression
    assert ("T1" in suppression, "A1" in suppression, "T2" in suppression) == (True, True, False)
    stored = connection.execute("from restricted.suppressed_ids").fetchall()
    assert len(stored) == 2
    assert all("T1" not in str(row) and KEY.published("T1") not in str(row) for row in stored)


@pytest.mark.parametrize(
    ("key", "reason"), [(None, "is not set"), (SECRET[::-1], "made with another key")]
)
def test_without_its_key_a_list_lets_nobody_in(
    connection: duckdb.DuckDBPyConnection,
    raw: Path,
    key: str | None,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    erased(connection, "T1")
    monkeypatch.delenv(KEY_VARIABLE)
    if key:
        monkeypatch.setenv(KEY_VARIABLE, key)
    suppression = read_suppression(connection, "restricted")
    (problem,) = look(connection, raw, suppression)
    assert problem.startswith("there are erased persons to leave out, and ")
    assert reason in problem
    views = connection.execute("select view_name from duckdb_views() where not internal").fetchall()
    assert views == []


def test_rows_of_the_person_are_not_seen_and_places_of_others_stay(
    connection: duckdb.DuckDBPyConnection, raw: Path
) -> None:
    assert look(connection, raw, None) == []
    before = connection.execute("select fill_id, source_row from raw.fills").fetchall()
    assert look(connection, raw, erased(connection, "T3", "A3")) == []
    assert values(connection, "fills", "account_id") == {f"A{n}" for n in range(10) if n != 3}
    assert values(connection, "accounts", "trader_id") == {
        "T0",
        *(f"T{n}" for n in range(2, 11)),
    } - {"T3"}
    after = connection.execute("select fill_id, source_row from raw.fills").fetchall()
    assert after == [row for row in before if "-3-" not in row[0]]
    (reader,) = connection.execute(
        "select file_reader from raw.input_files where source_table = 'fills'"
    ).fetchall()[0]
    assert connection.execute(f"select count(*) from {reader}").fetchall() == [(len(after),)]


def test_files_are_read_again_when_the_list_grows(
    connection: duckdb.DuckDBPyConnection, raw: Path
) -> None:
    def versions() -> dict[str, str]:
        rows = connection.execute("select source_table, version from raw.input_files").fetchall()
        return {table: version for table, version in rows if table == "fills"}

    look(connection, raw, None)
    first = versions()
    look(connection, raw, erased(connection, "T3"))
    second = versions()
    look(connection, raw, erased(connection, "T4"))
    assert len({first["fills"], second["fills"], versions()["fills"]}) == 3


def test_an_account_opened_later_is_found_and_one_in_other_hands_stays(
    connection: duckdb.DuckDBPyConnection, raw: Path
) -> None:
    rows = small_accounts()
    mine = {**rows[3], "account_id": "A77"}
    sold = [{**rows[3], "account_id": "A88"}, {**rows[4], "account_id": "A88"}]
    write_csv(raw / "accounts.csv", [*rows, mine, *sold])
    suppression = erased(connection, "T3")
    assert look(connection, raw, suppression, scan_csv=False) == []
    assert "A77" not in suppression
    assert look(connection, raw, suppression) == []
    assert ("A3" in suppression, "A77" in suppression, "A88" in suppression) == (True, True, False)
    assert "A77" in read_suppression(connection, "restricted")


def test_others_who_name_the_person_do_so_no_more(
    connection: duckdb.DuckDBPyConnection, raw: Path
) -> None:
    rows: list[dict[str, Any]] = [
        {**row, "referrer_trader_id": "T3", "parent_account_id": "A3"} for row in small_accounts()
    ]
    write_csv(raw / "accounts.csv", rows)
    look(connection, raw, erased(connection, "T3", "A3"))
    assert values(connection, "accounts", "referrer_trader_id") == {None}
    assert values(connection, "accounts", "parent_account_id") == {None}
    assert len(values(connection, "accounts", "account_id")) == 10


@pytest.mark.parametrize("is_thorough", [False, True])
def test_tables_of_a_loader_lose_the_person_when_a_build_begins(
    connection: duckdb.DuckDBPyConnection, raw: Path, is_thorough: bool
) -> None:
    load(connection, raw, ["fills", "accounts"])
    suppression = erased(connection, "T3", "A3")
    assert look(connection, None, suppression, scan_csv=is_thorough) == []
    left = {f"A{n}" for n in range(10)} - ({"A3"} if is_thorough else set())
    assert values(connection, "fills", "account_id") == left


def test_a_view_of_ones_own_that_has_the_person_is_a_problem(
    connection: duckdb.DuckDBPyConnection, raw: Path
) -> None:
    load(connection, raw, ["accounts"])
    connection.execute(
        "create table loaded as from (from read_csv($1, all_varchar = true))",
        [str(raw / "fills.csv")],
    )
    connection.execute("create view raw.fills as from loaded")
    fills = len([row for row in small_fills(DAYS[:2]) if row["account_id"] == "A3"])
    assert look(connection, None, erased(connection, "A3")) == [
        f"raw.fills is no table of its own and holds {fills} rows of erased persons: "
        "leave them out of what it reads"
    ]
    connection.execute("delete from loaded where account_id = 'A3'")
    assert look(connection, None, erased(connection, "A3")) == []


def load(connection: duckdb.DuckDBPyConnection, raw: Path, tables: Sequence[str]) -> None:
    connection.execute("create schema raw")
    for table in tables:
        connection.execute(
            f"create table raw.{table} as from read_csv('{raw / table}.csv', all_varchar = true)"
        )


def test_lists_of_databases_set_aside_are_taken_over(tmp_path: Path) -> None:
    build = tmp_path / "build"
    for venue, trader in (("exchange", "T1"), ("exchange", "T2"), ("polymarket", "T3")):
        shelf = build / "warehouses" / f"{venue}-0000000{trader[1]}"
        shelf.mkdir(parents=True)
        with duckdb.connect() as connection:
            connection.execute(f"attach '{shelf / 'restricted.duckdb'}' as restricted")
            suppress(connection, "restricted", KEY, [trader])
    carry_over(build, "exchange")
    with duckdb.connect(str(build / "restricted.duckdb")) as connection:
        hashes = {row[0] for row in connection.execute("from suppressed_ids").fetchall()}
    assert hashes == {KEY.suppressed("T1"), KEY.suppressed("T2")}


def test_every_raw_table_of_persons_says_whose_a_row_is() -> None:
    """A column of ids that is not marked would bring erased persons back."""
    for path in sorted(ROOT.glob("models/staging/*/_*__sources.yml")):
        venue = path.parent.name
        for table in load_expected(ROOT, venue):
            for column in table.columns:
                is_id = column.name.casefold().endswith(("trader_id", "account_id", "account"))
                assert is_id == (column.person is not None), (venue, table.name, column.name)
                is_own = column.name.casefold() in ("trader_id", "account_id", "account")
                assert (column.person == "owner") == is_own, (venue, table.name, column.name)


# What must not be told of a restricted table


SECRET_ROW = "T1,individual,Zuleika Quandtoyelaran,zq@plantedmail.example\n"
CONTRACT_HEADER = "trader_id,customer_type,legal_name,email\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("customers.csv", SECRET_ROW + SECRET_ROW.replace("T1", "T2")),
        ("customers.csv", "trader_id,Zuleika Quandtoyelaran,Zuleika Quandtoyelaran\nT1,a,b\n"),
        ("customers.csv", CONTRACT_HEADER + SECRET_ROW.replace("\n", ",more\n")),
        ("customers.csv", CONTRACT_HEADER + SECRET_ROW.replace("Zul", '"Zul')),
        ("customers.parquet", "PAR1 Zuleika Quandtoyelaran PAR1"),
        ("customers.csv.gz", "Zuleika Quandtoyelaran"),
    ],
    ids=["no header", "a name twice", "too many values", "open quote", "no Parquet", "no gzip"],
)
def test_what_is_wrong_with_customers_is_said_without_their_data(
    connection: duckdb.DuckDBPyConnection, raw: Path, name: str, content: str
) -> None:
    (raw / name).write_text(content, encoding="utf-8")
    (problem,) = look(connection, raw, None)
    assert problem.startswith("customers.")
    everything = [problem]
    for table in ("input_tables", "input_files", "input_problems"):
        everything += map(str, connection.execute(f"from raw.{table}").fetchall())
    everything += map(
        str, connection.execute("select sql from duckdb_views() where not internal").fetchall()
    )
    for text in everything:
        assert "Quandtoyelaran" not in text
        assert "plantedmail" not in text


def test_of_other_tables_it_is_said(connection: duckdb.DuckDBPyConnection, raw: Path) -> None:
    (raw / "accounts.csv").write_text("account,owner\nA1,T1\n", encoding="utf-8")
    (problem,) = look(connection, raw, None)
    assert problem.endswith("its columns are account, owner")


def test_no_mart_has_a_column_of_customers() -> None:
    """Facts made of them may be told, such as a level or whether something is overdue."""
    tables = {table.name: table for table in load_expected(ROOT, "exchange")}
    personal = {column.name for column in tables["customers"].columns if column.is_personal}
    assert len(personal) == 9
    for path in sorted(ROOT.glob("models/marts/*/_*__models.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            columns = {
                column["name"] for column in model.get("columns", []) if isinstance(column, dict)
            }
            assert not columns & personal, model["name"]


def test_restricted_tables_are_those_with_most_personal_columns() -> None:
    sources = yaml.safe_load(
        (ROOT / "models/staging/exchange/_exchange__sources.yml").read_text(encoding="utf-8")
    )
    restricted = {table.name for table in load_expected(ROOT, "exchange") if table.is_restricted}
    assert restricted == {"customers", "verification_events"}
    for table in sources["sources"][0]["tables"]:
        config = yaml.safe_dump(table.get("config", {}))
        assert ("is_restricted" in config) == (table["name"] in restricted)
