"""Keyed hashes in place of ids: known values, refused keys, and no id in what is published."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml
from dbt.clients.jinja import get_rendered
from hypothesis import given
from hypothesis import strategies as st

import trader_segments.report
from trader_segments.dbt_plugin import run_plan
from trader_segments.privacy.ids import (
    KEY_VARIABLE,
    HashKey,
    HashKeyError,
    hash_key_problem,
    read_key,
)
from trader_segments.privacy.published_ids import IdHashing
from trader_segments.publish import PublishError, read_manifest
from warehouse_builds import ROOT

SECRET = "0123456789abcdef0123456789abcdef"
KEY = HashKey(SECRET.encode())
MAPPING = "select venue_id, published_id from restricted.main.hashed_ids"


def test_the_hash_is_hmac_sha256_as_rfc_4231_has_it() -> None:
    """Test case 2 of RFC 4231."""
    assert HashKey(b"Jefe").published("what do ya want for nothing?") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


@given(st.text(), st.text())
def test_ids_that_differ_have_hashes_that_differ(one: str, other: str) -> None:
    assert (KEY.published(one) == KEY.published(other)) == (one == other)
    assert KEY.published(one) != KEY.suppressed(other)


def test_another_key_gives_other_hashes() -> None:
    other = HashKey(SECRET[::-1].encode())
    assert KEY.published("T1") != other.published("T1")
    assert KEY.fingerprint != other.fingerprint


def test_the_key_is_read_from_the_environment() -> None:
    assert read_key({KEY_VARIABLE: f" {SECRET}\n"}) == KEY
    assert SECRET not in repr(KEY)


@pytest.mark.parametrize(
    ("given_key", "reason"),
    [
        (None, "is not set"),
        ("  ", "is not set"),
        ("0123456789abcdef", "it has 16 bytes, at least 32 are needed"),
        ("abab" * 16, "it repeats 2 characters"),
    ],
)
def test_a_missing_or_weak_key_is_refused_and_not_repeated(
    given_key: str | None, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    if given_key is not None:
        monkeypatch.setenv(KEY_VARIABLE, given_key)
    with pytest.raises(HashKeyError, match=reason) as error:
        read_key()
    assert hash_key_problem() == str(error.value)
    assert not (given_key or "").strip() or str(given_key) not in str(error.value)


@pytest.fixture
def warehouse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Three marts, of traders, accounts and rejected rows, beside a restricted database."""
    monkeypatch.setenv(KEY_VARIABLE, SECRET)
    monkeypatch.setattr(
        trader_segments.report, "write_report", lambda marts, out: out.write_text("report")
    )
    with duckdb.connect() as connection:
        connection.execute(f"attach '{tmp_path / 'restricted.duckdb'}' as restricted")
        connection.execute(
            """
            create table trader_features as
            select 'trader-' || i as trader_id, date '2026-06-30' as as_of_date, i as fills
            from range(40) as numbers(i);
            create table account_segments as
            select
                'account-' || i as account_id,
                case when i % 3 = 0 then null else 'account-0' end as parent_account_id,
                'trader-' || i % 40 as trader_id,
                'trader' as purpose
            from range(60) as numbers(i);
            create table rejected_rows as
            select
                md5('account-1') as rejected_row_id, 'balances' as source_table,
                'account-1|BTC' as row_key, 'missing equity' as reason,
                '{"account_id": "account-1"}' as raw_values
            """
        )
        yield connection


def plan(build_id: str, **settings: object) -> dict[str, object]:
    marks = {"rejected_row_id": "hash", "row_key": "hash", "raw_values": "leave_out"}
    marts = ["trader_features", "account_segments", "rejected_rows"]
    return {
        "command": "build",
        "arguments": [],
        "results": [],
        "expected": [],
        "build_id": build_id,
        "marts": [
            {
                "name": mart,
                "schema": "main",
                "when_hashed": marks if mart == "rejected_rows" else {},
            }
            for mart in marts
        ],
        "hash_trader_ids": True,
        **settings,
    }


def rows(published: Path, mart: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = pq.read_table(
        published / "marts" / f"{mart}.parquet"
    ).to_pylist()
    return found


def test_every_id_is_hashed_the_same_way_in_every_mart(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    run_plan(warehouse, tmp_path / "published", plan("b1"))
    traders = {
        row["trader_id"]: row["fills"] for row in rows(tmp_path / "published", "trader_features")
    }
    expected = {
        hmac.new(SECRET.encode(), f"trader-{i}".encode(), hashlib.sha256).hexdigest(): i
        for i in range(40)
    }
    assert traders == expected
    accounts = rows(tmp_path / "published", "account_segments")
    assert {row["account_id"] for row in accounts} == {
        KEY.published(f"account-{i}") for i in range(60)
    }
    assert {row["trader_id"] for row in accounts} == traders.keys()
    assert {row["parent_account_id"] for row in accounts} == {None, KEY.published("account-0")}
    assert {row["purpose"] for row in accounts} == {"trader"}


def test_rows_do_not_stand_in_the_order_of_the_venues_ids(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    run_plan(warehouse, tmp_path / "published", plan("b1"))
    hashes = [str(row["trader_id"]) for row in rows(tmp_path / "published", "trader_features")]
    assert hashes == sorted(hashes)


def test_rejected_rows_keep_the_reason_and_lose_what_would_tell(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    run_plan(warehouse, tmp_path / "published", plan("b1"))
    assert rows(tmp_path / "published", "rejected_rows") == [
        {
            "rejected_row_id": KEY.published(hashlib.md5(b"account-1").hexdigest()),
            "source_table": "balances",
            "row_key": KEY.published("account-1|BTC"),
            "reason": "missing equity",
            "raw_values": None,
        }
    ]


def test_a_key_with_a_column_that_is_left_out_is_none() -> None:
    hashing = IdHashing(KEY, {"rejected_rows": {"raw_values": "leave_out", "row_key": "hash"}})
    assert hashing.kept("rejected_rows", ["row_key", "trader_id"]) == ["row_key", "trader_id"]
    assert hashing.kept("rejected_rows", ["row_key", "raw_values"]) == []


def test_no_published_byte_tells_an_id_and_the_restricted_database_leads_back(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    run_plan(warehouse, tmp_path / "published", plan("b1"))
    for path in (tmp_path / "published").rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert b"account-" not in content, path
        assert b"trader-" not in content, path
        assert SECRET.encode() not in content, path
    back = dict(warehouse.execute(MAPPING).fetchall())
    assert back["trader-7"] == KEY.published("trader-7")
    assert back["account-1|BTC"] == KEY.published("account-1|BTC")


def test_hashes_are_the_same_in_the_next_build_and_another_key_is_named(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = tmp_path / "published"
    run_plan(warehouse, published, plan("b1"))
    first = rows(published, "trader_features")
    assert "another key" not in run_plan(warehouse, published, plan("b2"))
    assert rows(published, "trader_features") == first
    monkeypatch.setenv(KEY_VARIABLE, SECRET[::-1])
    assert "another key" in run_plan(warehouse, published, plan("b3"))
    assert rows(published, "trader_features") != first


def test_without_a_key_nothing_is_published(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(PublishError, match="hash_trader_ids is on, and TRADER_SEGMENTS_HASH_KEY"):
        run_plan(warehouse, tmp_path / "published", plan("b1"))
    assert read_manifest(tmp_path / "published") is None


def test_an_id_in_a_column_of_another_name_stops_the_publish(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    warehouse.execute(
        "alter table account_segments add column note varchar default 'moves money to trader-12'"
    )
    with pytest.raises(PublishError, match=r"account_segments holds ids .* in note"):
        run_plan(warehouse, tmp_path / "published", plan("b1"))
    assert read_manifest(tmp_path / "published") is None


def test_where_no_restricted_database_is_the_mapping_does_not_stay(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """On Spark the marts are fetched into a database of the moment; the cluster has the mapping."""
    warehouse.execute("detach restricted")
    run_plan(warehouse, tmp_path / "published", plan("b1"))
    assert len(rows(tmp_path / "published", "trader_features")) == 40
    assert (
        warehouse.execute(
            "select * from duckdb_tables() where table_name = 'hashed_ids'"
        ).fetchall()
        == []
    )


def test_ids_are_published_as_they_are_unless_asked(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    run_plan(warehouse, tmp_path / "published", plan("b1", hash_trader_ids=False))
    ids = {row["trader_id"] for row in rows(tmp_path / "published", "trader_features")}
    assert ids == {f"trader-{i}" for i in range(40)}
    manifest = read_manifest(tmp_path / "published")
    assert manifest is not None
    assert manifest["hash_key"] is None


@pytest.mark.parametrize(
    ("target", "readers", "grants"),
    [
        ("duckdb", "bi,crm", {}),
        ("sparksession", "", {}),
        ("sparksession", "bi,crm", {"select": ["bi", "crm"]}),
    ],
)
def test_marts_are_granted_to_the_readers_of_a_cluster_alone(
    target: str, readers: str, grants: dict[str, list[str]]
) -> None:
    settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    configured = settings["models"]["trader_segments"]["marts"]["+grants"]
    context = {"target": SimpleNamespace(type=target), "env_var": lambda *_: readers}
    assert get_rendered(configured, context, native=True) == grants
