"""Sanctions screening in a build: from a list and customers to matches, all of it restricted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse_builds import Home, must, write_csv

pytestmark = pytest.mark.slow

CUSTOMERS = [
    {"trader_id": "T0", "legal_name": "Barnaby Nobody", "birth_date": None},
    {"trader_id": "T2", "legal_name": "Quilli\u200bmar Inventas", "birth_date": None},
    {"trader_id": "T3", "legal_name": "Quillimar Inventus", "birth_date": "1948-12-10"},
]
TRANSFERS = [
    {
        "transfer_id": "X1",
        "account_id": "A1",
        "asset": "USDC",
        "amount": "100",
        "amount_usd": "100",
        "occurred_at": "2025-03-03 10:00:00",
        "kind": "deposit",
        "counterparty_address": "\ufeff0xABCDEF0000000000000000000000000000000001",
    }
]
EVENTS = [
    {
        "event_id": "V1",
        "trader_id": "T3",
        "event_type": "match_cleared",
        "occurred_at": "2025-03-12 10:00:00",
    }
]
LIST = (
    "id,schema,name,aliases,birth_date,countries\n"
    "E1,Person,Quillimar Inventus,,1948-12-10,\n"
    "E2,CryptoWallet,0xabcdef0000000000000000000000000000000001,,,\n"
)
SELECTED = ("build", "--select", "+int_sanctions_matches")
AGAIN = ("build", "--select", "sanctions_screening+,+int_sanctions_matches")
MATCHES = (
    "select trader_id, subject, list_name, entry_id, is_cleared, first_seen_on::varchar, score = 1 "
    "from int_sanctions_matches order by all"
)


def ask(home: Home, sql: str) -> list[tuple[Any, ...]]:
    """Ask the restricted database."""
    restricted = home.warehouse.with_name("restricted.duckdb")
    with duckdb.connect(str(restricted), read_only=True) as connection:
        rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
    return rows


@pytest.fixture(scope="module")
def home(lean_project: Path, small_venue: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("screening")
    raw = folder / "raw"
    shutil.copytree(small_venue, raw)
    rows = [{**row, "customer_type": "individual"} for row in CUSTOMERS]
    write_csv(raw / "customers.csv", rows)
    write_csv(raw / "transfers.csv", TRANSFERS)
    write_csv(raw / "verification_events.csv", EVENTS)
    return Home(folder / "home", raw, project=lean_project)


def test_without_a_list_there_are_columns_and_no_rows(home: Home) -> None:
    must(home.dbt(*SELECTED))
    assert ask(home, MATCHES) == []
    types = ask(
        home,
        "select column_name, data_type from duckdb_columns() where table_name = "
        "'int_sanctions_matches' order by column_index",
    )
    assert types == [
        ("trader_id", "VARCHAR"),
        ("subject", "VARCHAR"),
        ("list_name", "VARCHAR"),
        ("entry_id", "VARCHAR"),
        ("score", "DOUBLE"),
        ("is_cleared", "BOOLEAN"),
        ("first_seen_on", "DATE"),
    ]


def test_names_and_addresses_match_and_clearings_are_remembered(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "targets.simple.csv"
    file.write_text(LIST, encoding="utf-8")
    must(home.trader_segments("load-sanctions", str(file)))
    must(home.dbt(*AGAIN))
    expected = [
        ("T0", "wallet", "opensanctions", "E2", False, "2025-03-12", True),
        ("T2", "name", "opensanctions", "E1", False, "2025-03-12", False),
        ("T3", "name", "opensanctions", "E1", True, "2025-03-12", True),
    ]
    assert ask(home, MATCHES) == expected
    screened = ask(home, "from sanctions_screening order by all")
    assert len(screened) == 4
    must(home.dbt(*AGAIN))
    assert ask(home, MATCHES) == expected
    assert ask(home, "from sanctions_screening order by all") == screened


def test_no_name_is_outside_of_the_restricted_database(home: Home) -> None:
    content = home.warehouse.read_bytes()
    for name in ("Barnaby", "Quilli", "quillimar"):
        assert name.encode() not in content
    for path in (home.path / "target").rglob("*.sql"):
        assert "uillimar" not in path.read_text(encoding="utf-8")


def test_without_customers_only_addresses_are_screened(home: Home, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(home.raw_data, raw)
    (raw / "customers.csv").unlink()
    (raw / "verification_events.csv").unlink()
    other = Home(tmp_path / "home", raw, project=home.project)
    (other.path / "build").mkdir(parents=True)
    shutil.copy(home.warehouse.with_name("sanctions.duckdb"), other.path / "build")
    must(other.dbt(*SELECTED))
    assert [row[:2] for row in ask(other, MATCHES)] == [("T0", "wallet")]
