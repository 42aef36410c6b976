"""dbt-spark with what it lacks on open-source Spark: Python models, raw files, publishing.

Python models run in the dbt process. They get what dbt-duckdb gives them, DuckDB relations and a
DuckDB connection, over the rows that Spark has; what they return becomes a Spark table. So a model
is written once, and only what it reads and returns travels.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa
from dbt.adapters.base.impl import PythonJobHelper
from dbt.adapters.base.meta import available
from dbt.adapters.contracts.connection import Connection, ConnectionState
from dbt.adapters.spark.connections import SparkConnectionManager, SparkCredentials
from dbt.adapters.spark.impl import SparkAdapter
from dbt.adapters.spark.session import Connection as SparkSessionHandle
from dbt.adapters.spark.session import Cursor, SessionConnectionWrapper
from dbt_common.exceptions import DbtRuntimeError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from trader_segments import spark
from trader_segments.privacy.ids import hash_key_problem
from trader_segments.publish import read_manifest

_session: SparkSession | None = None
_lock = Lock()
# PySpark logs each error as JSON with all of its stacks; dbt says it too.
logging.getLogger("SQLQueryContextLogger").disabled = True


@dataclass
class SparkSessionCredentials(SparkCredentials):
    """Those of dbt-spark, and what the plugin of the DuckDB target has: home, venue, raw_data."""

    home: str = "."
    venue: str = "exchange"
    raw_data: str = ""

    @property
    def type(self) -> str:
        return "sparksession"


class SessionCursor(Cursor):
    """The cursor of dbt-spark, without its look at every setting before every statement."""

    def __init__(self, session: SparkSession) -> None:
        super().__init__()
        self.session = session

    def execute(self, sql: str, *parameters: Any) -> None:
        with _short_errors():
            self._df = self.session.sql(sql % parameters if parameters else sql)

    def fetchall(self) -> list[Any] | None:
        with _short_errors():
            rows: list[Any] | None = super().fetchall()
        return rows


class SessionHandle(SparkSessionHandle):
    """A connection of dbt, of which each thread has one, to the session, of which there is one."""

    def __init__(self, session: SparkSession) -> None:
        super().__init__()
        self.session = session

    def cursor(self) -> SessionCursor:
        return SessionCursor(self.session)


class SparkSessionConnectionManager(SparkConnectionManager):
    TYPE = "sparksession"

    @classmethod
    def open(cls, connection: Connection) -> Connection:
        if connection.state != ConnectionState.OPEN:
            session = spark_session(connection.credentials)
            connection.handle = SessionConnectionWrapper(SessionHandle(session))
            connection.state = ConnectionState.OPEN
        return connection


class SparkTables:
    """A DuckDB connection, as dbt-duckdb hands it to Python models, that reads tables of Spark.

    Parameters
    ----------
    connection : an empty DuckDB database
    session : where the tables are
    schema : of the models; `sql` finds the tables of this one
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, session: SparkSession, schema: str
    ) -> None:
        self.connection = connection
        self.session = session
        self.schema = schema

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def read(self, table: str) -> duckdb.DuckDBPyRelation:
        """The rows that a table has now, which stay when it is replaced."""
        return self.connection.from_arrow(self.session.table(table).toArrow())

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Ask DuckDB, with those tables of the schema at hand that the query names."""
        self.connection.execute(f'create schema if not exists "{self.schema}"')
        for table in set(re.findall(rf"\b{self.schema}\.\w+", query)):
            if self.session.catalog.tableExists(table):
                self.connection.register("rows", self.session.table(table).toArrow())
                self.connection.execute(f"create or replace table {table} as from rows")
        return self.connection.sql(query)


class SessionPythonJob(PythonJobHelper):
    """Runs one Python model in this process, against the Spark session of the SQL models."""

    def __init__(self, parsed_model: dict[str, Any], credentials: SparkSessionCredentials) -> None:
        self.name = f"{parsed_model['schema']}.{parsed_model['alias']}"
        self.schema = str(parsed_model["schema"])
        self.credentials = credentials

    def submit(self, compiled_code: str) -> None:
        """Execute the code that dbt made of the model, and keep what the model returns."""
        session = spark_session(self.credentials)
        code: dict[str, Any] = {"__name__": self.name}
        exec(compile(compiled_code, self.name, "exec"), code)
        with duckdb.connect() as connection:
            tables = SparkTables(connection, session, self.schema)
            result = code["model"](code["dbtObj"](tables.read), tables)
            rows = as_arrow(connection, result)
        draft = f"{self.name}__dbt_new"
        types = from_arrow_schema(rows.schema, prefer_timestamp_ntz=True)
        frame = session.createDataFrame(rows, types)
        frame.write.mode("overwrite").saveAsTable(draft, format="parquet")
        session.sql(f"drop table if exists {self.name}").collect()
        session.sql(f"alter table {draft} rename to {self.name}").collect()


class SparkSessionAdapter(SparkAdapter):
    ConnectionManager = SparkSessionConnectionManager

    @property
    def default_python_submission_method(self) -> str:
        return "session"

    @property
    def python_submission_helpers(self) -> dict[str, type[PythonJobHelper]]:
        return {"session": SessionPythonJob}

    @available.parse(lambda *_, **__: [])
    def get_column_schema_from_query(self, sql: str) -> list[Any]:
        """The columns of a query, which Spark analyses once for it: in a deep graph of views that
        is most of what a small model costs, and dbt-spark's look at the schema takes two."""
        _, cursor = self.connections.add_select_query(f"describe query {sql}")
        return [
            self.Column.create(row.col_name, self.connections.data_type_code_to_name(row.data_type))
            for row in cursor.fetchall()
        ]

    @available
    def check_raw_input(self) -> str:
        """Show the raw files of the profile to Spark; the problems of the input, a line each."""
        given = self.config.credentials
        session = spark_session(given)
        return spark.register(
            session, Path(self.config.project_root), given.venue, given.raw_data, Path(given.home)
        )

    @available
    def hash_key_problem(self) -> str:
        """Why ids cannot be hashed, empty where they can be."""
        return hash_key_problem()

    @available
    def publish_marts(self, plan: Mapping[str, Any]) -> None:
        """Publish the marts as the DuckDB target does, or say why not."""
        given = self.config.credentials
        spark.publish(spark_session(given), Path(given.home), dict(plan))

    @available
    def served_build(self) -> str:
        """Id of the build that readers have, empty where none is published."""
        served = read_manifest(Path(self.config.credentials.home).resolve() / "published")
        return served["build_id"] if served else ""


@contextmanager
def _short_errors() -> Iterator[None]:
    """What Spark says is wrong, without its plan and its stack."""
    try:
        yield
    except PySparkException as error:
        raise DbtRuntimeError(re.split(r"\n\n|;\n'", str(error).strip())[0]) from error


def spark_session(credentials: SparkSessionCredentials) -> SparkSession:
    """The session of this process, with the settings of the profile; there is one."""
    global _session
    with _lock:
        if _session is None:
            builder = SparkSession.builder
            for name, value in credentials.server_side_parameters.items():
                builder = builder.config(name, value)
            _session = builder.getOrCreate()
    return _session


def as_arrow(connection: duckdb.DuckDBPyConnection, result: object) -> pa.Table:
    """What a Python model returned, from pandas, Arrow or DuckDB, as Spark takes it."""
    connection.register("result", result)
    rows: pa.Table = connection.sql("from result").to_arrow_table()
    for position, field in enumerate(rows.schema):
        if pa.types.is_null(field.type):
            rows = rows.set_column(position, field.name, rows.column(position).cast(pa.string()))
    return rows
