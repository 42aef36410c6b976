"""How long readers wait while marts are published to PostgreSQL again and again.

python benchmarks/bi/publish_postgres.py --marts 30 --rows 2000 --publishes 8

It starts a PostgreSQL of its own, which waits for the disk as a real one does.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import psycopg

import trader_segments.report
from trader_segments.postgres import Target, publish_to_postgres
from trader_segments.publish import publish

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "python"))
from postgres_server import postgres_server

_COLUMNS = 18
_READER = "reader"
_BAR = 250
"""Milliseconds that a reader may wait for a lock."""
_WAITED = -1


def main() -> None:
    """Print what readers waited, beside what they wait with nothing published, from one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--marts", type=int, default=30)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--publishes", type=int, default=8)
    parser.add_argument("--readers", type=int, default=4)
    given = parser.parse_args()
    trader_segments.report.write_report = lambda *, marts, out: out.write_text("")  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as scratch, postgres_server(is_durable=True) as address:
        published, target = Path(scratch), Target(address, readers=(_READER,))
        _publish(published, "b000", given.marts, given.rows)
        publish_to_postgres(published, target)
        calm = _read_during(address, given.marts, given.readers, lambda: time.sleep(5))
        publishes: list[tuple[float, float]] = []

        def publish_again() -> None:
            for number in range(1, given.publishes + 1):
                _publish(published, f"b{number:03d}", given.marts, given.rows)
                started = time.perf_counter()
                copied = publish_to_postgres(published, target)
                publishes.append((time.perf_counter() - started, copied.locked_seconds))

        busy = _read_during(address, given.marts, given.readers, publish_again)
        exported = _export_seconds(published)
    rows = given.marts * given.rows
    seconds = statistics.median(second for second, _ in publishes)
    print(f"{given.marts} marts of {given.rows:,} rows and {_COLUMNS + 2} columns")
    print(f"{seconds:.2f} s a publish, {rows / seconds:,.0f} rows a second")
    print(f"{seconds / exported:.1f} × the time in which DuckDB writes them as CSV")
    print(f"{1000 * max(locked for _, locked in publishes):.0f} ms locked at most")
    for name, reads in (("nothing published", calm), (f"{len(publishes)} publishes", busy)):
        times = [1000 * taken for taken, _ in reads]
        print(
            f"{name}: {len(reads):,} reads by {given.readers} readers, "
            f"{sum(builds not in (1, _WAITED) for _, builds in reads)} of them torn or empty, "
            f"{sum(builds == _WAITED for _, builds in reads)} waited {_BAR} ms for a lock, "
            f"median {statistics.median(times):.1f} ms, longest {max(times):.0f} ms"
        )
    longest = max(taken for taken, _ in busy)
    print(f"{longest / max(taken for taken, _ in calm):.1f} × the longest read of calm")


def _publish(published: Path, build_id: str, marts: int, rows: int) -> None:
    values = ", ".join(f"hash(i + {n}) / 1e9 as value_{n}" for n in range(_COLUMNS))
    with duckdb.connect() as connection:
        for number in range(marts):
            connection.execute(
                f"create table mart_{number} as select 'trader_' || i as trader_id, "
                f"'{build_id}' as build_id, {values} from range({rows}) as numbers(i)"
            )
        names = [f"mart_{number}" for number in range(marts)]
        publish(
            connection, published, names, build_id=build_id, as_of_date="2026-06-30", schema="main"
        )


def _export_seconds(published: Path) -> float:
    started = time.perf_counter()
    database = str((published / "marts.duckdb").resolve())
    with (
        duckdb.connect(database, read_only=True) as connection,
        tempfile.TemporaryDirectory() as to,
    ):
        tables = connection.execute("select table_name from duckdb_tables()").fetchall()
        for (table,) in tables:
            connection.execute(f"copy marts.{table} to '{to}/{table}.csv'")
    return time.perf_counter() - started


def _read_during(address: str, marts: int, readers: int, action: Any) -> list[tuple[float, int]]:
    """Seconds and number of builds of each read, by processes that read while something happens."""
    context = mp.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    started = context.Barrier(readers + 1)
    processes = [
        context.Process(target=_read, args=(address, marts, number, started, stop, results))
        for number in range(readers)
    ]
    for process in processes:
        process.start()
    started.wait()
    action()
    stop.set()
    reads = [read for _ in processes for read in results.get()]
    for process in processes:
        process.join()
    return reads


def _read(address: str, marts: int, number: int, started: Any, stop: Any, results: Any) -> None:
    """Look at two marts in one transaction, in every second reader of one snapshot."""
    reads = []
    with psycopg.connect(address, options=f"-c lock_timeout={_BAR}") as connection:
        if number % 2:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        started.wait()
        turn = 0
        while not stop.is_set():
            turn += 1
            began = time.perf_counter()
            found = 0
            try:
                with connection.transaction():
                    connection.execute(f"set local role {_READER}")
                    builds = {
                        connection.execute(
                            f"select build_id from marts.mart_{mart} where trader_id = 'trader_1'"
                        ).fetchone()
                        for mart in (turn % marts, (turn + 1 + number) % marts)
                    }
                found = len(builds) if None not in builds else 0
            except psycopg.errors.LockNotAvailable:
                found = _WAITED
            reads.append((time.perf_counter() - began, found))
            time.sleep(0.002)
    results.put(reads)


if __name__ == "__main__":
    main()
