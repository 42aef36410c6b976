"""The whole project on a Spark cluster: every mart is that of DuckDB, also where a worker dies."""

from __future__ import annotations

import time
from collections.abc import Iterator
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


KEPT = [
    "int_trader_days",
    "int_trader_instrument_days",
    "segmentation_fits",
    "drift_reference",
    "trader_segment_history",
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    require_tool("java")
    with SparkCluster(tmp_path_factory.mktemp("spark"), workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("sample"), traders=300, days=90).out / "raw"


def build_on_both(
    folder: Path, project: Path, raw_data: Path, venue: str, cluster: SparkCluster
) -> tuple[Home, Home]:
    """One venue on DuckDB, and on Spark in a schema of its own."""
    on_duckdb = Home(folder / "duckdb", raw_data, venue, project)
    must(on_duckdb.dbt("build"))
    on_spark = Home(folder / "spark", raw_data, venue, project, timeout=1800)
    must(build_on_spark(on_spark, cluster))
    return on_duckdb, on_spark


def build_on_spark(home: Home, cluster: SparkCluster, *arguments: str) -> Run:
    return home.dbt(
        "build",
        *arguments,
        environment={
            "TRADER_SEGMENTS_TARGET": "spark",
            "TRADER_SEGMENTS_SCHEMA": schema_of(home),
            "SPARK_REMOTE": cluster.remote,
        },
    )


def spark_tables(home: Home, cluster: SparkCluster, names: list[str]) -> dict[str, pa.Table]:
    """Tables of a build as they are on the cluster."""
    session = SparkSession.builder.remote(cluster.remote).create()
    try:
        return {name: session.table(f"{schema_of(home)}.{name}").toArrow() for name in names}
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


def test_the_sample_venue_is_the_same_on_both_engines(
    sample: Path, bare_project: Path, cluster: SparkCluster, tmp_path: Path
) -> None:
    on_duckdb, on_spark = build_on_both(tmp_path, bare_project, sample, "exchange", cluster)
    assert unlike(on_duckdb.contents(), on_spark.contents()) == []
    # what keeps its rows of the last run stays what it is
    first = spark_tables(on_spark, cluster, KEPT)
    must(build_on_spark(on_spark, cluster, "--select", *KEPT))
    assert unlike(first, spark_tables(on_spark, cluster, KEPT)) == []


def test_a_venue_of_csv_files_is_the_same_on_both_engines(
    bare_project: Path, cluster: SparkCluster, tmp_path: Path
) -> None:
    data = require_data("hyperliquid")
    on_duckdb, on_spark = build_on_both(tmp_path, bare_project, data, "hyperliquid", cluster)
    assert unlike(on_duckdb.contents(), on_spark.contents()) == []


def test_a_worker_that_dies_in_the_middle_of_a_build_changes_nothing(
    bare_project: Path, cluster: SparkCluster, tmp_path: Path
) -> None:
    data = require_data("polymarket_2022_midterms")
    on_spark = Home(tmp_path / "spark", data, "polymarket", bare_project)
    killer = Thread(target=kill_in_the_middle, args=(on_spark, cluster))
    killer.start()
    on_duckdb, on_spark = build_on_both(tmp_path, bare_project, data, "polymarket", cluster)
    killer.join()
    assert cluster.workers[0].poll() is not None, "the worker outlived the build"
    assert unlike(on_duckdb.contents(), on_spark.contents()) == []


def kill_in_the_middle(home: Home, cluster: SparkCluster) -> None:
    """End a worker once 40 models of a build are there."""
    log = home.path / "logs" / "dbt.log"
    for _ in range(3000):
        if log.exists() and log.read_text(encoding="utf-8").count(" OK created ") >= 40:
            cluster.kill_worker(0)
            return
        time.sleep(0.1)
