"""Copy the published marts to PostgreSQL, for tools that speak SQL over the wire.

Everything happens in one transaction: the marts are loaded into a schema of their own, which nobody
sees; then the present tables are locked, and the two schemas change names. What was there before is
dropped after it.

A reader sees one build. Whoever has read one of the old tables holds them until its transaction
ends, so that the swap waits; whoever comes while they are locked finds the new ones. Rows are
loaded frozen, so that also a snapshot that is older than the swap sees them, where it would else
find tables without rows. Waiting for the lock is given up after a tenth of a second, as readers
queue behind it, and tried again.
"""

from __future__ import annotations

import io
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import yaml
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from pyarrow import csv

from trader_segments.privacy.published_ids import names_id
from trader_segments.publish import DATABASE, FOLDER, PublishError, manifest_of

ADDRESS = "TRADER_SEGMENTS_POSTGRES"
SCHEMA = "TRADER_SEGMENTS_POSTGRES_SCHEMA"
READERS = "TRADER_SEGMENTS_READERS"
_OF_LIBPQ = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE")
_LONGEST_NAME = 63
"""Bytes of a name in PostgreSQL; it cuts longer ones."""
_OURS = "Trader Segments, build "
"""Begins the comment of a schema that was published by this module."""
_ROWS_AT_ONCE = 10_000
_LOCK_MILLISECONDS = 100
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0

_TYPES = {
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "UTINYINT": "smallint",
    "SMALLINT": "smallint",
    "USMALLINT": "integer",
    "INTEGER": "integer",
    "UINTEGER": "bigint",
    "BIGINT": "bigint",
    "UBIGINT": "numeric(20)",
    "HUGEINT": "numeric(39)",
    "UHUGEINT": "numeric(39)",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "UUID": "uuid",
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_NESTED = re.compile(r"\]$|^(STRUCT|MAP|UNION)\(")
_HASH = "[0-9a-f]{64}"


@dataclass(frozen=True)
class Target:
    """Where in PostgreSQL the marts go.

    Attributes
    ----------
    address
        Connection string or URI of libpq; empty: libpq reads its own variables (PGHOST, …).
    schema
        Schema that the marts replace.
    readers
        Roles that may read it and nothing else.
    """

    address: str
    schema: str = "marts"
    readers: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Target:
        """The target that the environment names.

        Raises
        ------
        PublishError
            If it names none, or one that cannot be.
        """
        given = os.environ if environment is None else environment
        address = given.get(ADDRESS, "").strip()
        if not address and not any(given.get(name) for name in _OF_LIBPQ):
            raise PublishError(
                f"there is no PostgreSQL to publish to: set {ADDRESS} to a connection string or "
                "URI, or the variables of libpq (PGHOST, PGDATABASE, …)"
            )
        try:
            conninfo_to_dict(address)
        except psycopg.Error:
            raise PublishError(f"{ADDRESS} is no connection string or URI of libpq") from None
        schema = given.get(SCHEMA, "").strip() or "marts"
        if len(_draft(schema).encode()) > _LONGEST_NAME:
            raise PublishError(f"{SCHEMA} is too long a name")
        readers = [name.strip() for name in given.get(READERS, "").split(",")]
        return cls(address, schema, tuple(name for name in readers if name))


@dataclass(frozen=True)
class Copied:
    """What was published to PostgreSQL.

    Attributes
    ----------
    rows
        By mart.
    database
        Name of the database.
    attempts
        Times that the lock was asked for.
    locked_seconds
        How long readers could be kept waiting at most, in one attempt.
    """

    build_id: str
    as_of_date: str
    rows: Mapping[str, int]
    database: str
    attempts: int
    locked_seconds: float


@dataclass(frozen=True)
class _Column:
    name: str
    type: str
    expression: str
    comment: str


def publish_to_postgres(
    published: Path,
    target: Target,
    *,
    hash_trader_ids: bool = False,
    patience_seconds: float = 300.0,
) -> Copied:
    """Copy the served build to PostgreSQL, in place of the one that is there.

    Parameters
    ----------
    published
        Folder that readers open; the link `current` is resolved once.
    hash_trader_ids
        Whether the project wants ids hashed; a build with the venue's ids is refused then.
    patience_seconds
        How long to try for the lock on the present tables.

    Raises
    ------
    PublishError
        If nothing is published yet, ids are not as they should be, the schema belongs to something
        else, or PostgreSQL refuses; readers keep what they have.
    """
    current = published / "current"
    if not current.exists():
        raise PublishError(f"nothing is published in {published} yet: run make build first")
    version = current.resolve()
    manifest = manifest_of(version)
    build = f"build {manifest['build_id']}"
    if hash_trader_ids and manifest["hash_key"] is None:
        raise PublishError(
            f"hash_trader_ids is on, and {build} was published with the venue's ids: build again"
        )
    with (
        duckdb.connect(str(version / DATABASE), read_only=True) as marts,
        _in_words(),
        psycopg.connect(
            target.address, application_name="trader-segments", client_encoding="utf8"
        ) as connection,
    ):
        if manifest["hash_key"] is not None:
            _check_hashes(marts, manifest)
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        with connection.transaction():
            # The role that publishes may have limits for queries of people.
            connection.execute("set local statement_timeout = 0")
            connection.execute("set local idle_in_transaction_session_timeout = 0")
            connection.execute("set local lock_timeout = '5s'")
            _claim(connection, target.schema)
            _drop(connection, _old(target.schema))
            _prepare_readers(connection, target)
            draft = _draft(target.schema)
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(draft)))
            rows = {mart: _load(connection, marts, draft, mart, manifest) for mart in _names(marts)}
            comment = f"{_OURS}{manifest['build_id']} as of {manifest['as_of_date']}"
            connection.execute(_comment("schema", [draft], comment))
            _grant(connection, draft, target.readers)
            attempts, since = _lock_old(connection, target.schema, patience_seconds)
            if _exists(connection, target.schema):
                _rename(connection, target.schema, _old(target.schema))
            _rename(connection, draft, target.schema)
        locked_seconds = time.monotonic() - since
        # Nobody reads what has another name now; if somebody does, the next publish drops it.
        with suppress(psycopg.errors.LockNotAvailable), connection.transaction():
            connection.execute("set local lock_timeout = '5s'")
            _drop(connection, _old(target.schema))
        database = connection.info.dbname
    return Copied(
        manifest["build_id"], manifest["as_of_date"], rows, database, attempts, locked_seconds
    )


def hashing_is_on(project_root: Path) -> bool:
    """Whether `dbt_project.yml` wants ids hashed."""
    settings = yaml.safe_load((project_root / "dbt_project.yml").read_text(encoding="utf-8"))
    return bool((settings.get("vars") or {}).get("hash_trader_ids"))


def _draft(schema: str) -> str:
    return f"{schema}__new"


def _old(schema: str) -> str:
    return f"{schema}__old"


@contextmanager
def _in_words() -> Iterator[None]:
    """What PostgreSQL says is wrong, in a sentence."""
    try:
        yield
    except psycopg.Error as error:
        detail = error.diag.message_detail
        message = (error.diag.message_primary or str(error)).strip().splitlines()[0]
        raise PublishError(
            f"PostgreSQL: {message}" + (f" ({detail.splitlines()[0]})" if detail else "")
        ) from error


def _names(marts: duckdb.DuckDBPyConnection) -> list[str]:
    found = marts.execute(
        "select table_name from duckdb_tables() where schema_name = ? order by 1", [FOLDER]
    )
    return [name for (name,) in found.fetchall()]


def _columns(marts: duckdb.DuckDBPyConnection, mart: str) -> list[_Column]:
    found = marts.execute(
        "select column_name, data_type, coalesce(comment, '') from duckdb_columns() "
        "where schema_name = ? and table_name = ? order by column_index",
        [FOLDER, mart],
    )
    return [
        _Column(name, *_flat(name, data_type), comment)
        for name, data_type, comment in found.fetchall()
    ]


def _flat(name: str, data_type: str) -> tuple[str, str]:
    """Type of a column in PostgreSQL, and SQL of DuckDB that gives its values as text.

    Lists, structs and JSON become text; PostgreSQL's has no character zero.
    """
    quoted = '"' + name.replace('"', '""') + '"'
    decimal = _DECIMAL.fullmatch(data_type)
    if decimal:
        return f"numeric({decimal[1]}, {decimal[2]})", f"cast({quoted} as varchar)"
    if data_type in _TYPES:
        return _TYPES[data_type], f"cast({quoted} as varchar)"
    text = f"to_json({quoted})" if _NESTED.search(data_type) else quoted
    return "text", f"replace(cast({text} as varchar), chr(0), '\N{REPLACEMENT CHARACTER}')"


def _check_hashes(marts: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> None:
    """Look at every id of a build that says its ids are hashed."""
    for mart in _names(marts):
        for column in _columns(marts, mart):
            if not names_id(column.name):
                continue
            query = (
                f'select 1 from {FOLDER}."{mart}" '
                f"where not regexp_full_match({column.expression}, '{_HASH}') limit 1"
            )
            if marts.execute(query).fetchone():
                raise PublishError(
                    f"build {manifest['build_id']} says that its ids are hashed, and those in "
                    f"{mart}.{column.name} are not: build again"
                )


def _claim(connection: psycopg.Connection[Any], schema: str) -> None:
    """Make sure that nobody else publishes, and that what is there may be replaced."""
    mine = connection.execute(
        "select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"{_OURS}{schema}"]
    ).fetchone()
    if mine != (True,):
        raise PublishError(f"another publish to the schema {schema} is running")
    for name in (schema, _old(schema)):
        found = connection.execute(
            "select coalesce(obj_description(oid, 'pg_namespace'), '') from pg_namespace "
            "where nspname = %s",
            [name],
        ).fetchone()
        if found and not found[0].startswith(_OURS):
            raise PublishError(
                f"PostgreSQL has a schema {name} that was not published by this project: "
                f"drop it, or name another one than {schema} in {SCHEMA}"
            )
    dependent = connection.execute(
        """
        select distinct view_schema.nspname || '.' || dependent.relname
        from pg_depend
        inner join pg_class as marts on pg_depend.refobjid = marts.oid
        inner join pg_namespace on marts.relnamespace = pg_namespace.oid
        inner join pg_rewrite on pg_depend.objid = pg_rewrite.oid
        inner join pg_class as dependent on pg_rewrite.ev_class = dependent.oid
        inner join pg_namespace as view_schema on dependent.relnamespace = view_schema.oid
        where
            pg_depend.classid = 'pg_rewrite'::regclass
            and pg_depend.refclassid = 'pg_class'::regclass
            and pg_namespace.nspname = %s
        order by 1
        """,
        [schema],
    ).fetchall()
    if dependent:
        raise PublishError(
            f"views stand on the tables of {schema}, which are replaced: drop "
            + ", ".join(name for (name,) in dependent)
        )


def _prepare_readers(connection: psycopg.Connection[Any], target: Target) -> None:
    """Create the roles of readers that are not there, to be granted to people."""
    for reader in target.readers:
        if connection.execute("select 1 from pg_roles where rolname = %s", [reader]).fetchone():
            continue
        try:
            with connection.transaction():
                connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(reader)))
        except psycopg.errors.InsufficientPrivilege:
            raise PublishError(
                f"PostgreSQL has no role {reader}, and this one may not create it: "
                f"create role {reader}"
            ) from None


def _load(
    connection: psycopg.Connection[Any],
    marts: duckdb.DuckDBPyConnection,
    schema: str,
    mart: str,
    manifest: Mapping[str, Any],
) -> int:
    """Create the table of a mart with its rows, key, indexes and comments; the number of rows."""
    columns = _columns(marts, mart)
    table = sql.Identifier(schema, mart)
    connection.execute(
        sql.SQL("create table {} ({})").format(
            table,
            sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(column.name), _raw(column.type))
                for column in columns
            ),
        )
    )
    rows = _copy(connection, marts, table, mart, columns)
    (entry,) = [manifest["marts"][mart]]
    if rows != entry["rows"]:
        raise PublishError(f"{mart} has {rows:,} rows, and the manifest says {entry['rows']:,}")
    key = entry.get("key", [])
    if key:
        connection.execute(
            sql.SQL("alter table {} add primary key ({})").format(table, _identifiers(key))
        )
    for name in _indexed(columns, key):
        connection.execute(sql.SQL("create index on {} ({})").format(table, sql.Identifier(name)))
    text = marts.execute(
        "select coalesce(comment, '') from duckdb_tables() "
        "where schema_name = ? and table_name = ?",
        [FOLDER, mart],
    ).fetchall()[0][0]
    comments = [_comment("table", [schema, mart], text)]
    comments += [
        _comment("column", [schema, mart, column.name], column.comment) for column in columns
    ]
    connection.execute(sql.SQL("; ").join(comments))
    connection.execute(sql.SQL("analyze {}").format(table))
    return rows


def _copy(
    connection: psycopg.Connection[Any],
    marts: duckdb.DuckDBPyConnection,
    table: sql.Identifier,
    mart: str,
    columns: Sequence[_Column],
) -> int:
    """Stream the rows of a mart in the order that they are stored in, some thousands at a time."""
    expressions = ", ".join(column.expression for column in columns)
    query = f'select {expressions} from {FOLDER}."{mart}"'
    batches = marts.sql(query).to_arrow_reader(_ROWS_AT_ONCE)
    # NULL is an empty value without quotes, an empty text one with them.
    options = csv.WriteOptions(include_header=False, quoting_style="all_valid")
    rows = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("copy {} from stdin (format csv, freeze)").format(table)) as copy,
    ):
        for batch in batches:
            text = io.BytesIO()
            csv.write_csv(pa.Table.from_batches([batch]), text, options)
            copy.write(text.getbuffer())
            rows += batch.num_rows
    return rows


def _indexed(columns: Sequence[_Column], key: Sequence[str]) -> list[str]:
    """Columns with an index: ids and parts of the key, but for what the key begins with."""
    names = [column.name for column in columns]
    asked = [name for name in names if names_id(name) or name == "segment_id" or name in key]
    return [name for name in asked if name not in key[:1]]


def _grant(connection: psycopg.Connection[Any], schema: str, readers: Sequence[str]) -> None:
    for reader in readers:
        for grant in ("usage on schema", "select on all tables in schema"):
            connection.execute(
                sql.SQL("grant {} {} to {}").format(
                    _raw(grant), sql.Identifier(schema), sql.Identifier(reader)
                )
            )


def _lock_old(
    connection: psycopg.Connection[Any], schema: str, patience_seconds: float
) -> tuple[int, float]:
    """Lock the present tables; how often that was tried, and when the last try began."""
    tables = _tables(connection, schema)
    until = time.monotonic() + patience_seconds
    pause, attempts = _FIRST_PAUSE, 0
    while True:
        attempts += 1
        since = time.monotonic()
        if not tables:
            return attempts, since
        try:
            with connection.transaction():
                connection.execute(
                    sql.SQL("set local statement_timeout = {}").format(_LOCK_MILLISECONDS)
                )
                connection.execute(
                    sql.SQL("lock table {} in access exclusive mode").format(
                        sql.SQL(", ").join(sql.Identifier(schema, table) for table in tables)
                    )
                )
                connection.execute("set local statement_timeout = 0")
        except psycopg.errors.QueryCanceled:
            if time.monotonic() + pause > until:
                raise PublishError(
                    f"others have read {schema} for {patience_seconds:.0f} s in one transaction"
                    f"{_holders(connection, schema)}; readers keep the build before"
                ) from None
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        else:
            return attempts, since


def _holders(connection: psycopg.Connection[Any], schema: str) -> str:
    """Sessions that read the tables of a schema, for the message."""
    found = connection.execute(
        """
        select distinct
            format('%%s (pid %%s)', coalesce(nullif(usename, ''), 'somebody'), pg_locks.pid)
        from pg_locks
        inner join pg_class on pg_locks.relation = pg_class.oid
        inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
        left join pg_stat_activity on pg_locks.pid = pg_stat_activity.pid
        where
            pg_locks.granted
            and pg_namespace.nspname = %s
            and pg_locks.pid <> pg_backend_pid()
            and pg_locks.database = (select oid from pg_database where datname = current_database())
        order by 1
        """,
        [schema],
    ).fetchall()
    return f": {', '.join(name for (name,) in found)}" if found else ""


def _drop(connection: psycopg.Connection[Any], schema: str) -> None:
    """Drop a schema that was replaced and its tables; what somebody added to them stops it."""
    tables = _tables(connection, schema)
    if tables:
        connection.execute(
            sql.SQL("drop table {}").format(
                sql.SQL(", ").join(sql.Identifier(schema, table) for table in tables)
            )
        )
    connection.execute(sql.SQL("drop schema if exists {}").format(sql.Identifier(schema)))


def _rename(connection: psycopg.Connection[Any], schema: str, name: str) -> None:
    connection.execute(
        sql.SQL("alter schema {} rename to {}").format(sql.Identifier(schema), sql.Identifier(name))
    )


def _exists(connection: psycopg.Connection[Any], schema: str) -> bool:
    found = connection.execute("select 1 from pg_namespace where nspname = %s", [schema])
    return found.fetchone() is not None


def _tables(connection: psycopg.Connection[Any], schema: str) -> list[str]:
    found = connection.execute(
        "select tablename from pg_tables where schemaname = %s order by 1", [schema]
    ).fetchall()
    return [name for (name,) in found]


def _comment(kind: str, path: list[str], text: str) -> sql.Composed:
    return sql.SQL("comment on {} {} is {}").format(
        _raw(kind), sql.Identifier(*path), sql.Literal(text)
    )


def _identifiers(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _raw(words: str) -> sql.SQL:
    """Words of this module as SQL; never what comes from outside."""
    return sql.SQL(words)
