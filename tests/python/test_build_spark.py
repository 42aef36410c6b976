"""The whole project on a Spark cluster: every mart is that of DuckDB, also where a worker dies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from spark_cluster import SparkCluster
from tools import require_tool
from trader_segments.simulate import simulate
from warehouse_builds import Home, Run, must, require_data, unlike

pytest.importorskip("pyspark", reason="the target spark needs requirements-spark.lock")

from pyspark.sql import SparkSession

from dbt.adapters.sparksession.impl import as_arrow

pytestmark = [pytest.mark.slow, pytest.mark.spark]


# By what a raw table's rows are dated; instruments and accounts are there from the start.
DATED_BY = {
    "fills": "executed_at",
    "orders": "event_at",
    "quotes": "quoted_at",
    "balances": "snapshot_date",
    "positions": "snapshot_date",
    "open_interest": "snapshot_date",
    "index_prices": "priced_at",
    "funding_payments": "paid_at",
    "incentives": "paid_at",
    "transfers": "occurred_at",
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    require_tool("java")
    with SparkCluster(tmp_path_factory.mktemp("spark"), workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("sample"), traders=150, days=60).out / "raw"


@dataclass(frozen=True)
class Both:
    """One venue on DuckDB, and on Spark in a schema of its own."""

    on_duckdb: Home
    on_spark: Home

    @classmethod
    def of(cls, folder: Path, project: Path, raw_data: Path, venue: str) -> Both:
        homes = (folder / engine for engine in ("duckdb", "spark"))
        return cls(*(Home(home, raw_data, venue, project, timeout=1800) for home in homes))

    def build(self, cluster: SparkCluster) -> list[str]:
        """Build on both at once, since neither keeps two cores busy; how the marts differ."""
        with ThreadPoolExecutor() as pool:
            on_duckdb = pool.submit(self.on_duckdb.dbt, "build")
            must(build_on_spark(self.on_spark, cluster))
            must(on_duckdb.result())
        return unlike(self.on_duckdb.contents(), self.on_spark.contents())


def build_on_spark(home: Home, cluster: SparkCluster) -> Run:
    return home.dbt(
        "build",
        environment={
            "TRADER_SEGMENTS_TARGET": "spark",
            "TRADER_SEGMENTS_SCHEMA": schema_of(home),
            "SPARK_REMOTE": cluster.remote,
        },
    )


def served_on(cluster: SparkCluster, home: Home) -> dict[str, int]:
    """Rows of each mart that readers on the cluster have, and of the copies behind them."""
    session = SparkSession.builder.remote(cluster.remote).create()
    try:
        schema = f"{schema_of(home)}_published"
        names = [row.tableName for row in session.sql(f"show tables in {schema}").collect()]
        return {name: session.table(f"{schema}.{name}").count() for name in names}
    finally:
        session.stop()


def schema_of(home: Home) -> str:
    return f"segments_{home.venue}"


def test_a_column_without_a_value_is_text() -> None:
    with duckdb.connect() as connection:
        rows = as_arrow(connection, pd.DataFrame({"known": [1], "unknown": [None]}))
    assert rows.schema.field("known").type == pa.int64()
    assert rows.schema.field("unknown").type != pa.null()
    assert rows.to_pylist() == [{"known": 1, "unknown": None}]


def load_until(date: str, sample: Path, raw: Path) -> None:
    """The sample as it was when the day began."""
    raw.mkdir(exist_ok=True)
    for table in sample.glob("*.parquet"):
        dated_by = DATED_BY.get(table.stem)
        kept = f"{dated_by} < date '{date}'" if dated_by else "true"
        with duckdb.connect() as connection:
            rows = connection.read_parquet(str(table)).filter(kept)
            rows.write_parquet(str(raw / table.name))


@pytest.fixture(scope="module")
def exchange(
    sample: Path,
    bare_project: Path,
    cluster: SparkCluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Both:
    """The sample venue of all days but the last two."""
    folder = tmp_path_factory.mktemp("exchange")
    venue = Both.of(folder, bare_project, folder / "raw", "exchange")
    load_until("2026-06-29", sample, venue.on_spark.raw_data)
    return venue


def test_the_sample_venue_is_the_same_on_both_engines(
    exchange: Both, cluster: SparkCluster
) -> None:
    assert exchange.build(cluster) == []
    rows = {mart: table.num_rows for mart, table in exchange.on_spark.contents().items()}
    served = served_on(cluster, exchange.on_spark)
    assert {mart: served.get(mart) for mart in rows} == rows


@pytest.mark.second_load
def test_another_load_is_the_same_on_both_engines(
    exchange: Both, sample: Path, cluster: SparkCluster
) -> None:
    first = exchange.on_spark.manifest()
    load_until("2026-07-01", sample, exchange.on_spark.raw_data)
    assert exchange.build(cluster) == []
    dates = exchange.on_spark.query(
        "select distinct as_of_date from trader_segment_history order by 1"
    )
    assert [str(date) for (date,) in dates] == [first["as_of_date"], "2026-06-30"]


def test_a_venue_of_csv_files_is_the_same_on_both_engines(
    bare_project: Path, cluster: SparkCluster, tmp_path: Path
) -> None:
    venue = Both.of(tmp_path, bare_project, require_data("hyperliquid"), "hyperliquid")
    assert venue.build(cluster) == []


def test_a_worker_that_dies_in_the_middle_of_a_build_changes_nothing(
    bare_project: Path, cluster: SparkCluster, tmp_path: Path
) -> None:
    data = require_data("polymarket_2022_midterms")
    venue = Both.of(tmp_path, bare_project, data, "polymarket")
    killer = Thread(target=kill_in_the_middle, args=(venue.on_spark, cluster))
    killer.start()
    unequal = venue.build(cluster)
    killer.join()
    assert cluster.workers[0].poll() is not None, "the worker outlived the build"
    assert unequal == []


def kill_in_the_middle(home: Home, cluster: SparkCluster) -> None:
    """End a worker once 40 models of a build are there."""
    log = home.path / "logs" / "dbt.log"
    for _ in range(3000):
        if log.exists() and log.read_text(encoding="utf-8").count(" OK created ") >= 40:
            cluster.kill_worker(0)
            return
        time.sleep(0.1)
