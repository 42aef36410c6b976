"""Publishing: whole builds only, readers never see a mix, a crash changes nothing."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.cli.main import dbtRunner, dbtRunnerResult
from hypothesis import given
from hypothesis import strategies as st

import trader_segments.report
from trader_segments.dbt_plugin import run_plan
from trader_segments.publish import (
    Description,
    PublishedBuild,
    PublishError,
    hold_back_reason,
    publish,
    read_manifest,
)

MACROS = Path(__file__).resolve().parents[2] / "macros"
MARTS = ["source_health", "trader_features"]


@pytest.fixture(autouse=True)
def _report(monkeypatch: pytest.MonkeyPatch) -> None:
    def write_report(*, marts: Path, out: Path) -> None:
        with duckdb.connect(str(marts), read_only=True) as connection:
            build = connection.execute(
                "select any_value(build_id) from marts.source_health"
            ).fetchall()[0][0]
        out.write_text(str(build), encoding="utf-8")

    monkeypatch.setattr(trader_segments.report, "write_report", write_report)


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema wide")
        yield connection


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "published"


def build(connection: duckdb.DuckDBPyConnection, build_id: str, *, rows: int = 50) -> None:
    """Make two marts that carry the id of their build in every row."""
    for mart in MARTS:
        connection.execute(
            f"create or replace table wide.{mart} as "
            f"select 'trader_' || i as trader_id, '{build_id}' as build_id, "
            f"i * 0.5 as fee_usd from range({rows}) as numbers(i) order by hash(i)"
        )


def publish_build(
    connection: duckdb.DuckDBPyConnection, destination: Path, build_id: str
) -> PublishedBuild:
    build(connection, build_id)
    return publish(
        connection,
        destination,
        MARTS,
        build_id=build_id,
        as_of_date="2026-06-30",
        schema="wide",
    )


def builds_seen(destination: Path) -> set[str]:
    """Ids of the builds that one reader finds in the database, the Parquet files and the report."""
    with duckdb.connect(str(destination / "marts.duckdb"), read_only=True) as connection:
        seen = connection.execute(
            "select build_id from marts.source_health "
            "union select build_id from marts.trader_features"
        ).fetchall()
    folder = (destination / "marts").resolve()
    files = [str(folder / f"{mart}.parquet") for mart in MARTS]
    seen += duckdb.execute("select distinct build_id from read_parquet(?)", [files]).fetchall()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    report = (folder.parent / "report.html").read_text(encoding="utf-8")
    return {value for (value,) in seen} | {manifest["build_id"], report}


# What is written


def test_a_published_build_is_complete_and_readable(
    warehouse: duckdb.DuckDBPyConnection, destination: Path
) -> None:
    published = publish_build(warehouse, destination, "b1")

    assert builds_seen(destination) == {"b1"}
    assert published.folder == destination / "versions" / "b1"
    assert sorted(path.name for path in published.folder.rglob("*")) == [
        "manifest.json",
        "marts",
        "published.duckdb",
        "report.html",
        "source_health.parquet",
        "trader_features.parquet",
    ]
    manifest = read_manifest(destination)
    assert manifest is not None
    assert manifest["as_of_date"] == "2026-06-30"
    assert manifest["published_at"] == published.published_at
    assert {mart: entry["rows"] for mart, entry in manifest["marts"].items()} == {
        "source_health": 50,
        "trader_features": 50,
    }


def test_the_database_is_in_the_storage_version_that_duckdb_1_0_reads(
    warehouse: duckdb.DuckDBPyConnection, destination: Path
) -> None:
    publish_build(warehouse, destination, "b1")
    header = (destination / "marts.duckdb").read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == 64


def test_descriptions_become_comments_and_keys_stand_in_the_manifest(
    warehouse: duckdb.DuckDBPyConnection, destination: Path
) -> None:
    build(warehouse, "b1")
    said = Description("It's one row per trader.", {"trader_id": 'The "trader".'}, ("trader_id",))
    publish(
        warehouse,
        destination,
        MARTS,
        build_id="b1",
        as_of_date="d",
        schema="wide",
        descriptions={"trader_features": said},
    )
    with duckdb.connect(str(destination / "marts.duckdb"), read_only=True) as connection:
        tables = connection.execute("select table_name, comment from duckdb_tables()").fetchall()
        columns = connection.execute(
            "select column_name, comment from duckdb_columns() where comment <> ''"
        ).fetchall()
    assert dict(tables) == {"trader_features": said.text, "source_health": ""}
    assert columns == [("trader_id", 'The "trader".')]
    manifest = read_manifest(destination)
    assert manifest is not None
    keys = {mart: entry["key"] for mart, entry in manifest["marts"].items()}
    assert keys == {"trader_features": ["trader_id"], "source_health": []}


def test_rows_are_stored_in_the_order_of_their_columns(
    warehouse: duckdb.DuckDBPyConnection, destination: Path
) -> None:
    published = publish_build(warehouse, destination, "b1")
    parquet = str(published.folder / "marts" / "trader_features.parquet")
    traders = duckdb.execute("select trader_id from read_parquet(?)", [parquet]).fetchall()
    assert traders == sorted(traders)


def test_links_are_relative_so_that_the_folder_can_be_moved(
    warehouse: duckdb.DuckDBPyConnection, destination: Path, tmp_path: Path
) -> None:
    publish_build(warehouse, destination, "b1")
    moved = tmp_path / "elsewhere"
    destination.rename(moved)
    assert builds_seen(moved) == {"b1"}
    assert (moved / "current").readlink() == Path("versions/b1")


def digest_of(destination: Path, mart: str = "trader_features") -> str:
    manifest = read_manifest(destination)
    assert manifest is not None
    return str(manifest["marts"][mart]["digest"])


def test_the_digest_depends_on_the_rows_only(
    warehouse: duckdb.DuckDBPyConnection, destination: Path
) -> None:
    digests = {}
    queries = {
        "b1": "from base order by i",
        "b2": "from base order by hash(i)",
        "b3": "from base where i < 999 union all select 999, null, 'NULL'",
        "b4": "from base union all from base where i = 0",
        "b5": "select i, text, 'x' || text as other from base",
    }
    warehouse.execute("create table base as select i, null::varchar as text, 'x' as other "
                      "from range(1000) as numbers(i)")  # fmt: skip
    for threads, (build_id, query) in enumerate(queries.items(), start=1):
        build(warehouse, build_id)
        warehouse.execute(f"set threads = {threads}")
        warehouse.execute(f"create or replace table wide.trader_features as {query}")
        publish(warehouse, destination, MARTS, build_id=build_id, as_of_date="d", schema="wide")
        digests[build_id] = digest_of(destination)
        parquet = destination / "marts" / "trader_features.parquet"
        assert digests[build_id] == hashlib.sha256(parquet.read_bytes()).hexdigest()
    assert digests["b1"] == digests["b2"]
    assert len(set(digests.values())) == 4


# What readers see


def test_readers_never_see_an_error_a_mix_or_an_older_build(
    warehouse: duckdb.DuckDBPyConnection, destination: Path
) -> None:
    """DuckDB caches the open instance of a path: a reader in this process would notice first."""
    publish_build(warehouse, destination, "b0")
    served, done, reads = [0], threading.Event(), []
    failures: list[Any] = []

    def read() -> None:
        while not done.is_set():
            before = served[0]
            try:
                seen = builds_seen_twice(destination)
            except (duckdb.Error, OSError) as error:
                failures.append(error)
                return
            reads.append(seen)
            if len(seen) != 1 or int(min(seen)[1:]) < before:
                failures.append((before, seen))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    while served[0] < 5 or (len(reads) < 10 and not failures):
        publish_build(warehouse, destination, f"b{served[0] + 1}")
        served[0] += 1
    done.set()
    for thread in threads:
        thread.join()

    assert not failures
    assert len(reads) >= 10
    assert builds_seen(destination) == {f"b{served[0]}"}


def builds_seen_twice(destination: Path) -> set[str]:
    """Ids that one connection finds in two tables, and another reader in two Parquet files."""
    with duckdb.connect(str(destination / "marts.duckdb"), read_only=True) as connection:
        seen = set()
        for mart in MARTS:
            seen |= {
                row[0]
                for row in connection.execute(
                    f"select distinct build_id from marts.{mart}"
                ).fetchall()
            }
    if len(seen) != 1:
        return seen
    folder = (destination / "marts").resolve()
    in_files = set()
    with duckdb.connect() as connection:
        for mart in MARTS:
            path = str(folder / f"{mart}.parquet")
            rows = connection.execute("select distinct build_id from read_parquet(?)", [path])
            in_files |= {row[0] for row in rows.fetchall()}
    return seen if len(in_files) == 1 else in_files


READER = """
import sys, pathlib, duckdb
path, stop = sys.argv[1], pathlib.Path(sys.argv[2])
reads, held, is_last = 0, [], False
while not is_last:
    is_last = stop.exists()
    connection = duckdb.connect(path, read_only=True)
    builds = set()
    for mart in ("source_health", "trader_features"):
        builds |= set(connection.execute(f"select build_id from marts.{mart}").fetchall())
    assert len(builds) == 1, builds
    held = [*held, connection][-4:]
    reads += 1
    print(reads, builds.pop()[0], flush=True)
"""


def test_a_reader_in_another_process_keeps_reading_through_five_publishes(
    warehouse: duckdb.DuckDBPyConnection, destination: Path, tmp_path: Path
) -> None:
    publish_build(warehouse, destination, "b0")
    stop = tmp_path / "stop"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(destination / "marts.duckdb"), str(stop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    reader.stdout.readline()
    for number in range(1, 6):
        publish_build(warehouse, destination, f"b{number}")
    stop.touch()
    out, trouble = reader.communicate(timeout=30)
    assert reader.returncode == 0, trouble
    assert out.splitlines()[-1].split()[1] == "b5"


# What goes wrong


class Crash(BaseException):
    """Stands for the process ending at once."""


def crash_after(monkeypatch: pytest.MonkeyPatch, calls: int) -> Callable[[], int]:
    """Let that many calls that change the disk pass, then crash; returns how many were seen."""
    seen = 0

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal seen
            if seen == calls:
                raise Crash
            seen += 1
            return original(*args, **kwargs)

        return call

    for name in ("fsync", "replace", "rename", "symlink", "mkdir"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    return lambda: seen


def test_a_crash_at_any_step_leaves_one_whole_build_served(
    warehouse: duckdb.DuckDBPyConnection, destination: Path, tmp_path: Path
) -> None:
    publish_build(warehouse, destination, "b1")
    outcomes = []
    for calls in range(100):
        here = tmp_path / f"crash_{calls}"
        shutil.copytree(destination, here, symlinks=True)
        with pytest.MonkeyPatch.context() as patch:
            crash_after(patch, calls)
            try:
                publish_build(warehouse, here, "b2")
            except Crash:
                outcomes.append(builds_seen(here))
            else:
                break
        publish_build(warehouse, here, "b3")
        assert builds_seen(here) == {"b3"}
        assert not list((here / "versions").glob(".*"))
    assert set(map(frozenset, outcomes)) == {frozenset({"b1"}), frozenset({"b2"})}
    assert len(outcomes) > 10
    assert outcomes == sorted(outcomes, key=min)


def test_a_crash_in_the_first_publish_serves_nothing_and_can_be_repeated(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for calls in range(100):
        here = tmp_path / f"crash_{calls}"
        with pytest.MonkeyPatch.context() as patch:
            crash_after(patch, calls)
            try:
                publish_build(warehouse, here, "b1")
            except Crash:
                pass
            else:
                break
        if read_manifest(here) is None:
            assert not (here / "marts.duckdb").exists()
            publish_build(warehouse, here, "b1")
        assert builds_seen(here) == {"b1"}


@pytest.mark.parametrize("victim", ["_write_report", "_content", "_write_manifest"])
def test_a_failure_while_writing_leaves_the_old_build_and_detaches_the_draft(
    warehouse: duckdb.DuckDBPyConnection,
    destination: Path,
    monkeypatch: pytest.MonkeyPatch,
    victim: str,
) -> None:
    publish_build(warehouse, destination, "b1")

    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(f"trader_segments.publish.{victim}", fail)
        with pytest.raises(OSError, match="No space"):
            publish_build(warehouse, destination, "b2")
    assert builds_seen(destination) == {"b1"}
    databases = warehouse.execute("select database_name from duckdb_databases()").fetchall()
    assert ("published_marts",) not in databases
    publish_build(warehouse, destination, "b3")
    assert builds_seen(destination) == {"b3"}
    assert sorted(path.name for path in (destination / "versions").iterdir()) == ["b1", "b3"]


def test_the_last_three_versions_are_kept(
    warehouse: duckdb.DuckDBPyConnection, destination: Path
) -> None:
    for number in range(1, 6):
        publish_build(warehouse, destination, f"b{number}")
    assert sorted(path.name for path in (destination / "versions").iterdir()) == ["b3", "b4", "b5"]


def test_the_served_version_is_kept_even_if_a_clock_ran_backwards(
    warehouse: duckdb.DuckDBPyConnection, destination: Path
) -> None:
    for build_id in ("b7", "b8", "b9", "b1"):
        publish_build(warehouse, destination, build_id)
    assert builds_seen(destination) == {"b1"}
    assert sorted(path.name for path in (destination / "versions").iterdir()) == ["b1", "b8", "b9"]


def test_two_publishes_at_once_are_refused(
    warehouse: duckdb.DuckDBPyConnection, destination: Path
) -> None:
    publish_build(warehouse, destination, "b1")
    with (destination / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(PublishError, match=r"another publish to .* is running"):
            publish_build(warehouse, destination, "b2")
    publish_build(warehouse, destination, "b2")
    assert builds_seen(destination) == {"b2"}


def test_the_served_build_is_not_overwritten(
    warehouse: duckdb.DuckDBPyConnection, destination: Path
) -> None:
    publish_build(warehouse, destination, "b1")
    with pytest.raises(PublishError, match="b1 is already published"):
        publish_build(warehouse, destination, "b1")
    assert builds_seen(destination) == {"b1"}


def test_nothing_to_publish_is_an_error(
    warehouse: duckdb.DuckDBPyConnection, destination: Path
) -> None:
    with pytest.raises(PublishError, match="no marts"):
        publish(warehouse, destination, [], build_id="b1", as_of_date="d", schema="wide")
    assert not destination.exists()


# When it holds back


def summary(**changes: Any) -> dict[str, Any]:
    nodes = [("model.p.a", "model", "success"), ("test.p.not_null_a", "test", "pass")]
    results = [
        {"unique_id": node, "name": node.split(".")[-1], "resource_type": kind, "status": status}
        for node, kind, status in nodes
    ]
    expected = [node for node, _, _ in nodes]
    whole = {"command": "build", "arguments": ["vars"], "results": results, "expected": expected}
    return whole | changes


def with_status(status: str) -> dict[str, Any]:
    whole = summary()
    whole["results"][1]["status"] = status
    return whole


@pytest.mark.parametrize("status", ["pass", "success", "warn", "no-op"])
def test_a_whole_and_good_build_is_published(status: str) -> None:
    assert hold_back_reason(with_status(status)) is None


@pytest.mark.parametrize("command", ["run", "test", "retry", "seed"])
def test_other_commands_are_held_back(command: str) -> None:
    reason = hold_back_reason(summary(command=command))
    assert reason == f"dbt {command} is not a whole build: run dbt build"


@pytest.mark.parametrize(
    "argument",
    [
        "select", "exclude", "selector", "resource_types", "exclude_resource_types", "empty",
        "sample", "defer", "event_time_start", "event_time_end",
    ],
)  # fmt: skip
def test_a_part_of_a_build_is_held_back(argument: str) -> None:
    reason = hold_back_reason(summary(arguments=["vars", argument]))
    assert reason is not None
    assert "part of a build" in reason


def test_the_reason_counts_and_names_what_failed() -> None:
    assert hold_back_reason(with_status("fail")) == "1 test failed (not_null_a)"
    results = [
        {"unique_id": f"{kind}.p.{name}", "name": name, "resource_type": kind, "status": status}
        for kind, name, status in [
            ("model", "a", "error"),
            ("model", "b", "skipped"),
            ("test", "c", "skipped"),
            ("model", "d", "skipped"),
            ("unit_test", "e", "fail"),
            ("test", "f", "fail"),
        ]
    ]
    assert hold_back_reason(summary(results=results)) == (
        "1 model had an error, 2 models were skipped, 1 test was skipped, 2 tests failed (a, e, f)"
    )


def test_a_retry_that_calls_itself_a_build_is_held_back() -> None:
    """dbt 1.11 reports `dbt retry` as `build` without a selection; only the nodes tell."""
    whole = summary()
    reason = hold_back_reason(whole | {"results": whole["results"][:1]})
    assert reason == "1 of 2 nodes did not run, among them test.p.not_null_a: run dbt build"


STATUSES = ["success", "pass", "warn", "no-op", "fail", "error", "runtime error", "skipped",
            "partial success"]  # fmt: skip


@given(
    command=st.sampled_from(["build", "build", "build", "run", "retry"]),
    arguments=st.lists(st.sampled_from(["vars", "full_refresh", "threads", "select", "empty"])),
    statuses=st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(STATUSES)),
    expected=st.sets(st.sampled_from("abcdef")),
)
def test_only_a_whole_good_build_is_ever_published(
    command: str, arguments: list[str], statuses: dict[str, str], expected: set[str]
) -> None:
    results = [
        {"unique_id": node, "name": f"node_{node}", "resource_type": "model", "status": status}
        for node, status in statuses.items()
    ]
    reason = hold_back_reason(
        {
            "command": command,
            "arguments": arguments,
            "results": results,
            "expected": sorted(expected),
        }
    )
    is_whole = command == "build" and not {"select", "empty"} & set(arguments)
    is_good = set(statuses.values()) <= {"success", "pass", "warn", "no-op"}
    assert (reason is None) == (is_whole and is_good and expected <= statuses.keys())


def test_a_plan_for_two_schemas_is_refused(
    warehouse: duckdb.DuckDBPyConnection, destination: Path
) -> None:
    plan = summary(
        build_id="b1", marts=[{"name": "a", "schema": "one"}, {"name": "b", "schema": "two"}]
    )
    with pytest.raises(PublishError, match="2 schemas"):
        run_plan(warehouse, destination, plan)


# With dbt

PROJECT = {
    "dbt_project.yml": f"""
name: scratch
profile: scratch
model-paths: [models]
macro-paths: ['{MACROS / "publish"}', '{MACROS / "raw_input"}']
flags: {{send_anonymous_usage_stats: false}}
on-run-start: "{{{{ check_raw_input() }}}}"
on-run-end: "{{{{ publish_marts() }}}}"
models: {{scratch: {{+materialized: table, marts: {{+schema: marts}}}}}}
""",
    "profiles.yml": """
scratch:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: "{{ env_var('WAREHOUSE') }}"
      threads: 2
      settings: {TimeZone: UTC}
      plugins:
        - module: trader_segments.dbt_plugin
          alias: trader_segments
          config: {venue: exchange, raw_data: raw, home: .}
""",
    "models/staging/exchange/_exchange__sources.yml": """
sources:
  - name: exchange
    schema: raw
    tables:
      - name: fills
        config: {meta: {is_required: true}}
        columns:
          - {name: trader_id, data_type: varchar, config: {meta: {is_required: true}}}
          - {name: executed_at, data_type: timestamp, config: {meta: {is_required: true}}}
""",
    "models/marts/trader_features.sql": """
select trader_id, cast(executed_at as date) as as_of_date, '{{ build_id() }}' as build_id
from {{ source('exchange', 'fills') }}
""",
    "models/marts/quality/source_health.sql": """
select count(*) as rows_read, '{{ build_id() }}' as build_id from {{ ref('trader_features') }}
{{ "where error('broken')" if env_var('BROKEN', '') }}
""",
    "models/marts/_marts__models.yml": """
models:
  - name: trader_features
    description: One row per trader.
    columns: [{name: trader_id, data_tests: [unique]}]
unit_tests:
  - name: counts_traders
    model: source_health
    given: [{input: ref('trader_features'), rows: [{trader_id: a}, {trader_id: b}]}]
    expect: {rows: [{rows_read: 2}]}
""",
}


class Dbt:
    """Runs dbt in a project and keeps what it logged."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = ""

    def __call__(self, *arguments: str) -> dbtRunnerResult:
        lines: list[str] = []
        runner = dbtRunner(callbacks=[lambda event: lines.append(event.info.msg)])
        result = runner.invoke([*arguments, "--profiles-dir", str(self.root), "--quiet"])
        self.log = "\n".join(lines)
        return result

    def fills(self, rows: str) -> None:
        raw = self.root / "raw"
        raw.mkdir(exist_ok=True)
        (raw / "fills.csv").write_text(f"trader_id,executed_at\n{rows}", encoding="utf-8")


@pytest.fixture
def dbt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dbt:
    for name, text in PROJECT.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "warehouse.duckdb"))
    return Dbt(tmp_path)


def test_dbt_publishes_whole_good_builds_and_holds_back_all_else(
    dbt: Dbt, destination: Path
) -> None:
    assert not dbt("build").success
    assert "raw is not a folder" in dbt.log
    assert "trader_features" not in "".join(path.name for path in dbt.root.rglob("run/**/*.sql"))
    assert dbt("compile").success

    dbt.fills("a,2026-06-29\nb,2026-06-30\n")
    assert dbt("build").success
    assert f"Published 2 marts as of 2026-06-30 to {destination}" in dbt.log
    manifest = read_manifest(destination)
    assert manifest is not None
    assert manifest["marts"]["trader_features"]["key"] == ["trader_id"]
    assert manifest["marts"]["source_health"]["key"] == []
    with duckdb.connect(str(destination / "marts.duckdb"), read_only=True) as connection:
        said = "select comment from duckdb_tables() where table_name = 'trader_features'"
        assert connection.execute(said).fetchall() == [("One row per trader.",)]
    first = builds_seen(destination)
    assert len(first) == 1
    kept = f"readers keep build {min(first)} as of 2026-06-30"

    for arguments in (["run"], ["build", "-s", "trader_features"], ["build", "--empty"]):
        dbt(*arguments)
        assert "Held back: " in dbt.log
        assert kept in dbt.log
    dbt("docs", "generate", "--empty-catalog")
    assert "Held back" not in dbt.log

    dbt.fills("a,2026-06-29\na,2026-07-01\n")
    assert not dbt("build", "--threads", "4").success
    assert "Held back: 1 test failed" in dbt.log
    dbt.fills("a,2026-06-29\nb,2026-07-01\n")
    dbt("run")
    dbt("test")
    assert "dbt test is not a whole build" in dbt.log
    assert builds_seen(destination) == first

    for threads in ("1", "4"):
        assert dbt("build", "--threads", threads).success
        assert "Published 2 marts as of 2026-07-01" in dbt.log
    assert builds_seen(destination) != first


def test_a_good_retry_is_held_back_and_a_failing_publish_fails_the_build(
    dbt: Dbt, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dbt.fills("a,2026-06-29\nb,2026-06-30\n")
    monkeypatch.setenv("BROKEN", "yes")
    assert not dbt("build").success
    assert "Held back: 1 test had an error, 1 model was skipped (counts_traders);" in dbt.log
    assert "nothing is published yet" in dbt.log
    monkeypatch.delenv("BROKEN")
    assert dbt("retry").success
    assert "Held back: 2 of 3 nodes did not run, among them model.scratch.trader" in dbt.log
    assert read_manifest(destination) is None

    def fail(*, marts: Path, out: Path) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(trader_segments.report, "write_report", fail)
    assert not dbt("build").success
    assert "No space left on device" in dbt.log
    assert read_manifest(destination) is None
