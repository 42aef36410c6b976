"""PostgreSQL: what is published arrives as it is, and readers see one build at any moment."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import psycopg
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import IsolationLevel, errors

import trader_segments.report
from postgres_server import postgres_server
from trader_segments.cli import main
from trader_segments.postgres import Target, publish_to_postgres
from trader_segments.privacy.ids import KEY_VARIABLE
from trader_segments.publish import Description, PublishError, publish
from warehouse_builds import ROOT, Home

READER = "bi_reader"
KEY = "d5f8a1c2b3e4967801234567890abcdef"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as address:
        yield address


@pytest.fixture
def schema(server: str) -> Iterator[str]:
    """A schema of the test's own, dropped after it."""
    name = f"marts_{uuid4().hex[:8]}"
    yield name
    with psycopg.connect(server, autocommit=True) as connection:
        for leftover in (name, f"{name}__new", f"{name}__old"):
            connection.execute(f'drop schema if exists "{leftover}" cascade')


@pytest.fixture(autouse=True)
def _report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        trader_segments.report, "write_report", lambda *, marts, out: out.write_text("report")
    )


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "published"


def publish_tables(published: Path, build_id: str, tables: dict[str, str], **settings: Any) -> None:
    """Publish tables, each by its SELECT, as a build does."""
    with duckdb.connect() as connection:
        for name, select in tables.items():
            connection.execute(f"create table {name} as {select}")
        publish(
            connection,
            published,
            sorted(tables),
            build_id=build_id,
            as_of_date="2026-06-30",
            schema="main",
            **settings,
        )


def marts_of(build_id: str, rows: int = 200) -> dict[str, str]:
    """Two marts that carry the id of their build in every row."""
    select = (
        f"select 'trader_' || i as trader_id, '{build_id}' as build_id, i * 0.5 as fee_usd "
        f"from range({rows}) as numbers(i)"
    )
    return {"source_health": select, "trader_features": select}


def ask(server: str, query: str, **settings: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(server, **settings) as connection:
        return connection.execute(query).fetchall()


# What arrives


def test_every_type_arrives_flat(server: str, schema: str, published: Path) -> None:
    select = r"""
        select
            1::tinyint as tiny, 60000::usmallint as small, 7::bigint as big,
            170141183460469231731687303715884105727::hugeint as huge,
            12345678901234567890123456.123456789012::decimal(38, 12) as money,
            0.1::double as double, 'inf'::double as infinite, 'nan'::double as no_number,
            1.5::float as real, true as boolean, date '2026-06-30' as date,
            timestamp '2026-06-30 23:59:59.123456' as timestamp,
            timestamptz '2026-06-30 12:00:00+02' as moment,
            'a "quoted", text' || chr(10) || 'of two lines, \N and \.' as text, '' as empty,
            null::varchar as missing, 'zero' || chr(0) || 'byte' as zero, 'Ünïcode €' as letters,
            [1, null, 3] as list, {'a': 1, 'b': 'x'} as struct, map {'k': 2.5} as map,
            null::double as no_double, null::integer[] as no_list
    """
    publish_tables(published, "b1", {"types": select})
    copied = publish_to_postgres(published, Target(server, schema))
    assert copied.rows == {"types": 1}
    with psycopg.connect(server, options="-c TimeZone=UTC") as connection:
        cursor = connection.execute(f"select * from {schema}.types")
        assert cursor.description is not None
        row = dict(
            zip(
                [c.name for c in cursor.description], map(str, cursor.fetchone() or ()), strict=True
            )
        )
    types = dict(
        ask(
            server,
            "select column_name, data_type from information_schema.columns "
            f"where table_schema = '{schema}' order by ordinal_position",
        )
    )
    assert {name: (types[name], value) for name, value in row.items()} == {
        "tiny": ("smallint", "1"),
        "small": ("integer", "60000"),
        "big": ("bigint", "7"),
        "huge": ("numeric", "170141183460469231731687303715884105727"),
        "money": ("numeric", "12345678901234567890123456.123456789012"),
        "double": ("double precision", "0.1"),
        "infinite": ("double precision", "inf"),
        "no_number": ("double precision", "nan"),
        "real": ("real", "1.5"),
        "boolean": ("boolean", "True"),
        "date": ("date", "2026-06-30"),
        "timestamp": ("timestamp without time zone", "2026-06-30 23:59:59.123456"),
        "moment": ("timestamp with time zone", "2026-06-30 10:00:00+00:00"),
        "text": ("text", 'a "quoted", text\nof two lines, \\N and \\.'),
        "empty": ("text", ""),
        "missing": ("text", "None"),
        "zero": ("text", "zero\N{REPLACEMENT CHARACTER}byte"),
        "letters": ("text", "Ünïcode €"),
        "list": ("text", "[1,null,3]"),
        "struct": ("text", '{"a":1,"b":"x"}'),
        "map": ("text", '{"k":2.5}'),
        "no_double": ("double precision", "None"),
        "no_list": ("text", "None"),
    }


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(
        st.tuples(
            st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
            st.none() | st.floats(allow_nan=False),
            st.none() | st.decimals(-(10**20), 10**20, places=12),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_value_arrives_as_it_is(
    server: str, schema: str, tmp_path_factory: pytest.TempPathFactory, rows: list[Any]
) -> None:
    published = tmp_path_factory.mktemp("published")
    with duckdb.connect() as connection:
        connection.execute("create table marts (i bigint, t varchar, d double, m decimal(38, 12))")
        connection.executemany(
            "insert into marts values (?, ?, ?, ?)", [(i, *row) for i, row in enumerate(rows)]
        )
        publish(connection, published, ["marts"], build_id="b", as_of_date="d", schema="main")
    publish_to_postgres(published, Target(server, schema))
    assert ask(server, f"select t, d, m from {schema}.marts order by i") == rows


def test_descriptions_keys_and_indexes_come_along(
    server: str, schema: str, published: Path
) -> None:
    tables = {
        "history": "select 'T' || i as trader_id, date '2026-06-30' as as_of_date, 's' as "
        "segment_id, 1.5 as leverage from range(3) as numbers(i)",
        "bare": "select 1 as one",
    }
    said = {
        "history": Description(
            "One row per trader's date; it's \"the\" history.",
            {"trader_id": "Trader.", "leverage": "Notional over equity, 100 % is 1."},
            ("trader_id", "as_of_date"),
        )
    }
    publish_tables(published, "b1", tables, descriptions=said)
    publish_to_postgres(published, Target(server, schema))

    assert ask(
        server,
        "select relname, obj_description(oid) from pg_class "
        f"where relnamespace = '{schema}'::regnamespace and relkind = 'r' order by 1",
    ) == [("bare", None), ("history", said["history"].text)]
    assert ask(
        server,
        "select attname, col_description(attrelid, attnum) from pg_attribute "
        f"where attrelid = '{schema}.history'::regclass and attnum > 0 order by attnum",
    ) == [
        ("trader_id", "Trader."),
        ("as_of_date", None),
        ("segment_id", None),
        ("leverage", "Notional over equity, 100 % is 1."),
    ]
    indexes = ask(
        server,
        "select regexp_replace(indexdef, '.*USING btree ', '') from pg_indexes "
        f"where schemaname = '{schema}' order by 1",
    )
    assert indexes == [("(as_of_date)",), ("(segment_id)",), ("(trader_id, as_of_date)",)]
    assert ask(server, f"select obj_description('{schema}'::regnamespace)") == [
        ("Trader Segments, build b1 as of 2026-06-30",)
    ]


@pytest.mark.slow
def test_the_marts_of_a_venue_arrive_whole(server: str, schema: str, sample_home: Home) -> None:
    """Every row and column of each mart, with what YAML says of it."""
    copied = publish_to_postgres(sample_home.published, Target(server, schema))
    manifest = sample_home.manifest()
    assert copied.build_id == manifest["build_id"]
    assert copied.rows == {mart: entry["rows"] for mart, entry in manifest["marts"].items()}
    silent = ask(
        server,
        "select relname || '.' || attname from pg_attribute "
        "inner join pg_class on attrelid = pg_class.oid "
        f"where relnamespace = '{schema}'::regnamespace and relkind = 'r' and attnum > 0 and "
        "(col_description(attrelid, attnum) is null or obj_description(pg_class.oid) is null)",
    )
    assert silent == []
    sums = "select sum(traders), sum(volume_usd), sum(net_revenue_usd) from {}.segment_summary"
    (ours,) = ask(server, sums.format(schema))
    assert tuple(ours) == sample_home.query(sums.format("marts"))[0]
    health = "select source_table, rows_read, first_event_at, build_id from {}.source_health"
    query = health + " order by source_table"
    assert ask(server, query.format(schema)) == sample_home.query(query.format("marts"))


# What readers see


def test_readers_see_one_build_at_any_moment(server: str, schema: str, published: Path) -> None:
    """In one statement, in transactions of either isolation, with snapshots that are older."""
    target = Target(server, schema, (READER,))
    publish_tables(published, "b00", marts_of("b00"))
    publish_to_postgres(published, target)
    both = f"""
        select source_health.build_id, trader_features.build_id, count(*)
        from {schema}.source_health
        inner join {schema}.trader_features using (trader_id) group by 1, 2
    """
    one = f"select build_id, count(*) from {schema}.{{}} group by 1"
    halves = [one.format(mart) for mart in marts_of("")]
    ways: dict[str, tuple[IsolationLevel, list[str]]] = {
        "statement": (IsolationLevel.READ_COMMITTED, [both]),
        "committed": (IsolationLevel.READ_COMMITTED, halves),
        "repeatable": (IsolationLevel.REPEATABLE_READ, halves),
        "older": (IsolationLevel.REPEATABLE_READ, ["select 1", *halves]),
    }
    done = threading.Event()
    seen: dict[str, list[Any]] = {way: [] for way in ways}
    wrong: list[Any] = []

    def read(way: str) -> None:
        isolation, queries = ways[way]
        # Whoever waits longer for a lock fails.
        with psycopg.connect(server, options="-c lock_timeout=250") as connection:
            connection.isolation_level = isolation
            while not done.is_set():
                rows: list[Any] = []
                try:
                    with connection.transaction():
                        connection.execute(f"set local role {READER}")
                        for query in queries:
                            found = connection.execute(query).fetchall()
                            rows += [] if query == "select 1" else found
                            time.sleep(0.003)
                except psycopg.Error as error:
                    wrong.append((way, repr(error)))
                    return
                builds = {value for row in rows for value in row[:-1]}
                if len(builds) != 1 or {row[-1] for row in rows} != {200}:
                    wrong.append((way, rows))
                seen[way].append(rows[0][0] if rows else None)

    readers = [threading.Thread(target=read, args=[way]) for way in ways]
    for reader in readers:
        reader.start()
    builds = [f"b{number:02d}" for number in range(1, 9)]
    try:
        for build_id in builds:
            publish_tables(published, build_id, marts_of(build_id))
            publish_to_postgres(published, target)
    finally:
        time.sleep(0.1)
        done.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    for way, found in seen.items():
        assert found == sorted(found), way
        assert found[-1] == builds[-1], way
        assert len(set(found)) > len(builds) // 2, way


def test_a_transaction_that_reads_is_waited_for_and_others_read_on(
    server: str, schema: str, published: Path
) -> None:
    target = Target(server, schema)
    publish_tables(published, "b1", marts_of("b1"))
    publish_to_postgres(published, target)
    publish_tables(published, "b2", marts_of("b2"))
    query = f"select distinct build_id from {schema}.trader_features"
    with psycopg.connect(server) as holder:
        holder.execute(query)
        with pytest.raises(PublishError, match=r"others have read .* \(pid \d+\); readers keep"):
            publish_to_postgres(published, target, patience_seconds=0.2)
        assert ask(server, query, options="-c lock_timeout=250") == [("b1",)]

        outcome: list[Any] = []
        writer = threading.Thread(
            target=lambda: outcome.append(publish_to_postgres(published, target))
        )
        writer.start()
        time.sleep(0.5)
        assert ask(server, query, options="-c lock_timeout=250") == [("b1",)]
        assert holder.execute(query).fetchall() == [("b1",)]
        assert outcome == []
        holder.rollback()
        writer.join()
    assert outcome[0].attempts > 1
    assert ask(server, query) == [("b2",)]
    assert ask(server, f"select 1 from pg_namespace where nspname like '{schema}\\_\\_%'") == []


def test_a_publish_that_fails_changes_nothing(server: str, schema: str, published: Path) -> None:
    target = Target(server, schema)
    publish_tables(published, "b1", marts_of("b1"))
    publish_to_postgres(published, target)
    publish_tables(published, "b2", marts_of("b2"))
    path = published / "current" / "marts" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["marts"]["trader_features"]["rows"] += 1
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(PublishError, match="trader_features has 200 rows, and the manifest says"):
        publish_to_postgres(published, target)
    assert ask(server, f"select distinct build_id from {schema}.source_health") == [("b1",)]
    assert ask(server, f"select 1 from pg_namespace where nspname like '{schema}\\_\\_%'") == []


def test_a_mart_that_is_no_more_goes_and_a_new_one_comes(
    server: str, schema: str, published: Path
) -> None:
    tables = f"select tablename from pg_tables where schemaname = '{schema}' order by 1"
    publish_tables(published, "b1", marts_of("b1"))
    publish_to_postgres(published, Target(server, schema))
    publish_tables(published, "b2", {"trader_churn": "select 1 as one"})
    publish_to_postgres(published, Target(server, schema))
    assert ask(server, tables) == [("trader_churn",)]


# Who may do what


def test_readers_read_and_nothing_else(server: str, schema: str, published: Path) -> None:
    publish_tables(published, "b1", marts_of("b1"))
    publish_to_postgres(published, Target(server, schema, (READER, "Another Reader")))
    table = f"{schema}.trader_features"
    for role in (READER, '"Another Reader"'):
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"set role {role}")
            found = connection.execute(f"select count(*) from {table}")
            assert found.fetchone() == (200,)
            for statement in (
                f"insert into {table} select * from {table}",
                f"update {table} set fee_usd = 0",
                f"delete from {table}",
                f"truncate {table}",
                f"drop table {table}",
                f"alter table {table} add column mine int",
                f"create table {schema}.mine (one int)",
                f"drop schema {schema} cascade",
            ):
                with pytest.raises(errors.InsufficientPrivilege):
                    connection.execute(statement)
    assert ask(server, f"select rolcanlogin from pg_roles where rolname = '{READER}'") == [(False,)]


def test_a_role_without_privileges_publishes_to_its_database_and_creates_no_roles(
    server: str, schema: str, published: Path
) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("drop role if exists publisher")
        connection.execute("create role publisher login")
    plain = server.replace("user=postgres", "user=publisher")
    publish_tables(published, "b1", marts_of("b1"))
    try:
        with pytest.raises(PublishError, match="permission denied for database"):
            publish_to_postgres(published, Target(plain, schema))
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("grant create on database postgres to publisher")
        with pytest.raises(PublishError, match="no role nobody_yet, and this one may not create"):
            publish_to_postgres(published, Target(plain, schema, ("nobody_yet",)))
        for _ in range(2):
            assert (
                publish_to_postgres(published, Target(plain, schema)).rows["source_health"] == 200
            )
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("drop owned by publisher")
            connection.execute("drop role publisher")


def test_what_belongs_to_others_stays(server: str, schema: str, published: Path) -> None:
    publish_tables(published, "b1", marts_of("b1"))
    with psycopg.connect(server, autocommit=True) as connection:
        for name in (schema, f"{schema}__old"):
            connection.execute(f"create schema {name}")
            connection.execute(f"create table {name}.theirs (one int)")
            with pytest.raises(PublishError, match=r"a schema .* not published by this project"):
                publish_to_postgres(published, Target(server, schema))
            assert ask(server, f"select count(*) from {name}.theirs") == [(0,)]
            connection.execute(f"drop schema {name} cascade")
        publish_to_postgres(published, Target(server, schema))
        connection.execute(f"create view public.mine as select * from {schema}.trader_features")
        try:
            with pytest.raises(PublishError, match=r"views stand on .*: drop public\.mine"):
                publish_to_postgres(published, Target(server, schema))
        finally:
            connection.execute("drop view public.mine")


def test_two_publishes_at_once_are_refused(server: str, schema: str, published: Path) -> None:
    publish_tables(published, "b1", marts_of("b1"))
    target = Target(server, schema)
    publish_to_postgres(published, target)
    with psycopg.connect(server) as holder:
        holder.execute(f"select 1 from {schema}.source_health")
        first = threading.Thread(target=lambda: publish_to_postgres(published, target))
        first.start()
        time.sleep(0.5)
        with pytest.raises(PublishError, match="another publish to the schema"):
            publish_to_postgres(published, target)
        holder.rollback()
        first.join()


# Ids


def test_ids_arrive_hashed_where_they_should_be(
    server: str, schema: str, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trader_segments.privacy.ids import read_key
    from trader_segments.privacy.published_ids import IdHashing

    target = Target(server, schema)
    publish_tables(published, "b1", marts_of("b1"))
    with pytest.raises(PublishError, match="hash_trader_ids is on, and build b1 was published"):
        publish_to_postgres(published, target, hash_trader_ids=True)
    assert ask(server, f"select 1 from pg_namespace where nspname = '{schema}'") == []

    monkeypatch.setenv(KEY_VARIABLE, KEY)
    hashing = IdHashing(read_key(), {})
    publish_tables(published, "b2", marts_of("b2"), hashing=hashing)
    publish_to_postgres(published, target, hash_trader_ids=True)
    found = ask(server, f"select trader_id from {schema}.trader_features")
    assert {name for (name,) in found} == {
        read_key().published(f"trader_{number}") for number in range(200)
    }

    publish_tables(published, "b3", marts_of("b3"))
    path = published / "current" / "marts" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8")) | {"hash_key": "0123456789abcdef"}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(PublishError, match=r"says that its ids are hashed, and those in source_h"):
        publish_to_postgres(published, target, hash_trader_ids=True)
    assert ask(server, f"select distinct build_id from {schema}.source_health") == [("b2",)]


# The command


@pytest.fixture
def command(published: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(ROOT)
    for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE"):
        monkeypatch.delenv(name, raising=False)

    def run(**environment: str | None) -> Result:
        home = {"TRADER_SEGMENTS_HOME": str(published.parent)}
        return CliRunner().invoke(main, ["publish", "--to", "postgres"], env=home | environment)

    return run


def test_the_command_publishes_to_what_the_environment_names(
    server: str, schema: str, published: Path, command: Callable[..., Result]
) -> None:
    publish_tables(published, "b1", marts_of("b1"))
    settings = {
        "TRADER_SEGMENTS_POSTGRES_SCHEMA": schema,
        "TRADER_SEGMENTS_READERS": f"{READER}, ",
    }
    done = command(TRADER_SEGMENTS_POSTGRES=server, **settings)
    assert done.exit_code == 0
    assert done.output == (
        f"Published 2 marts as of 2026-06-30, 400 rows, to the schema {schema} of postgres "
        "database postgres (build b1)\n"
    )
    names = dict(part.split("=") for part in server.split())
    variables = {
        f"PG{'DATABASE' if name == 'dbname' else name.upper()}": names[name] for name in names
    }
    assert command(**variables, **settings).output == done.output
    granted = f"has_table_privilege('{READER}', '{schema}.trader_features', 'select')"
    assert ask(server, f"select {granted}") == [(True,)]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (None, "there is no PostgreSQL to publish to: set TRADER_SEGMENTS_POSTGRES"),
        ("postgresq//me:secret@host/db", "is no connection string or URI"),
        ("host=127.0.0.1 port=1 password=secret connect_timeout=2", "PostgreSQL: connection"),
    ],
)
def test_an_address_that_does_not_work_is_named_without_its_password(
    published: Path, command: Callable[..., Result], address: str | None, words: str
) -> None:
    publish_tables(published, "b1", marts_of("b1"))
    done = command(TRADER_SEGMENTS_POSTGRES=address)
    assert done.exit_code == 1
    assert words in done.output
    assert "secret" not in done.output
    assert "Traceback" not in done.output


def test_the_project_says_whether_ids_must_be_hashed(
    server: str,
    published: Path,
    command: Callable[..., Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish_tables(published, "b1", marts_of("b1"))
    (tmp_path / "dbt_project.yml").write_text("vars: {hash_trader_ids: true}")
    monkeypatch.chdir(tmp_path)
    done = command(TRADER_SEGMENTS_POSTGRES=server)
    assert done.exit_code == 1
    assert "hash_trader_ids is on, and build b1 was published with the venue's ids" in done.output


def test_before_the_first_build_there_is_nothing_to_publish(
    server: str, command: Callable[..., Result]
) -> None:
    assert "run make build first" in command(TRADER_SEGMENTS_POSTGRES=server).output
