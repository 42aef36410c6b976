"""Publish the marts of a finished build to a place that readers open while the next one runs.

A published build is one folder, ``versions/<build_id>``, that never changes. ``marts.duckdb``,
``marts`` and ``report.html`` are symbolic links through ``current``, the one link that is swapped::

    published/marts.duckdb -> current/published.duckdb
    published/marts        -> current/marts
    published/report.html  -> current/report.html
    published/current      -> versions/20260630T101500Z-1a2b3c4d

So one rename moves the database, the Parquet folder and the report together, and whatever fails
before it leaves the previous build served. The database has a name of its own because DuckDB names
the catalog after the file: in one called ``marts`` the schema ``marts`` would be ambiguous.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from trader_segments.privacy.published_ids import MAPPING, IdHashing, columns_of, leaks

OLDEST_READER = "v1.0.0"
DATABASE = "published.duckdb"
FOLDER = "marts"
_REPORT = "report.html"
_MANIFEST = "manifest.json"
_LINKS = {"marts.duckdb": DATABASE, FOLDER: FOLDER, _REPORT: _REPORT}
_TARGET = "published_marts"
_GOOD_STATUSES = {"success", "pass", "warn", "no-op"}
_NARROWING_ARGUMENTS = {
    "select": "--select",
    "exclude": "--exclude",
    "selector": "--selector",
    "resource_types": "--resource-type",
    "exclude_resource_types": "--exclude-resource-type",
    "empty": "--empty",
    "sample": "--sample",
    "defer": "--defer",
    "event_time_start": "--event-time-start",
    "event_time_end": "--event-time-end",
}


class PublishError(RuntimeError):
    """Why nothing was published, in one sentence."""


@dataclass(frozen=True)
class PublishedBuild:
    """What readers see after a publish."""

    build_id: str
    as_of_date: str
    published_at: str
    marts: tuple[str, ...]
    folder: Path


@dataclass(frozen=True)
class Description:
    """What the project says of a mart.

    Attributes
    ----------
    text
        Its description.
    columns
        Descriptions of its columns.
    key
        Columns of its primary key; empty where none is tested.
    """

    text: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()


def hold_back_reason(results_summary: Mapping[str, Any]) -> str | None:
    """Say why a dbt invocation must not be published, or None where it may be.

    Only a whole and successful ``dbt build`` is published: every model, seed, snapshot and test of
    the project ran in this invocation, on all rows, and none failed. ``dbt retry`` reports itself
    as a build without a selection, so the nodes that ran are compared with those of the project.

    Parameters
    ----------
    results_summary
        ``command`` (``flags.WHICH``), ``arguments`` (names of the arguments that are set),
        ``results`` (``unique_id``, ``name``, ``resource_type`` and ``status`` of each node that
        ran) and ``expected`` (the ``unique_id`` of each node that a whole build runs).
    """
    command = results_summary["command"]
    if command != "build":
        return f"dbt {command} is not a whole build: run dbt build"
    arguments = results_summary["arguments"]
    narrowed = [flag for name, flag in _NARROWING_ARGUMENTS.items() if name in arguments]
    if narrowed:
        return f"{' and '.join(narrowed)} made this a part of a build: run dbt build without it"
    results = results_summary["results"]
    bad = [result for result in results if result["status"] not in _GOOD_STATUSES]
    if bad:
        return _summarised(bad)
    missing = set(results_summary["expected"]) - {result["unique_id"] for result in results}
    if missing:
        return (
            f"{len(missing)} of {len(results_summary['expected'])} nodes did not run, "
            f"among them {min(missing)}: run dbt build"
        )
    return None


def publish(
    connection: duckdb.DuckDBPyConnection,
    destination: Path,
    marts: Sequence[str],
    *,
    build_id: str,
    as_of_date: str,
    schema: str,
    keep: int = 3,
    hashing: IdHashing | None = None,
    descriptions: Mapping[str, Description] | None = None,
) -> PublishedBuild:
    """Write the marts, their Parquet copies and the report as one version, then serve it.

    Parameters
    ----------
    connection
        A connection to the warehouse. Committed tables are read through a cursor of its own, so
        it may be called from within a query.
    destination
        Folder of ``marts.duckdb``, ``marts``, ``report.html``, ``current`` and ``versions``.
    marts
        Tables or views of ``schema`` to publish. Rows are stored in the order of all columns, so
        that equal data gives equal tables on any number of threads.
    build_id
        Name of the version; ids sort by the time of the build.
    as_of_date
        Last day whose events count, ISO 8601.
    keep
        Versions that stay on disk, the served one among them.
    hashing
        How ids of traders and accounts are hashed; None: they are published as they are.
    descriptions
        By mart; they become comments of the published tables, keys stand in the manifest.

    Raises
    ------
    PublishError
        If there is nothing to publish, another publish is running, the build is already served, or
        an id would be published that is to be hashed.
    """
    if not marts:
        raise PublishError("there are no marts to publish")
    versions = destination / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    with _lock(destination):
        version = versions / build_id
        if _served(destination) == version.name:
            raise PublishError(f"build {build_id} is already published")
        for leftover in [*versions.glob(".*"), version]:
            shutil.rmtree(leftover, ignore_errors=True)
        draft = versions / f".{build_id}"
        (draft / FOLDER).mkdir(parents=True)
        with connection.cursor() as cursor:
            contents = _write_marts(cursor, draft, marts, schema, hashing, descriptions or {})
        published = PublishedBuild(
            build_id=build_id,
            as_of_date=as_of_date,
            published_at=datetime.now(UTC).isoformat(timespec="seconds"),
            marts=tuple(marts),
            folder=version,
        )
        _write_manifest(draft / FOLDER / _MANIFEST, published, contents, hashing)
        _write_report(marts=draft / DATABASE, out=draft / _REPORT)
        _sync(draft)
        draft.rename(version)
        _sync_entry(versions)
        for link, name in _LINKS.items():
            _point(destination / link, f"current/{name}")
        _point(destination / "current", f"versions/{build_id}")
        _prune(destination, keep)
    return published


def remove_versions(destination: Path) -> list[str]:
    """Remove every version but the served one, and what was left of drafts; their names.

    Raises
    ------
    PublishError
        If a publish is running.
    """
    versions = destination / "versions"
    if not versions.is_dir():
        return []
    with _lock(destination):
        served = _served(destination)
        old = sorted(path.name for path in versions.iterdir() if path.name != served)
        for name in old:
            shutil.rmtree(versions / name)
    return old


def read_manifest(destination: Path) -> dict[str, Any] | None:
    """Return the manifest of the served build, or None where none is served."""
    current = destination / "current"
    return manifest_of(current) if (current / FOLDER / _MANIFEST).is_file() else None


def manifest_of(version: Path) -> dict[str, Any]:
    """Return the manifest of one version."""
    text = (version / FOLDER / _MANIFEST).read_text(encoding="utf-8")
    manifest: dict[str, Any] = json.loads(text)
    return manifest


def _summarised(bad: Sequence[Mapping[str, str]]) -> str:
    kinds = Counter(
        (
            "test" if result["resource_type"] in {"test", "unit_test"} else result["resource_type"],
            {"fail": "failed", "skipped": "was skipped"}.get(result["status"], "had an error"),
        )
        for result in bad
    )
    counts = [
        f"{count} {kind}{'s' if count > 1 else ''} "
        + ("were skipped" if count > 1 and fate == "was skipped" else fate)
        for (kind, fate), count in kinds.items()
    ]
    culprits = [result["name"] for result in bad if result["status"] != "skipped"]
    shown = culprits[:3] + (["…"] if len(culprits) > 3 else [])
    return ", ".join(counts) + (f" ({', '.join(shown)})" if shown else "")


def _write_marts(
    connection: duckdb.DuckDBPyConnection,
    draft: Path,
    marts: Sequence[str],
    schema: str,
    hashing: IdHashing | None,
    descriptions: Mapping[str, Description],
) -> dict[str, dict[str, Any]]:
    """Write the database and the Parquet files; return rows, digest and key of each mart."""
    relations = {mart: f"{_identifier(schema)}.{_identifier(mart)}" for mart in marts}
    mapping = _write_mapping(connection, relations, hashing) if hashing else ""
    target = f"{_TARGET}.{FOLDER}"
    connection.execute(
        f"attach {_literal(draft / DATABASE)} as {_TARGET} (storage_version '{OLDEST_READER}')"
    )
    try:
        connection.execute(f"create schema {target}")
        contents = {}
        for mart in marts:
            table = f"{target}.{_identifier(mart)}"
            parquet = draft / FOLDER / f"{mart}.parquet"
            select = f"select * from {relations[mart]}"
            columns = columns_of(connection, relations[mart])
            description = descriptions.get(mart, Description())
            if hashing:
                select = hashing.select(mart, columns, relations[mart], mapping)
            connection.execute(f"create table {table} as {select} order by all")
            found = leaks(connection, table, mapping) if hashing else []
            if found:
                raise PublishError(
                    f"{mart} holds ids of traders or accounts in {', '.join(found)}, and "
                    "hash_trader_ids is on: mark the column with meta when_hashed"
                )
            connection.execute(f"copy {table} to {_literal(parquet)} (format parquet)")
            _comment(connection, table, columns, description)
            key = hashing.kept(mart, description.key) if hashing else list(description.key)
            contents[mart] = {**_content(connection, table, parquet), "key": key}
    finally:
        connection.execute(f"detach {_TARGET}")
    return contents


def _write_mapping(
    connection: duckdb.DuckDBPyConnection, relations: Mapping[str, str], hashing: IdHashing
) -> str:
    """Write which hash stands for which id: with the personal data, else for this publish alone."""
    queries = [
        hashing.ids(mart, columns_of(connection, relation), relation)
        for mart, relation in relations.items()
    ]
    asked = " union ".join(query for query in queries if query)
    rows = connection.execute(asked).fetchall() if asked else []
    databases = connection.execute("select database_name from duckdb_databases()").fetchall()
    kind, mapping = "temporary table", MAPPING
    if ("restricted",) in databases:
        kind, mapping = "table", f"restricted.main.{MAPPING}"
    connection.register("id_mapping", hashing.mapping(rows))
    connection.execute(f"create or replace {kind} {mapping} as from id_mapping")
    connection.unregister("id_mapping")
    return mapping


def _comment(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[str],
    description: Description,
) -> None:
    """Write the descriptions into the database, where clients show them."""
    connection.execute(f"comment on table {table} is {_literal(description.text)}")
    for column in columns:
        text = description.columns.get(column, "")
        connection.execute(f"comment on column {table}.{_identifier(column)} is {_literal(text)}")


def _content(
    connection: duckdb.DuckDBPyConnection, table: str, parquet: Path
) -> dict[str, int | str]:
    """Count the rows and digest them: SHA-256 of the Parquet file, whose rows are in order."""
    (rows,) = connection.execute(f"select count(*) from {table}").fetchall()[0]
    with parquet.open("rb") as stream:
        return {"rows": rows, "digest": hashlib.file_digest(stream, "sha256").hexdigest()}


def _write_manifest(
    path: Path,
    published: PublishedBuild,
    contents: Mapping[str, Mapping[str, Any]],
    hashing: IdHashing | None,
) -> None:
    manifest = {
        "build_id": published.build_id,
        "as_of_date": published.as_of_date,
        "published_at": published.published_at,
        "hash_key": hashing.key.fingerprint if hashing else None,
        "marts": contents,
    }
    path.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _write_report(*, marts: Path, out: Path) -> None:
    from trader_segments.report import write_report

    write_report(marts=marts, out=out)


def _served(destination: Path) -> str | None:
    current = destination / "current"
    return current.readlink().name if current.is_symlink() else None


def _point(link: Path, target: str) -> None:
    """Make ``link`` a symbolic link to ``target``, relative to its folder, with one rename."""
    if link.is_symlink() and str(link.readlink()) == target:
        return
    draft = link.with_name(f".{link.name}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(link)
    _sync_entry(link.parent)


def _prune(destination: Path, keep: int) -> None:
    served = _served(destination)
    newest_first = sorted(
        (path.name for path in (destination / "versions").iterdir()), reverse=True
    )
    others = [name for name in newest_first if name != served]
    for name in others[keep - 1 :]:
        shutil.rmtree(destination / "versions" / name, ignore_errors=True)


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        _sync_entry(path)
    _sync_entry(folder)


def _sync_entry(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _lock(destination: Path) -> Iterator[None]:
    with (destination / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PublishError(f"another publish to {destination} is running") from None
        yield


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: Path | str) -> str:
    return "'" + str(text).replace("'", "''") + "'"
