"""What the target `spark` does outside SQL: raw files as Spark views, marts as published files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from trader_segments import raw_input
from trader_segments.privacy.published_ids import MAPPING, IdHashing
from trader_segments.warehouse import sample_folder

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_OUR_VIEW = "registered by trader_segments"
_KEPT_BUILDS = 2


def register(
    session: SparkSession, project_root: Path, venue: str, raw_data: str | None, home: Path
) -> str:
    """Create the views ``raw.<table>`` over the raw files; the problems of the input, a line each.

    Parquet stays where it is, and every worker must reach it. CSV, which Spark reads by other rules
    than DuckDB, becomes Parquet in ``build/spark_raw`` of `home`. Where `raw_data` is empty, tables
    in the schema `raw` are used as they are if `fills` is among them, else the sample venue.
    """
    session.sql("create schema if not exists raw").collect()
    ours, others = _raw_tables(session)
    expected = raw_input.load_expected(project_root, venue)
    if not raw_data and {table.name for table in expected if table.is_required} <= others:
        return ""
    folder = Path(raw_data).resolve() if raw_data else sample_folder(home)
    with duckdb.connect() as connection:
        problems = raw_input.register(
            connection, project_root, venue, str(folder), home=home, scan_csv=True
        )
        if problems:
            return "\n".join(problem.problem for problem in problems)
        for view in ours:
            session.sql(f"drop view raw.{view}").collect()
        for table in expected:
            raw_file = raw_input.find_raw_file(folder, table.name)
            if raw_file is None:
                continue
            if raw_file.format == "csv":
                parquet = home.resolve() / "build" / "spark_raw" / f"{table.name}.parquet"
                parquet.parent.mkdir(parents=True, exist_ok=True)
                connection.execute(f"copy raw.{table.name} to '{parquet}' (format parquet)")
                columns = "*"
            else:
                parquet = raw_file.location
                columns = "*, _metadata.file_path as source_file, _metadata.row_index as source_row"
            session.sql(
                f"create or replace view raw.{table.name} comment '{_OUR_VIEW}' as "
                f"select {columns} from parquet.`{parquet}`"
            ).collect()
    return ""


def publish(session: SparkSession, home: Path, plan: dict[str, Any]) -> None:
    """Publish the marts on the cluster, and on this machine as a build on DuckDB is published.

    Readers on the cluster have ``<schema>_published.<mart>``, a view of the build's own copy of the
    mart. All copies are there before the first view is turned to its own; those of the build before
    stay, for queries that still read them.
    """
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.functions import fire_event
    from dbt_common.events.types import Note

    from trader_segments.dbt_plugin import id_hashing, run_plan
    from trader_segments.publish import hold_back_reason

    copies: dict[str, str] = {}
    with duckdb.connect() as connection:
        if hold_back_reason(plan) is None:
            hashing = id_hashing(plan)
            copies = _copy_marts(session, plan, hashing)
            for mart in plan["marts"]:
                name = f"{mart['schema']}.{mart['name']}" if hashing else copies[_view(mart)]
                connection.execute(f'create schema if not exists "{mart["schema"]}"')
                connection.register("rows", session.table(name).toArrow())
                connection.execute(f'create table "{mart["schema"]}"."{mart["name"]}" as from rows')
        try:
            message = run_plan(connection, home.resolve() / "published", plan)
        except Exception:
            for copy in copies.values():
                session.sql(f"drop table {copy}").collect()
            raise
    readers = {_view(mart): mart.get("readers", []) for mart in plan["marts"]}
    for view, copy in copies.items():
        session.sql(f"create or replace view {view} as select * from {copy}").collect()
        for reader in readers[view]:
            session.sql(f"grant select on {view} to `{reader}`").collect()
    for schema in {view.split(".")[0] for view in copies}:
        _drop_old_copies(session, schema)
    fire_event(Note(msg=message), EventLevel.INFO)


def _view(mart: dict[str, str]) -> str:
    return f"{mart['schema']}_published.{mart['name']}"


def _copy_marts(
    session: SparkSession, plan: dict[str, Any], hashing: IdHashing | None
) -> dict[str, str]:
    """A table of this build for each mart; the name that readers have to that of the table."""
    mapping = _write_mapping(session, plan, hashing) if hashing else ""
    build = re.sub(r"\W", "_", plan["build_id"]).lower()
    copies = {_view(mart): f"{_view(mart)}__{build}" for mart in plan["marts"]}
    for mart in plan["marts"]:
        view = _view(mart)
        session.sql(f"create schema if not exists {view.split('.')[0]}").collect()
        relation = f"{mart['schema']}.{mart['name']}"
        select = f"select * from {relation}"
        if hashing:
            columns = session.table(relation).columns
            select = hashing.select(mart["name"], columns, relation, mapping)
            hashed = hashing.hashed(mart["name"], columns)
            select += f" order by {', '.join(hashed)}" if hashed else ""
        session.sql(f"create table {copies[view]} using parquet as {select}").collect()
    return copies


def _write_mapping(session: SparkSession, plan: dict[str, Any], hashing: IdHashing) -> str:
    """Write which hash stands for which id beside the personal data."""
    relations = {mart["name"]: f"{mart['schema']}.{mart['name']}" for mart in plan["marts"]}
    queries = [
        hashing.ids(mart, session.table(relation).columns, relation)
        for mart, relation in relations.items()
    ]
    rows = session.sql(" union ".join(query for query in queries if query)).collect()
    schema = f"{plan['marts'][0]['schema']}_restricted"
    session.sql(f"create schema if not exists {schema}").collect()
    mapping = f"{schema}.{MAPPING}"
    frame = session.createDataFrame(hashing.mapping((row[0], row[1]) for row in rows))
    frame.write.mode("overwrite").saveAsTable(mapping, format="parquet")
    return mapping


def _drop_old_copies(session: SparkSession, schema: str) -> None:
    """Drop the copies of all builds but the last ones; names of builds sort by time."""
    tables = [row.tableName for row in session.sql(f"show tables in {schema}").collect()]
    builds = sorted({table.rpartition("__")[2] for table in tables if "__" in table})
    for table in tables:
        if table.endswith(tuple(f"__{build}" for build in builds[:-_KEPT_BUILDS])):
            session.sql(f"drop table {schema}.{table}").collect()


def _raw_tables(session: SparkSession) -> tuple[set[str], set[str]]:
    """Names in the schema raw: our views, and everything else."""
    ours: set[str] = set()
    others: set[str] = set()
    for table in session.catalog.listTables("raw"):
        is_ours = table.tableType == "VIEW" and table.description == _OUR_VIEW
        (ours if is_ours else others).add(table.name)
    return ours, others
