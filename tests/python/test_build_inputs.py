"""Inputs that a venue really hands over: little of them, in other shapes, with broken rows."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_builds import (
    DAYS,
    INSTRUMENTS,
    MART_COLUMNS,
    STAMPS,
    Home,
    Run,
    differences,
    must,
    registered_features,
    small_fills,
    write_csv,
)

pytestmark = pytest.mark.slow

ALWAYS = ["fill_id", "account_id", "instrument_id", "executed_at", "side", "quantity", "price"]


def fills_only(days: list[str]) -> list[dict[str, Any]]:
    return [{column: fill[column] for column in ALWAYS} for fill in small_fills(days)]


@dataclass(frozen=True)
class Moves:
    """One home that built input A, then B, then A again with two more days."""

    home: Home
    runs: tuple[Run, Run, Run]
    contents: tuple[dict[str, pa.Table], ...] = field(repr=False)


@pytest.fixture(scope="module")
def moves(
    lean_project: Path, bare_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Moves:
    folder = tmp_path_factory.mktemp("inputs")
    a, b = folder / "a", folder / "b"
    write_csv(a / "fills.csv", fills_only(DAYS[:10]), encoding="utf-8-sig")
    for day in DAYS[:10]:
        write_csv(b / "fills" / f"day={day}" / "part_0.csv.gz", fills_only([day]))
    home = Home(folder / "home", a, project=bare_project)
    first = must(replace(home, project=lean_project).trader_segments("build"))
    contents = [home.contents()]
    second = must(replace(home, raw_data=b).trader_segments("build"))
    contents.append(home.contents())
    write_csv(a / "fills.csv", fills_only(DAYS), encoding="utf-8-sig")
    third = must(home.trader_segments("build"))
    contents.append(home.contents())
    return Moves(home, (first, second, third), tuple(contents))


def test_fills_alone_are_enough_and_the_build_says_what_is_missing(moves: Moves) -> None:
    assert "Inputs missing: accounts, balances, campaign_assignments, customers" in (
        moves.runs[0].output
    )
    health = moves.contents[0]["source_health"].to_pylist()
    assert [row["source_table"] for row in health if row["is_present"]] == ["fills"]
    assert len(health) == 15
    fills = next(row for row in health if row["is_present"])
    assert fills["rows_read"] == fills["rows_staged"] == len(fills_only(DAYS[:10]))
    assert all(row["rows_read"] == 0 for row in health if not row["is_present"])


def test_marts_keep_all_columns_without_the_optional_inputs(moves: Moves) -> None:
    given = moves.contents[0]
    for mart, columns in MART_COLUMNS.items():
        assert {*columns} <= {*given[mart].column_names, *STAMPS.get(mart, [])}, mart
    assert {*registered_features()} <= {*given["trader_features"].column_names}


# NULL under 19 gaps between active days, of which ten days have nine.
OWN_GAPS = {"gap_bound_days", "silence_ratio"}


def test_features_whose_input_is_absent_are_null_and_the_others_are_not(moves: Moves) -> None:
    features = moves.contents[0]["trader_features"]
    for name, column in registered_features().items():
        unknown = features[name].null_count
        if column.get("requires") or name in OWN_GAPS:
            assert unknown == features.num_rows, name
        elif name != "burstiness":
            assert unknown == 0, name
    catalog = moves.contents[0]["feature_catalog"].to_pylist()
    assert {row["feature_name"] for row in catalog if row["coverage"] == 0} == {
        name for name, column in registered_features().items() if column.get("requires")
    } | OWN_GAPS


def test_without_accounts_each_account_is_its_own_trader(moves: Moves) -> None:
    accounts = sorted({fill["account_id"] for fill in fills_only(DAYS[:10])})
    assert moves.contents[0]["trader_segments"]["trader_id"].to_pylist() == accounts


def test_a_partitioned_folder_of_compressed_csv_gives_the_same_marts(moves: Moves) -> None:
    assert differences(moves.contents[0], moves.contents[1]) == []


def test_another_input_sets_the_warehouse_aside_and_says_so(moves: Moves) -> None:
    assert "it is kept in" not in moves.runs[0].output
    held = f"The warehouse held exchange from {moves.home.raw_link}; it is kept in"
    assert held in moves.runs[1].output
    assert "a new one starts" in moves.runs[1].output
    assert "the one of exchange is back in its place" in moves.runs[2].output
    dates = {row["as_of_date"] for row in moves.contents[1]["trader_segment_history"].to_pylist()}
    assert [str(date) for date in dates] == [DAYS[9]]


def test_a_warehouse_that_comes_back_has_its_history(moves: Moves) -> None:
    before = moves.contents[0]["trader_segment_history"].to_pylist()
    after = moves.contents[2]["trader_segment_history"].to_pylist()
    assert {str(row["as_of_date"]) for row in after} == {DAYS[9], DAYS[11]}
    assert [row for row in after if str(row["as_of_date"]) == DAYS[9]] == before
    assert moves.contents[2]["segment_migration"].num_rows > 0


def test_only_two_warehouses_are_kept(moves: Moves) -> None:
    build = moves.home.warehouse.parent
    shelves = [path for path in (build / "warehouses").iterdir() if any(path.iterdir())]
    assert len(shelves) == 1
    assert {path.name for path in shelves[0].iterdir()} == {"warehouse.duckdb", "restricted.duckdb"}


def test_plain_dbt_build_refuses_to_mix_two_venues(moves: Moves, tmp_path: Path) -> None:
    trade = {
        "market": "senate",
        "ts": dt.datetime(2025, 3, 1, 10),
        "account": "someone",
        "side": "Buy",
        "outcome": "Yes",
        "amount_usd": 5.0,
        "shares": 10.0,
        "price": 0.5,
    }
    pq.write_table(pa.Table.from_pylist([trade]), tmp_path / "trades.parquet")
    before = moves.home.manifest()
    fills = moves.home.query_warehouse("select count(*) from stg_fills")
    refused = replace(moves.home, venue="polymarket", raw_data=tmp_path).dbt("build")
    assert not refused.succeeded
    assert (
        f"the working database holds exchange from {moves.home.raw_link}, "
        f"and this is polymarket from {tmp_path}" in refused.output
    )
    assert " OK created " not in refused.output
    assert moves.home.manifest() == before
    assert moves.home.query_warehouse("select count(*) from stg_fills") == fills


def test_plain_dbt_build_stops_at_bad_input_before_any_model(
    bare_project: Path, tmp_path: Path
) -> None:
    fills = [{**fill, "qty": fill["quantity"]} for fill in fills_only(DAYS[:1])]
    write_csv(tmp_path / "raw" / "fills.csv", [without(fill, "quantity") for fill in fills])
    home = Home(tmp_path / "home", tmp_path / "raw", project=bare_project)
    stopped = home.dbt("build")
    assert not stopped.succeeded
    assert 'fills.csv has no column "quantity"' in stopped.output
    assert " OK created " not in stopped.output
    assert home.query_warehouse(
        "select count(*) from duckdb_tables() where schema_name = 'main'"
    ) == [(0,)]
    assert not home.published.exists()


def without(row: dict[str, Any], column: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != column}


GOOD = {
    "fill_id": "good-1",
    "account_id": "A1",
    "instrument_id": "BTC_USDC",
    "executed_at": "2025-03-01 10:00:00",
    "side": "BUY",
    "quantity": "2",
    "price": "84000.5",
    "fee": "1.25",
    "fee_currency": "USDC",
    "ingested_at": "2025-03-02 00:00:00",
}
BROKEN = {
    "missing fill_id": {"fill_id": ""},
    "missing account_id": {"fill_id": "no-account", "account_id": ""},
    "missing executed_at": {"fill_id": "no-time", "executed_at": ""},
    "unparsable executed_at": {"fill_id": "bad-time", "executed_at": "yesterday"},
    "unknown side": {"fill_id": "bad-side", "side": "hold"},
    "quantity not above zero": {"fill_id": "no-quantity", "quantity": "0"},
    "quantity not above zero; price not above zero": {
        "fill_id": "negative",
        "quantity": "-1",
        "price": "0",
    },
    "price not above zero": {"fill_id": "no-price", "price": "0.000"},
    "unparsable quantity": {"fill_id": "nan", "quantity": "NaN"},
    "unparsable price": {"fill_id": "infinite", "price": "inf"},
    "unparsable fee": {"fill_id": "bad-fee", "fee": "n/a"},
    "unknown instrument_id": {"fill_id": "unlisted", "instrument_id": "DOGE-PERPETUAL"},
    "executed_at after the load": {"fill_id": "early", "executed_at": "2025-03-02 00:00:01"},
}
LATE = {"ingested_at": "2025-03-05 00:00:00"}


@pytest.fixture(scope="module")
def broken(lean_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A venue with one row of each kind of break, copy and correction."""
    folder = tmp_path_factory.mktemp("broken")
    rows = [
        GOOD,
        *({**GOOD, **change} for change in BROKEN.values()),
        {**GOOD, "fill_id": "future", "executed_at": "2999-01-01 00:00:00", "ingested_at": ""},
        {**GOOD, "fill_id": "offset", "executed_at": "2025-01-01T02:00:00+05:30"},
        {**GOOD, "fill_id": "zulu", "executed_at": "2025-03-01T23:59:59.250Z"},
        {**GOOD, "fill_id": "tie", "price": "90000"},
        {**GOOD, "fill_id": "tie", "price": "10000"},
        {**GOOD, "fill_id": "corrected", "price": "70000"},
        {**GOOD, "fill_id": "corrected", "price": "71000", **LATE},
        {**GOOD, **LATE},
        {**GOOD, **BROKEN["unparsable fee"], **LATE},
        {**GOOD, "fill_id": "spoiled", "price": "60000"},
        {**GOOD, "fill_id": "spoiled", "price": "-60000", **LATE},
    ]
    write_csv(folder / "raw" / "fills.csv", rows)
    write_csv(folder / "raw" / "instruments.csv", INSTRUMENTS)
    write_csv(
        folder / "raw" / "customers.csv",
        [
            {"trader_id": "A1", "customer_type": "robot", "email": "someone@example.org"},
            {"trader_id": "A2", "customer_type": "entity", "email": "other@example.org"},
        ],
    )
    floats = pa.table(
        {
            "asset": ["BTC", "BTC", "BTC"],
            "priced_at": ["2025-03-01", "2025-03-02", "2025-03-03"],
            "price_usd": [84000.0, float("nan"), float("inf")],
        }
    )
    with duckdb.connect() as connection:
        connection.register("floats", floats)
        connection.execute(f"copy floats to '{folder / 'raw' / 'index_prices.parquet'}'")
    home = Home(folder / "home", folder / "raw", project=lean_project)
    must(home.dbt("build"))
    return home


def rejected(home: Home, table: str) -> list[tuple[str, str, dict[str, Any]]]:
    found = home.query(
        "select row_key, reason, raw_values from rejected_rows "
        f"where source_table = '{table}' order by row_key, reason"
    )
    return [(key, reason, json.loads(values)) for key, reason, values in found]


@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_row_is_kept_with_its_reason_and_raw_values(broken: Home, reason: str) -> None:
    expected = {**GOOD, **BROKEN[reason]}
    found = [values for _, given, values in rejected(broken, "fills") if given == reason]
    wanted = [values for values in found if (values["fill_id"] or "") == expected["fill_id"]]
    assert len(wanted) == 1
    given = {name: value or "" for name, value in wanted[0].items()}
    assert given.items() >= expected.items()


def test_a_time_after_the_load_is_rejected_also_where_no_load_time_is_given(broken: Home) -> None:
    assert [reason for key, reason, _ in rejected(broken, "fills") if key == "future"] == [
        "executed_at after the load"
    ]


def test_a_correction_replaces_the_earlier_version_which_is_kept_as_rejected(broken: Home) -> None:
    assert price_of(broken, "corrected") == 71000
    assert [
        (reason, values["price"])
        for key, reason, values in rejected(broken, "fills")
        if key == "corrected"
    ] == [("replaced by a later version of the same fill_id", "70000")]


def test_of_two_contents_in_one_load_the_first_row_stays(broken: Home) -> None:
    assert price_of(broken, "tie") == 90000
    assert [
        (reason, values["price"])
        for key, reason, values in rejected(broken, "fills")
        if key == "tie"
    ] == [("duplicate fill_id with other content", "10000")]


def test_a_correction_that_breaks_the_contract_does_not_replace_a_good_row(broken: Home) -> None:
    assert price_of(broken, "spoiled") == 60000
    assert [
        (reason, values["price"])
        for key, reason, values in rejected(broken, "fills")
        if key == "spoiled"
    ] == [("price not above zero", "-60000")]


def test_times_with_an_offset_become_utc(broken: Home) -> None:
    times = broken.query_warehouse(
        "select fill_id, executed_at::varchar from stg_fills where fill_id in ('offset', 'zulu')"
    )
    assert dict(times) == {"offset": "2024-12-31 20:30:00", "zulu": "2025-03-01 23:59:59.25"}
    assert broken.query(
        "select first_event_at::varchar from source_health where source_table = 'fills'"
    ) == [("2024-12-31 20:30:00",)]


def test_an_exact_copy_loaded_later_is_a_duplicate_also_of_a_broken_row(broken: Home) -> None:
    staged = {"good-1", "offset", "zulu", "tie", "corrected", "spoiled"}
    kept = broken.query_warehouse("select fill_id from stg_fills")
    assert sorted(kept) == sorted((name,) for name in staged)
    others = ["future", "tie", "corrected", "spoiled"]
    assert broken.query(
        "select rows_read, rows_staged, rows_rejected, rows_duplicate "
        "from source_health where source_table = 'fills'"
    ) == [(25, len(staged), len(BROKEN) + len(others), 2)]


def test_a_rejected_customer_is_published_without_personal_data(broken: Home) -> None:
    assert rejected(broken, "customers") == [("A1", "unknown customer_type", {"trader_id": "A1"})]


def test_not_a_number_is_missing_and_infinite_is_unparsable(broken: Home) -> None:
    assert [reason for _, reason, _ in rejected(broken, "index_prices")] == [
        "missing price_usd",
        "unparsable price_usd",
    ]


def test_broken_rows_reach_no_mart(broken: Home) -> None:
    assert broken.query("select trader_id, fill_count, notional_usd from trader_features") == [
        ("A1", 6, 2 * (84000.5 * 3 + 90000 + 71000 + 60000))
    ]


def price_of(home: Home, fill: str) -> Any:
    rows = home.query_warehouse(f"select price from stg_fills where fill_id = '{fill}'")
    assert len(rows) == 1
    return rows[0][0]
