"""Personal values that are planted reach nothing that is published, logged or compiled, ids are
hashed where asked, and a person who is erased stays erased."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trader_segments.privacy.ids import KEY_VARIABLE, HashKey
from warehouse_builds import (
    DAYS,
    INSTRUMENTS,
    Home,
    Run,
    must,
    small_accounts,
    small_fills,
    small_prices,
    write_csv,
)

pytestmark = pytest.mark.slow

SECRET = "f00dfeedc0ffee1234567890abcdef99"
KEY = HashKey(SECRET.encode())
HASHED = ("--vars", "hash_trader_ids: true")
"""Given to every command, since dbt reads the project again when vars change."""
COMPARED = ("trader_features", "source_health", "rejected_rows")
ERASED, ACCOUNTS, LATER = "trader-0", ("account-0", "account-1"), "account-20"

# Nothing but a leak puts these words anywhere.
PLANTED = {
    "legal_name": "Zuleika Quandtoyelaran",
    "email": "zq@plantedmail.example",
    "birth_date": "1931-07-19",
    "source_of_wealth": "sale of Villa Plantagenhof",
    "wallet_address": "0xpla17edc0de",
    "issuer": "Plantedland Passport Office",
    "note": "lives in 17 Planted Mews, passport XQ9913374",
    "counterparty_address": "0xpla17edc0unterparty",
}
WORDS = (
    r"quandtoyelaran|zuleika|plantedmail|1931-07-19|plantagenhof|plantedland|planted mews|xq9913374"
)
TRACES = re.compile(rf"{WORDS}|pla17ed", re.IGNORECASE)
TRACES_BUT_ADDRESSES = re.compile(WORDS, re.IGNORECASE)


def distinctive(row: dict[str, Any]) -> dict[str, Any]:
    """The row with ids that stand nowhere by chance: A3 becomes account-3."""
    names = {"A": "account-", "T": "trader-"}
    return {
        name: names[value[0]] + value[1:] if name.endswith(("account_id", "trader_id")) else value
        for name, value in row.items()
    }


def fills(days: list[str]) -> list[dict[str, Any]]:
    return [distinctive(row) for row in small_fills(days)]


def accounts() -> list[dict[str, Any]]:
    """Those of the small venue, of which one is a sub-account, and who brought whom."""
    rows = [distinctive(row) for row in small_accounts()]
    for row in rows:
        row["referrer_trader_id"] = ERASED if row["trader_id"] == "trader-3" else None
        row["parent_account_id"] = "account-0" if row["account_type"] == "sub" else None
    return rows


def transfers() -> list[dict[str, Any]]:
    """A deposit of everybody from an address that is planted, and money from one to the other."""
    columns = {"asset": "USDC", "ingested_at": f"{DAYS[0]} 23:59:59"}
    deposits = [
        {
            "transfer_id": f"deposit-{n}",
            "account_id": f"account-{n}",
            "amount": 1000 + n,
            "amount_usd": 1000 + n,
            "occurred_at": f"{DAYS[0]} 0{n}:00:00",
            "kind": "deposit",
            "counterparty_address": f"{PLANTED['counterparty_address']}{n // 2}",
            "counterparty_account_id": None,
            **columns,
        }
        for n in range(10)
    ]
    moves = [
        {
            **deposits[one],
            "transfer_id": f"move-{one}",
            "amount": amount,
            "amount_usd": amount,
            "kind": "internal",
            "counterparty_address": None,
            "counterparty_account_id": f"account-{other}",
        }
        for one, other, amount in ((0, 5, -70), (5, 0, 70))
    ]
    return [*deposits, *moves]


def customers() -> list[dict[str, Any]]:
    """Planted values of everybody, and torn rows with a name where none should be."""
    good = [
        {
            "trader_id": f"trader-{n}",
            "customer_type": "individual",
            "legal_name": f"{PLANTED['legal_name']} {n:02d}",
            "birth_date": PLANTED["birth_date"],
            "email": f"{n:02d}{PLANTED['email']}",
            "country_of_residence": "DE",
            "source_of_wealth": PLANTED["source_of_wealth"],
            "wallet_address": f"{PLANTED['wallet_address']}{n:02d}",
        }
        for n in (0, *range(2, 11))
    ]
    torn = [
        {**good[1], "customer_type": PLANTED["legal_name"], "email": "torn"},
        {**good[2], "trader_id": PLANTED["email"], "customer_type": PLANTED["legal_name"]},
        {**good[3], "trader_id": None, "birth_date": f"born {PLANTED['birth_date']}"},
        {**good[4], "birth_date": PLANTED["note"]},
        {**good[5], "legal_name": f"{PLANTED['legal_name']} the other"},
        {**good[0], "customer_type": PLANTED["note"]},
    ]
    return [*good, *torn]


def verification_events() -> list[dict[str, Any]]:
    good = [
        {
            "event_id": f"event-{n}",
            "trader_id": f"trader-{n}",
            "event_type": "identity_verified",
            "occurred_at": f"{DAYS[0]} 0{n}:00:00",
            "issuer": PLANTED["issuer"],
            "method": "document",
            "note": f"{PLANTED['note']}, number {n}",
            "ingested_at": f"{DAYS[0]} 23:59:59",
        }
        for n in (0, *range(2, 9))
    ]
    torn = [
        {**good[1], "event_id": PLANTED["note"], "event_type": PLANTED["legal_name"]},
        {**good[2], "event_id": "torn-1", "trader_id": PLANTED["legal_name"], "method": "eye"},
        {**good[3], "event_id": "torn-2", "occurred_at": PLANTED["email"]},
        {**good[4], "event_id": "torn-3", "method": PLANTED["issuer"]},
        {**good[0], "event_id": "torn-4", "event_type": PLANTED["email"]},
    ]
    return [*good, *torn]


def write_sanctions(path: Path) -> Path:
    """A list with the name and an address of the person who is erased, and a name of another."""
    name, wallet = PLANTED["legal_name"], PLANTED["wallet_address"]
    path.write_text(
        "id,schema,name,aliases,birth_date,countries\n"
        f"E0,Person,{name} 00,,,\nE2,Person,{name} 02,,,\nW0,CryptoWallet,{wallet}00,,,\n",
        encoding="utf-8",
    )
    return path


def write_venue(raw: Path) -> None:
    write_csv(raw / "fills" / "load_1.csv", fills(DAYS[:9]))
    write_csv(raw / "instruments.csv", INSTRUMENTS)
    write_csv(raw / "index_prices.csv", small_prices(DAYS))
    write_csv(raw / "accounts.csv", accounts())
    write_csv(raw / "transfers.csv", transfers())
    write_csv(raw / "customers.csv", customers())
    write_csv(raw / "verification_events.csv", verification_events())


@dataclass(frozen=True)
class Story:
    """A venue that is built; with the next load one person erased; built on, and built anew."""

    home: Home
    kept: Path
    erasure: Run
    marts_before: dict[str, pa.Table] = field(repr=False)
    marts_without: dict[str, pa.Table] = field(repr=False)
    marts_after_load: dict[str, pa.Table] = field(repr=False)
    built_on: dict[str, list[tuple[Any, ...]]] = field(repr=False)
    built_anew: dict[str, list[tuple[Any, ...]]] = field(repr=False)


@dataclass(frozen=True)
class KeyedHome(Home):
    """A home whose commands have the key of hashed ids."""

    def _run(self, command: str, arguments: Any, environment: Any) -> Run:
        return super()._run(command, arguments, {KEY_VARIABLE: SECRET, **(environment or {})})


@pytest.fixture(scope="module")
def story(bare_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("privacy")
    raw, kept = folder / "raw", folder / "kept"
    home = KeyedHome(folder / "home", raw, project=bare_project)
    write_venue(raw)
    must(home.trader_segments("load-sanctions", str(write_sanctions(folder / "listed.csv"))))
    must(home.dbt("build", *HASHED))
    must(home.dbt("docs", "generate", "--static", *HASHED))
    before = home.contents()
    write_csv(raw / "fills" / "load_2.csv", fills(DAYS[9:10]))
    shutil.copytree(home.path, kept, symlinks=True)
    erasure = home.trader_segments("erase", "--trader-id", ERASED)
    without = home.contents() if erasure.succeeded else {}
    write_csv(raw / "fills" / "load_3.csv", [*fills(DAYS[10:11]), *opened_later()])
    write_csv(raw / "accounts.csv", [*accounts(), {**accounts()[0], "account_id": LATER}])
    must(home.dbt("build", *HASHED))
    built_on = tables_of(home)
    compared = [f"+{name}" for name in COMPARED]
    must(home.dbt("run", *HASHED, "--full-refresh", "--select", *compared))
    return Story(home, kept, erasure, before, without, home.contents(), built_on, tables_of(home))


def tables_of(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """What the marts of features and rows are in the working database, and what leads there."""
    names = [*COMPARED, "int_trader_days", "int_matched_pairs", "stg_exchange__transfers"]
    return {
        name: home.query_warehouse(
            f"select * {'exclude (build_id)' if name == 'source_health' else ''} "
            f"from {name} order by all"
        )
        for name in names
    }


def opened_later() -> list[dict[str, Any]]:
    """Fills of an account that the person has opened after the erasure."""
    return [
        {**row, "fill_id": f"{row['fill_id']}-later", "account_id": LATER}
        for row in fills(DAYS[10:11])
        if row["account_id"] in ACCOUNTS
    ]


@pytest.fixture(scope="module")
def kept(story: Story) -> Home:
    """The home as it was before the erasure."""
    return replace(story.home, path=story.kept)


def plain_files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def texts_of(database: Path, name: str = "searched") -> Iterator[tuple[str, str]]:
    """Every value of every table of a DuckDB file as text, with the table and column."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as {name} (read_only)")
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "semi join duckdb_tables() using (database_name, schema_name, table_name) "
            f"where database_name = '{name}'"
        ).fetchall()
        for schema, table, column in columns:
            found = connection.execute(
                f'select distinct cast("{column}" as varchar) from {name}."{schema}"."{table}"'
            ).fetchall()
            yield f"{table}.{column}", "\n".join(str(value) for (value,) in found)


def test_planted_values_are_there_to_be_found(kept: Home) -> None:
    restricted = kept.warehouse.with_name("restricted.duckdb")
    found = "\n".join(text for _, text in texts_of(restricted))
    for name, value in PLANTED.items():
        assert value in found, name


def test_no_planted_value_is_in_any_byte_that_is_published_documented_logged_or_compiled(
    kept: Home,
) -> None:
    files = [
        path
        for folder in ("published", "target", "logs")
        for path in plain_files(kept.path / folder)
    ]
    assert {path.name for path in files} >= {
        *("report.html", "manifest.json", "published.duckdb", "rejected_rows.parquet"),
        *("static_index.html", "catalog.json", "run_results.json", "dbt.log"),
    }
    for path in files:
        found = TRACES.search(path.read_bytes().decode("latin-1"))
        assert not found, (path, found)
        assert SECRET.encode() not in path.read_bytes(), path


def test_no_planted_value_is_in_any_value_that_is_published(kept: Home) -> None:
    for version in (kept.published / "versions").iterdir():
        for name, text in texts_of(version / "published.duckdb"):
            assert not TRACES.search(text), name
        for path in (version / "marts").glob("*.parquet"):
            values = "\n".join(str(row) for row in pq.read_table(path).to_pylist())
            assert not TRACES.search(values), path


def test_the_working_database_has_no_planted_value_but_addresses_on_the_chain(kept: Home) -> None:
    for name, text in texts_of(kept.warehouse):
        without_addresses = text.replace(PLANTED["counterparty_address"], "")
        assert not TRACES.search(without_addresses), name
    assert not TRACES_BUT_ADDRESSES.search(kept.warehouse.read_bytes().decode("latin-1"))


def test_rows_of_restricted_tables_are_rejected_with_a_reason_and_kept_where_they_may_be(
    kept: Home,
) -> None:
    rejected = kept.query(
        "select source_table, reason, row_key is null, raw_values is null from rejected_rows "
        "order by all"
    )
    # the trader of a torn customer row may be unknown; with hashed ids no raw value is shown
    assert [(table, reason, unknown) for table, reason, unknown, _ in rejected] == [
        ("customers", "duplicate trader_id with other content", False),
        ("customers", "missing trader_id; unparsable birth_date", True),
        ("customers", "unknown customer_type", False),
        ("customers", "unknown customer_type", False),
        ("customers", "unknown customer_type", True),
        ("customers", "unparsable birth_date", False),
        ("verification_events", "unknown event_type", False),
        ("verification_events", "unknown event_type", False),
        ("verification_events", "unknown method", False),
        ("verification_events", "unknown method", True),
        ("verification_events", "unparsable occurred_at", False),
    ]
    assert {raw_is_null for *_, raw_is_null in rejected} == {True}
    with duckdb.connect(str(kept.warehouse.with_name("restricted.duckdb")), read_only=True) as own:
        whole = own.execute(
            "select raw_values from stg_exchange__customers where row_status = 'rejected'"
        ).fetchall()
    assert len(whole) == 6
    assert all("legal_name" in text and "birth_date" in text for (text,) in whole)


def test_the_restricted_database_is_for_its_owner_alone(kept: Home) -> None:
    restricted = kept.warehouse.with_name("restricted.duckdb")
    assert restricted.stat().st_mode & 0o077 == 0
    assert restricted.parent.stat().st_mode & 0o077 == 0


def test_published_ids_are_hashes_that_join_and_that_the_restricted_database_leads_back(
    kept: Home,
) -> None:
    hashes = {KEY.published(f"trader-{n}") for n in (0, *range(2, 11))}
    for mart in ("trader_features", "trader_segments", "trader_segment_history"):
        assert {value for (value,) in kept.query(f"select trader_id from {mart}")} == hashes
    for path in plain_files(kept.published):
        content = path.read_bytes()
        assert b"trader-" not in content, path
        assert b"account-" not in content, path
    for version in (kept.published / "versions").iterdir():
        for name, text in texts_of(version / "published.duckdb"):
            assert not re.search(r"trader-\d|account-\d", text), name
    with duckdb.connect(str(kept.warehouse.with_name("restricted.duckdb")), read_only=True) as own:
        back = dict(own.execute("select published_id, venue_id from hashed_ids").fetchall())
        persons = own.execute("select venue_id from hashed_ids where is_person").fetchall()
    owners = {name for row in accounts() for name in (row["trader_id"], row["account_id"])}
    assert {name for (name,) in persons} == owners
    assert back[KEY.published("trader-7")] == "trader-7"
    pools = {value for (value,) in kept.query("select pool_id from pool_exposure")}
    assert {back[pool] for pool in pools} <= {
        f"{kind}:{row['account_id']}" for kind in ("account", "group") for row in accounts()
    }


def test_erasure_is_proved_and_says_what_it_looked_at(story: Story) -> None:
    assert story.erasure.succeeded, story.erasure.output
    said = story.erasure.output
    assert "Nothing of the person was found." in said
    for place in ("warehouse.duckdb", "restricted.duckdb", "published.duckdb", "Parquet", "target"):
        assert place in said.partition("Searched for")[2], place
    assert "legal_name (1)" in said
    assert "customers (2 rows)" in said.partition("remove it there")[2]
    assert not TRACES.search(said)


def test_nothing_of_the_erased_person_is_left(story: Story) -> None:
    """Looked for here without the command's own search."""
    traces = re.compile(
        rf"{ERASED}(?!\d)|(account-0|account-1|{LATER})(?!\d)|quandtoyelaran 00|"
        rf"00zq@|pla17edc0de00|number 0|{KEY.published(ERASED)}",
        re.IGNORECASE,
    )
    before = [text for _, text in texts_of(story.kept / "build" / "warehouse.duckdb")]
    assert any(traces.search(text) for text in before)
    files = [path for path in plain_files(story.home.path) if path.name != "sanctions.duckdb"]
    for path in files:
        if path.suffix == ".duckdb":
            for name, text in texts_of(path):
                assert not traces.search(text), (path, name)
    needles = [
        f"{PLANTED['legal_name']} 00",
        *(f"00{PLANTED['email']}", f"{PLANTED['wallet_address']}00", KEY.published(ERASED)),
    ]
    for path in files:
        content = path.read_bytes()
        assert not [needle for needle in needles if needle.encode() in content], path


def test_matches_with_lists_are_erased_and_the_lists_stay(story: Story, kept: Home) -> None:
    def matches(home: Home) -> set[tuple[str, str]]:
        path = home.warehouse.with_name("restricted.duckdb")
        with duckdb.connect(str(path), read_only=True) as restricted:
            asked = "select trader_id, entry_id from int_sanctions_matches"
            return set(restricted.execute(asked).fetchall())

    before = {(ERASED, "E0"), (ERASED, "W0"), ("trader-2", "E2")}
    assert matches(kept) >= before
    assert ("trader-2", "E2") in matches(story.home)
    assert not {entry for trader, entry in matches(story.home) if trader == ERASED}
    with duckdb.connect(str(kept.warehouse.with_name("sanctions.duckdb")), read_only=True) as lists:
        assert lists.execute("select count(*) from names").fetchone() == (2,)


def test_versions_that_were_published_before_are_gone(story: Story) -> None:
    (before,) = (story.kept / "published" / "versions").iterdir()
    assert f"Removed the published version {before.name}" in story.erasure.output
    assert before.name not in {path.name for path in story.home.published.glob("versions/*")}


def test_the_history_of_everybody_else_stays(story: Story) -> None:
    before = story.marts_before["trader_segment_history"].to_pylist()
    after = story.marts_without["trader_segment_history"].to_pylist()
    assert [row for row in after if row["as_of_date"] == before[0]["as_of_date"]] == [
        row for row in before if row["trader_id"] != KEY.published(ERASED)
    ]
    assert len({row["as_of_date"] for row in after}) == 2


def test_segments_of_the_past_no_longer_count_the_person(story: Story) -> None:
    """Their sizes are tested on each build; a segment without anybody is none."""
    sizes = (
        "select as_of_date, segment_id, {} from {} {} order by all",
        "select as_of_date, sum(trader_share) from segment_summary_history group by 1 order by 1",
    )
    counted = sizes[0].format("traders", "segment_summary_history", "")
    held = sizes[0].format("count(*)", "trader_segment_history", "group by 1, 2")
    assert story.home.query(counted) == story.home.query(held)
    assert [share for _, share in story.home.query(sizes[1])] == pytest.approx([1, 1, 1])


def test_loads_after_the_erasure_do_not_bring_the_person_back(story: Story) -> None:
    traders = set(story.marts_after_load["trader_features"]["trader_id"].to_pylist())
    assert traders == {KEY.published(f"trader-{n}") for n in range(2, 11)}
    health = {
        row["source_table"]: row for row in story.marts_after_load["source_health"].to_pylist()
    }
    expected = [*fills(DAYS[:11]), *opened_later()]
    left = [row for row in expected if row["account_id"] not in (*ACCOUNTS, LATER)]
    assert health["fills"]["rows_read"] == health["fills"]["rows_staged"] == len(left)
    assert health["transfers"]["rows_read"] == 12 - 3
    rejected = story.marts_after_load["rejected_rows"].to_pylist()
    assert len([row for row in rejected if row["source_table"] == "customers"]) == 5
    assert len([row for row in rejected if row["source_table"] == "verification_events"]) == 4


def test_built_on_is_built_anew_after_the_erasure(story: Story) -> None:
    """From features on everything is computed anew in each build anyway."""
    for name, rows in story.built_on.items():
        assert rows == story.built_anew[name], name


def test_the_rows_of_others_no_longer_name_the_person(story: Story) -> None:
    rows = story.home.query_warehouse(
        "select transfer_id, counterparty_account_id from stg_exchange__transfers "
        "where kind = 'internal'"
    )
    assert rows == [("move-5", None)]
    brought = story.home.query_warehouse(
        "select distinct referrer_trader_id from stg_exchange__accounts"
    )
    assert brought == [(None,)]


def test_a_build_with_another_key_does_not_begin(story: Story) -> None:
    run = story.home.dbt("build", *HASHED, environment={KEY_VARIABLE: SECRET[::-1]})
    assert not run.succeeded
    assert "there are erased persons to leave out, and their list was made with" in run.output
    assert "OK created" not in run.output


def test_an_id_that_nobody_has_is_not_erased(story: Story) -> None:
    run = story.home.trader_segments("erase", "--trader-id", "trader-99")
    assert not run.succeeded
    assert "nobody in the working database has the id trader-99" in run.output
