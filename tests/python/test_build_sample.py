"""The sample venue, built whole, built again, and built on one thread."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from test_build_scoring import assert_scores_are_those_of_python
from trader_segments.segmentation.table import FeatureTable
from trader_segments.segmentation.transforms import transform_feature
from trader_segments.simulate import SimulationResult, simulate
from warehouse_builds import (
    MART_COLUMNS,
    ROOT,
    STAMPS,
    Home,
    Run,
    differences,
    must,
    registered_features,
)

pytestmark = pytest.mark.slow

PERSONAL = ["legal_name", "birth_date", "email", "wallet_address"]


@dataclass(frozen=True)
class Built:
    """The sample venue built twice in one home."""

    home: Home
    runs: tuple[Run, Run]
    manifests: tuple[dict[str, Any], dict[str, Any]]
    contents: tuple[dict[str, pa.Table], dict[str, pa.Table]] = field(repr=False)


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> SimulationResult:
    return simulate(tmp_path_factory.mktemp("sample") / "venue", traders=80, days=35)


@pytest.fixture(scope="module")
def built(
    venue: SimulationResult, lean_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Built:
    home = Home(tmp_path_factory.mktemp("home"), venue.out / "raw", project=lean_project)
    first = must(home.dbt("build", environment={"TRADER_SEGMENTS_THREADS": "2"}))
    first_manifest, first_contents = home.manifest(), home.contents()
    second = must(home.dbt("build", environment={"TRADER_SEGMENTS_THREADS": "2"}))
    return Built(
        home,
        (first, second),
        (first_manifest, home.manifest()),
        (first_contents, home.contents()),
    )


@pytest.fixture(scope="module")
def raw(venue: SimulationResult) -> Iterator[duckdb.DuckDBPyConnection]:
    """The raw tables as views, and `good_fills`, the fills that obey the contract."""
    with duckdb.connect() as connection:
        for path in (venue.out / "raw").glob("*.parquet"):
            connection.execute(f"create view {path.stem} as from '{path}'")
        fills = venue.out / "raw" / "fills.parquet"
        connection.execute(
            f"""
            create table good_fills as
            with numbered as (
                select *, row_number() over (
                    partition by fill_id order by ingested_at desc, file_row_number
                ) as version
                from read_parquet('{fills}', file_row_number = true)
                where quantity > 0 and price > 0
            )
            select numbered.* from numbered
            semi join instruments using (instrument_id)
            where version = 1
            """
        )
        connection.execute(
            """
            create table day_prices as
            select asset, priced_at::date as day, max_by(price_usd, priced_at) as price_usd
            from index_prices group by all
            """
        )
        yield connection


def test_a_full_and_then_an_incremental_build_are_green_and_quiet(built: Built) -> None:
    for run in built.runs:
        assert "WARN=0 ERROR=0 SKIP=0" in run.output
        quiet = run.output.replace("WARN=0", "")
        assert not re.search(r"warn|deprecat", quiet, re.IGNORECASE), quiet


def test_building_the_same_input_again_changes_no_mart(built: Built) -> None:
    assert differences(*built.contents) == []
    first, second = (manifest["marts"] for manifest in built.manifests)
    assert first.keys() == second.keys()
    changed = {mart for mart in first if first[mart] != second[mart]}
    assert changed == {"source_health"}
    assert built.manifests[0]["build_id"] < built.manifests[1]["build_id"]


def test_every_mart_has_the_columns_it_must_have(built: Built) -> None:
    given = built.contents[1]
    lacking = {
        (mart, column)
        for mart, columns in MART_COLUMNS.items()
        for column in columns
        if mart not in given or column not in [*given[mart].column_names, *STAMPS.get(mart, [])]
    }
    assert lacking == set()


def test_every_mart_has_its_key_and_every_column_says_what_it_is(built: Built) -> None:
    """They go with the marts to whatever reads or copies them."""
    assert [mart for mart, entry in built.manifests[1]["marts"].items() if not entry["key"]] == []
    silent = built.home.query(
        "select table_name, column_name from duckdb_columns() "
        "where schema_name = 'marts' and coalesce(comment, '') = '' union all "
        "select table_name, '' from duckdb_tables() "
        "where schema_name = 'marts' and coalesce(comment, '') = ''"
    )
    assert silent == []


def test_trader_features_has_one_column_per_registered_feature(built: Built) -> None:
    described = {
        name: type_name for name, type_name, *_ in built.home.query("describe trader_features")
    }
    expected = {
        name: column["data_type"].upper().replace(" ", "")
        for name, column in registered_features().items()
    }
    assert list(described) == ["trader_id", "as_of_date", *expected]
    assert {name: described[name] for name in expected} == expected
    catalogued = [name for (name,) in built.home.query("select feature_name from feature_catalog")]
    assert sorted(catalogued) == sorted(expected)


def test_published_parquet_and_database_hold_the_same_rows(built: Built) -> None:
    for mart, entry in built.manifests[1]["marts"].items():
        (rows,) = built.home.query(f"select count(*) from {mart}")[0]
        assert rows == entry["rows"] == built.contents[1][mart].num_rows


def test_fills_notional_and_fees_equal_a_recomputation_from_the_raw_tables(
    built: Built, raw: duckdb.DuckDBPyConnection
) -> None:
    expected = raw.execute(
        """
        with valued as (
            select
                accounts.trader_id,
                case
                    when not is_inverse then quantity::double * contract_multiplier * price
                    when kind = 'option' then quantity::double * index_price
                    else quantity::double * contract_multiplier
                end as notional_usd,
                fee::double * case
                    when fee_currency in ('USD', 'USDC', 'USDT', 'DAI') then 1
                    else day_prices.price_usd
                end as fee_usd,
                realized_pnl::double * case
                    when settlement_currency in ('USD', 'USDC', 'USDT', 'DAI') then 1
                    else settlement_prices.price_usd
                end as realized_pnl_usd
            from good_fills
            inner join instruments using (instrument_id)
            inner join accounts using (account_id)
            left join day_prices
                on day_prices.asset = fee_currency and day_prices.day = executed_at::date
            left join day_prices as settlement_prices
                on settlement_prices.asset = settlement_currency
                and settlement_prices.day = executed_at::date
        )
        select
            trader_id, count(*), sum(notional_usd), sum(fee_usd), sum(realized_pnl_usd)
        from valued group by trader_id order by trader_id
        """
    ).fetchall()
    found = built.home.query(
        """
        select
            trader_id, fill_count, notional_usd::double, net_fee_usd::double,
            realized_pnl_usd::double
        from trader_features where fill_count > 0 order by trader_id
        """
    )
    assert [row[:2] for row in found] == [row[:2] for row in expected]
    for mine, theirs in zip(found, expected, strict=True):
        assert mine[2:] == pytest.approx(theirs[2:], rel=1e-9, abs=1e-6), mine[0]


def test_planted_dirt_is_counted_where_it_belongs(built: Built, venue: SimulationResult) -> None:
    reasons = dict(
        built.home.query(
            "select reason, count(*) from rejected_rows where source_table = 'fills' group by 1"
        )
    )
    assert min(venue.planted.values()) > 0
    assert reasons == {
        "quantity not above zero": venue.planted["zero_quantity"],
        "unknown instrument_id": venue.planted["unknown_instrument"],
        "duplicate fill_id with other content": venue.planted["other_price"],
    }
    rejected = sum(reasons.values())
    duplicates = venue.planted["exact_duplicate"]
    read = venue.rows["fills"]
    assert built.home.query(
        "select rows_read, rows_staged, rows_rejected, rows_duplicate "
        "from source_health where source_table = 'fills'"
    ) == [(read, read - rejected - duplicates, rejected, duplicates)]


def test_source_health_accounts_for_every_raw_row(built: Built, venue: SimulationResult) -> None:
    health = built.home.query(
        "select source_table, rows_read, rows_staged + rows_rejected + rows_duplicate, is_present "
        "from source_health"
    )
    assert {table: read for table, read, _, _ in health} == venue.rows
    assert all(read == accounted and present for _, read, accounted, present in health)
    assert built.home.query("select distinct build_id from source_health") == [
        (built.manifests[1]["build_id"],)
    ]


def test_every_customer_has_exactly_one_segment(
    built: Built, raw: duckdb.DuckDBPyConnection
) -> None:
    customers = raw.execute("select distinct trader_id from accounts order by 1").fetchall()
    assert built.home.query("select trader_id from trader_segments order by 1") == customers
    assert built.home.query("select trader_id from trader_features order by 1") == customers
    assert built.home.query("select sum(traders) from segment_summary") == [(len(customers),)]


def test_the_as_of_date_is_the_last_day_with_events(built: Built) -> None:
    assert built.home.query("select distinct as_of_date from trader_segments") == [
        (dt.date(2026, 6, 30),)
    ]


def personal_values(raw: duckdb.DuckDBPyConnection) -> set[str]:
    return {
        value
        for column in PERSONAL
        for (value,) in raw.execute(
            f"select distinct {column}::varchar from customers where {column} is not null"
        ).fetchall()
    }


def test_no_personal_value_is_in_any_byte_that_is_published_or_logged(
    built: Built, raw: duckdb.DuckDBPyConnection
) -> None:
    needles = [value.encode() for value in personal_values(raw)]
    assert len(needles) > 200
    files = [
        path
        for folder in ("published", "target", "logs")
        for path in (built.home.path / folder).rglob("*")
        if path.is_file() and not path.is_symlink()
    ]
    assert {".duckdb", ".parquet", ".html", ".json", ".sql", ".log"} <= {
        path.suffix for path in files
    }
    for path in files:
        content = path.read_bytes()
        found = [needle for needle in needles if needle in content]
        assert not found, (path, found)


def test_no_personal_value_is_in_any_column_that_is_published(
    built: Built, raw: duckdb.DuckDBPyConnection
) -> None:
    values = personal_values(raw)
    folder = (built.home.published / "marts").resolve()
    for path in folder.glob("*.parquet"):
        table = pq.read_table(path)
        for column in table.column_names:
            texts = {str(value) for value in table[column].unique().to_pylist()}
            assert not texts & values, (path.name, column)
            everything = "\n".join(texts)
            assert not re.search(r"@example\.com|0xsample|Person \d|Company \d", everything)


def test_personal_data_is_in_the_restricted_database_only(built: Built) -> None:
    with duckdb.connect() as connection:
        for name in ("warehouse", "restricted"):
            path = built.home.warehouse.with_name(f"{name}.duckdb")
            connection.execute(f"attach '{path}' as {name} (read_only)")
        tables = connection.execute(
            "select database_name, table_name, list(column_name) from duckdb_columns() "
            "semi join duckdb_tables() using (database_name, schema_name, table_name) group by all"
        ).fetchall()
    holders = {(database, table) for database, table, columns in tables if {*PERSONAL} & {*columns}}
    assert holders == {("restricted", "stg_exchange__customers")}
    restricted = {table for database, table, _ in tables if database == "restricted"}
    assert restricted >= {
        "stg_exchange__customers",
        "stg_exchange__verification_events",
        "sanctions_screening",
        "int_sanctions_matches",
    }
    assert not {name for _, name, _ in tables if name.startswith("int_due")} - restricted


def test_the_warehouse_itself_holds_no_personal_value(
    built: Built, raw: duckdb.DuckDBPyConnection
) -> None:
    """But for addresses on the chain, which deposits carry whoever their owner is."""
    values = personal_values(raw) - {
        address for (address,) in raw.execute("select wallet_address from customers").fetchall()
    }
    with duckdb.connect(str(built.home.warehouse), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "semi join duckdb_tables() using (database_name, schema_name, table_name) "
            "where database_name = 'warehouse' and data_type in ('VARCHAR', 'DATE', 'JSON')"
        ).fetchall()
        assert len(columns) > 100
        for schema, table, column in columns:
            found = connection.execute(
                f'select distinct "{column}"::varchar from warehouse.{schema}."{table}"'
            ).fetchall()
            assert not {value for (value,) in found} & values, (table, column)


def test_one_thread_and_many_slices_of_dates_give_the_same_marts(
    built: Built, venue: SimulationResult, bare_project: Path, tmp_path: Path
) -> None:
    profiles = yaml.safe_load((ROOT / "profiles.yml").read_text(encoding="utf-8"))
    for name, target in profiles["trader_segments"]["outputs"].items():
        if target["type"] == "duckdb" and name != "published":
            target["settings"]["threads"] = 1
    profile = tmp_path / "profile" / "profiles.yml"
    profile.parent.mkdir()
    profile.write_text(yaml.safe_dump(profiles), encoding="utf-8")
    home = Home(tmp_path / "home", venue.out / "raw", project=bare_project)
    must(
        home.dbt(
            "build",
            "--profiles-dir",
            str(profile.parent),
            "--vars",
            "{fills_per_slice: 1}",
            environment={"TRADER_SEGMENTS_THREADS": "1"},
        )
    )
    slices = "select count(*) from int_fact_slices"
    assert built.home.query_warehouse(slices) == [(1,)]
    assert home.query_warehouse(slices)[0][0] > 3
    assert differences(built.contents[0], home.contents()) == []
    on_one, on_many = home.manifest()["marts"], built.manifests[0]["marts"]
    for entry in (*on_one.values(), *on_many.values()):
        entry.pop("key")  # Told by the tests of a project; the first has none.
    assert {mart for mart in on_many if on_one[mart] != on_many[mart]} == set(STAMPS)


def test_sql_scores_as_the_model_does(built: Built) -> None:
    assert_scores_are_those_of_python(built.home.warehouse)


def test_sql_transforms_features_as_the_model_does(built: Built) -> None:
    specs = registered_features()
    rows = built.home.query_warehouse(
        "select trader_id, feature_name, transformed_value from int_trader_feature_values"
    )
    found = {(trader, feature): float(value) for trader, feature, value in rows}
    with duckdb.connect(str(built.home.warehouse), read_only=True) as connection:
        features = connection.execute("select * from trader_features order by trader_id").df()
    table = FeatureTable.from_frame(features, list(specs))
    expected = {
        (trader, name): value
        for name, spec in specs.items()
        for trader, value in zip(
            table.trader_id,
            transform_feature(table, name, spec["transform"], spec.get("count")),
            strict=True,
        )
        if not np.isnan(value)
    }
    assert len(expected) > 1000
    assert found == pytest.approx(expected, abs=1e-8)


def test_sums_are_exact_and_not_merely_close(built: Built, raw: duckdb.DuckDBPyConnection) -> None:
    """Fees in dollars are sums of the venue's own decimals; no digit of them may be lost."""
    dollars = raw.execute(
        """
        select accounts.trader_id, sum(fee)
        from good_fills inner join accounts using (account_id)
        group by accounts.trader_id
        having bool_and(fee_currency = 'USDC')
        order by 1
        """
    ).fetchall()
    assert dollars
    found = dict(built.home.query("select trader_id, net_fee_usd from trader_features"))
    for trader, fee in dollars:
        assert isinstance(found[trader], Decimal)
        assert found[trader] == fee
