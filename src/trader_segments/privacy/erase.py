"""Erasure of a person: out of everything that is kept, for good, and shown to be out.

1. The keyed hashes of the person's ids go on the suppression list, so that staging does not get to
   see the rows again that the venue goes on handing over.
2. Tables that no build makes anew lose the person's rows: histories, references, leftovers.
3. A build brings all others up to the input without the person, and is published; every earlier
   published version is removed.
4. The databases are written anew, without freed pages, and everything is searched.

What stays are sums over the traders of a segment on earlier dates, whose sizes no longer count the
person, and models that were fitted on them: they hold no row of the person and no id.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import duckdb

from trader_segments.build import Say, Settings, run_build
from trader_segments.campaigns.export import remove_exports
from trader_segments.object_storage import local_folder
from trader_segments.privacy.ids import HashKey, read_key
from trader_segments.privacy.published_ids import MAPPING
from trader_segments.privacy.search import Needle, Search, plain_files, scrub
from trader_segments.privacy.suppression import read_suppression, suppress
from trader_segments.publish import read_manifest, remove_versions
from trader_segments.raw_input import SourceTable, load_expected, register
from trader_segments.screening.store import DATABASE as SANCTIONS_LISTS
from trader_segments.warehouse import DATABASES, SCHEMA_RAW, compact, find_origin, read_origin

_LEAST_PERSONAL = 6
"""Characters of a personal text that is searched for; shorter ones are shared by many."""
_TARGETS = {"dev", "ci"}
_GIVEN = {"sample", "fetched", "spark_raw", SANCTIONS_LISTS}
"""What in `build/` is a copy of what others publish or hand over. A list of sanctions may well have
the name of somebody who only has the same."""
_OURS = "database_name in ('warehouse', 'restricted')"


class EraseError(Exception):
    """Why the person is not erased, in a sentence."""


@dataclass(frozen=True)
class Person:
    """What the databases know a person by.

    Attributes
    ----------
    trader_id
        The person's id.
    accounts
        Ids of the accounts that are this person's alone.
    personal
        Personal texts by their column that nobody else has.
    shared
        Columns with personal texts that others have too, such as an address of an exchange.
    """

    trader_id: str
    accounts: tuple[str, ...] = ()
    personal: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    shared: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id of the person."""
        return tuple(dict.fromkeys((self.trader_id, *self.accounts)))

    def needles(self, key: HashKey) -> list[Needle]:
        """What must be nowhere: ids, the hashes that stood for them, personal texts."""
        return [
            Needle("the trader id", self.trader_id),
            *(Needle("an account id", account) for account in self.ids[1:]),
            *(Needle("a published hash of an id", key.published(known)) for known in self.ids),
            *(Needle(column, text) for column, text in self.personal),
        ]


def erase(settings: Settings, trader_id: str, say: Say, dbt_arguments: Sequence[str] = ()) -> bool:
    """Erase a person and say what was searched; True if nothing was found any more.

    Parameters
    ----------
    dbt_arguments
        For the build without the person, as they are given to the usual one. Where ids are
        published hashed, they are again.

    Raises
    ------
    EraseError
        If there is nothing to erase from, nobody has the id, or a step failed; what was done stays,
        and the command can be repeated.
    trader_segments.privacy.ids.HashKeyError
        If there is no good key for the suppression list.
    """
    key = read_key()
    _check_origin(settings)
    expected = load_expected(settings.project_root, settings.venue)
    with _attached(settings.build) as connection:
        known = read_suppression(connection, "restricted")
        if known.problem:
            raise EraseError(known.problem)
        person = find_person(connection, settings.venue, expected, trader_id)
        is_suppressed = key.suppressed(trader_id) in known.hashes
        if not (is_suppressed or _is_known(connection, person)):
            raise EraseError(f"nobody in the working database has the id {trader_id}")
        suppress(connection, "restricted", key, person.ids)
        say(f"{1 + len(person.ids[1:])} ids on the suppression list: trader and accounts")
        uncount(connection, person)
        removed = remove_rows(connection, person, keep_staging=True)
        say(f"{sum(removed.values()):,} rows removed from {len(removed)} tables before the build")
    needles = person.needles(key)
    _clean_folders(needles, say)
    shutil.rmtree(settings.build / "verify", ignore_errors=True)
    shelves = sorted((settings.build / "warehouses").glob(f"{settings.venue}-????????"))
    for shelf in shelves:
        _erase_shelf(shelf, person, key, say)
    if not run_build(settings, _build_arguments(settings, dbt_arguments), say):
        raise EraseError(
            "the build without the person was not published, the reason is above: readers still "
            "have the one with the person. Mend it and repeat the command"
        )
    for name in remove_versions(settings.published):
        say(f"Removed the published version {name}")
    for name in remove_exports(settings.exports):
        say(f"Removed the exported audiences {name}")
    with _attached(settings.build) as connection:
        removed = remove_rows(connection, person, keep_staging=False)
        if removed:
            say(f"Removed what no model makes any more: {', '.join(sorted(removed))}")
    _clean_folders(needles, say)
    _rewrite([settings.build, *shelves])
    found = prove(settings, needles)
    _report(settings, expected, person, found, say)
    return not found.findings


def find_person(
    connection: duckdb.DuckDBPyConnection,
    venue: str,
    expected: Sequence[SourceTable],
    trader_id: str,
) -> Person:
    """What the staged rows of a venue, rejected ones too, say of a person.

    An account is the person's if it is staged so; or if no row of it is staged and none says
    otherwise.
    """
    staged = {
        name.removeprefix(f"stg_{venue}__"): f"{database}.main.{name}"
        for database, name in connection.execute(
            f"select database_name, table_name from duckdb_tables() where {_OURS} "
            "and schema_name = 'main' and starts_with(table_name, ?)",
            [f"stg_{venue}__"],
        ).fetchall()
    }
    accounts: list[str] = []
    if "accounts" in staged:
        rows = connection.execute(
            f"""
            select account_id
            from {staged["accounts"]}
            where account_id is not null and account_id <> ?
            group by account_id
            having bool_or(trader_id = ? and row_status = 'staged')
                or (bool_and(row_status <> 'staged') and bool_and(trader_id = ?))
            order by account_id
            """,
            [trader_id, trader_id, trader_id],
        ).fetchall()
        accounts = [account for (account,) in rows]
    personal: list[tuple[str, str]] = []
    shared: set[str] = set()
    columns = [
        (staged[table.name], column.name, "trader_id" if "trader_id" in names else "account_id")
        for table in expected
        if table.name in staged
        and (names := {column.name for column in table.columns}) & {"trader_id", "account_id"}
        for column in table.columns
        if column.is_personal and column.data_type == "varchar"
    ]
    ids = [trader_id, *accounts]
    for table, column, owner in columns:
        others = " union all ".join(
            f"select {other} as text from {relation} "
            f"where {other_owner} is null or {other_owner} not in (select unnest($ids))"
            for relation, other, other_owner in columns
        )
        rows = connection.execute(
            f"""
            select distinct own.text, others.text is not null
            from (select {column} as text from {table} where {owner} in (select unnest($ids))) own
            left join (select distinct text from ({others})) as others on own.text = others.text
            where length(own.text) >= {_LEAST_PERSONAL}
            order by all
            """,
            {"ids": ids},
        ).fetchall()
        for text, is_shared in rows:
            if is_shared:
                shared.add(column)
            else:
                personal.append((column, text))
    return Person(trader_id, tuple(accounts), tuple(dict.fromkeys(personal)), tuple(sorted(shared)))


def remove_rows(
    connection: duckdb.DuckDBPyConnection, person: Person, *, keep_staging: bool
) -> dict[str, int]:
    """Delete every row that has an id of the person in a column of ids; how many by table.

    Parameters
    ----------
    keep_staging
        Leave staging to the next build, which tells from it which dates have changed.
    """
    columns = connection.execute(
        f"""
        select database_name, schema_name, table_name, list(column_name order by column_index)
        from duckdb_columns() semi join duckdb_tables()
            using (database_name, schema_name, table_name)
        where {_OURS} and schema_name <> 'raw' and data_type = 'VARCHAR' and (
            regexp_matches(column_name, '(^|_)(trader|account)_id$')
            or (table_name = ? and column_name = 'venue_id')
        )
        group by all order by all
        """,
        [MAPPING],
    ).fetchall()
    removed = {}
    for database, schema, table, names in columns:
        if keep_staging and table.startswith("stg_"):
            continue
        condition = " or ".join(f'"{name}" in (select unnest($ids))' for name in names)
        row = connection.execute(
            f'delete from {database}."{schema}"."{table}" where {condition}',
            {"ids": list(person.ids)},
        ).fetchone()
        if row and row[0]:
            removed[f"{database}.{table}"] = row[0]
    return removed


def uncount(connection: duckdb.DuckDBPyConnection, person: Person) -> None:
    """Take the person out of the history of segments and of their sizes on earlier dates, at once;
    a segment that held nobody else loses its row there, whose sums would be the person's own."""
    tables = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'warehouse' "
        "and schema_name = 'main' "
        "and table_name in ('trader_segment_history', 'segment_summary_history')"
    ).fetchall()
    if len(tables) < 2:
        return
    history, summary = (
        f"warehouse.main.{name}" for name in ("trader_segment_history", "segment_summary_history")
    )
    own = f"from {history} where trader_id in (select unnest($ids))"
    ids = {"ids": list(person.ids)}
    connection.execute("begin")
    connection.execute(
        f"""
        update {summary} as summary set traders = summary.traders - own.traders
        from (select as_of_date, segment_id, count(*) as traders {own} group by all) as own
        where summary.as_of_date = own.as_of_date and summary.segment_id = own.segment_id
        """,
        ids,
    )
    connection.execute(f"delete from {summary} where traders <= 0")
    connection.execute(
        f"""
        update {summary} as summary set trader_share = summary.traders / whole.traders
        from (select as_of_date, sum(traders) as traders from {summary} group by all) as whole
        where summary.as_of_date = whole.as_of_date
            and summary.as_of_date in (select as_of_date {own})
        """,
        ids,
    )
    connection.execute(f"delete {own}", ids)
    connection.execute("commit")


def prove(settings: Settings, needles: Sequence[Needle]) -> Search:
    """Search all that is kept: databases, published versions, logs, dbt's target folder."""
    search = Search(needles)
    kept = list(_kept(settings))
    for path in kept:
        if path.suffix == ".duckdb":
            search.database(path, _shown(path, settings.home))
    parquet = [path for path in kept if path.suffix == ".parquet"]
    search.parquet(parquet, _shown(settings.build, settings.home))
    read = {".duckdb", ".parquet"}
    beside = [path for path in kept if path.suffix not in read]
    search.files(beside, f"{_shown(settings.build, settings.home)}, beside the databases")
    for version in sorted((settings.published / "versions").glob("*")):
        shown = _shown(version, settings.home)
        for path in sorted(version.glob("*.duckdb")):
            search.database(path, f"{shown}/{path.name}")
        search.parquet(sorted((version / "marts").glob("*.parquet")), f"{shown}/marts")
        others = [
            path for path in plain_files(version) if path.suffix not in {".duckdb", ".parquet"}
        ]
        search.files(others, f"{shown}, report and manifest")
    for folder in _working_folders():
        search.files(list(plain_files(folder)), str(folder))
    return search


def _build_arguments(settings: Settings, given: Sequence[str]) -> list[str]:
    served = read_manifest(settings.published)
    if served is None or not served.get("hash_key") or "--vars" in given:
        return list(given)
    return [*given, "--vars", "hash_trader_ids: true"]


def _kept(settings: Settings) -> Iterator[Path]:
    """Files of `build/`, without what was given and databases of other venues."""
    for path in plain_files(settings.build):
        top, *below = path.relative_to(settings.build).parts
        is_of_another = top == "warehouses" and not fnmatch(below[0], f"{settings.venue}-????????")
        if top not in _GIVEN and not is_of_another:
            yield path


def _check_origin(settings: Settings) -> None:
    if os.environ.get("TRADER_SEGMENTS_TARGET", "dev") not in _TARGETS:
        raise EraseError("this command works on the databases of DuckDB, not on a cluster")
    warehouse = settings.build / DATABASES[0]
    if not warehouse.exists() or not (settings.build / DATABASES[1]).exists():
        raise EraseError("there is nothing to erase from: no working database is here")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        present = read_origin(connection)
        wanted = find_origin(connection, settings.home, settings.venue, settings.raw_data)
    if present is not None and present != wanted:
        raise EraseError(
            f"the working database is {present.venue} from {present.raw_data}: set VENUE and "
            "RAW_DATA to these, as for its builds"
        )


def _attached(build: Path) -> duckdb.DuckDBPyConnection:
    """A connection of its own with the databases of a folder as `warehouse` and `restricted`."""
    connection = duckdb.connect()
    try:
        for name in DATABASES:
            connection.execute(f"attach '{build / name}' as {name.removesuffix('.duckdb')}")
    except duckdb.Error as error:
        connection.close()
        raise EraseError(f"{build} cannot be opened: {str(error).splitlines()[0]}") from error
    return connection


def _is_known(connection: duckdb.DuckDBPyConnection, person: Person) -> bool:
    """Whether any table has the id, so that a mistyped one is not put on the list."""
    columns = connection.execute(
        f"""
        select database_name, schema_name, table_name, column_name
        from duckdb_columns() semi join duckdb_tables()
            using (database_name, schema_name, table_name)
        where {_OURS} and data_type = 'VARCHAR'
            and regexp_matches(column_name, '(^|_)(trader|account)_id$')
        """
    ).fetchall()
    return any(
        connection.execute(
            f'select 1 from {database}."{schema}"."{table}" where "{column}" = ? limit 1',
            [person.trader_id],
        ).fetchone()
        for database, schema, table, column in columns
    )


def _working_folders() -> list[Path]:
    """dbt's logs and its target folder."""
    folders = [
        Path(os.environ.get("DBT_LOG_PATH") or "logs"),
        Path(os.environ.get("DBT_TARGET_PATH") or "target"),
    ]
    return [folder for folder in folders if folder.is_dir()]


def _clean_folders(needles: Sequence[Needle], say: Say) -> None:
    """Logs and what dbt leaves in target: they have the command itself, and may have more."""
    changed = scrub(
        (path for folder in _working_folders() for path in plain_files(folder)), needles
    )
    if changed:
        say(f"Wrote over the person in {changed:,} files of logs and target")


def _erase_shelf(shelf: Path, person: Person, key: HashKey, say: Say) -> None:
    """The same in databases of the venue that are set aside; brought back, they are built anew."""
    with _attached(shelf) as connection:
        suppress(connection, "restricted", key, person.ids)
        uncount(connection, person)
        removed = remove_rows(connection, person, keep_staging=False)
        connection.execute("create table if not exists warehouse.main.load_log (entry varchar)")
        connection.execute("delete from warehouse.main.load_log")
    say(f"{sum(removed.values()):,} rows removed from {len(removed)} tables set aside in {shelf}")


def _rewrite(folders: Iterable[Path]) -> None:
    for folder in folders:
        for name in DATABASES:
            path = folder / name
            if path.exists() and not compact(path, always=True):
                raise EraseError(
                    f"{path} cannot be written anew, so that removed rows may still stand in it: "
                    "close whatever has it open, make room on the disk, and repeat the command"
                )
        for spilled in folder.glob("*.duckdb.tmp"):
            shutil.rmtree(spilled, ignore_errors=True)


def _report(
    settings: Settings,
    expected: Sequence[SourceTable],
    person: Person,
    search: Search,
    say: Say,
) -> None:
    kinds: dict[str, int] = {}
    for needle in search.needles:
        kinds[needle.what] = kinds.get(needle.what, 0) + 1
    say("")
    say(f"Searched for {', '.join(f'{what} ({count})' for what, count in kinds.items())} in")
    for line in search.looked_at:
        say(f"  {line}")
    if search.embedded:
        whats = ", ".join(sorted({needle.what for needle in search.embedded}))
        say(f"A part of longer values, therefore sought as a value and not in bytes: {whats}")
    short = sorted({needle.what for needle in search.needles if not needle.is_distinctive})
    if short:
        say(f"Too short to mean anything in bytes, therefore sought as a value: {', '.join(short)}")
    if person.shared:
        say(f"Others have the same and keep it: {', '.join(person.shared)}")
    for finding in search.findings:
        say(f"FOUND {finding.what}: {finding.where}")
    say(
        "Not searched: the raw input, lists of sanctions, backups, and copies that readers made. "
        "Sums over the traders of a segment on earlier dates and fitted models stay."
    )
    left = _left_in_raw_input(settings, expected, person)
    if left:
        say(f"The venue's own tables still hold the person, remove it there: {left}")


def _left_in_raw_input(settings: Settings, expected: Sequence[SourceTable], person: Person) -> str:
    """Rows of the person by table of the raw input, which is the venue's."""
    with duckdb.connect(str(settings.build / DATABASES[0]), read_only=True) as connection:
        origin = read_origin(connection)
    if origin is None or origin.raw_data == SCHEMA_RAW:
        return ""
    folder = local_folder(settings.home, origin.raw_data)
    counts = []
    with duckdb.connect() as connection:
        register(connection, settings.project_root, settings.venue, str(folder))
        views = {
            name
            for (name,) in connection.execute("select view_name from duckdb_views()").fetchall()
        }
        for table in expected:
            owners = [column.name for column in table.columns if column.person == "owner"]
            if table.name not in views or not owners:
                continue
            given = {row[0] for row in connection.execute(f"describe raw.{table.name}").fetchall()}
            condition = " or ".join(
                f'cast("{owner}" as varchar) in (select unnest($ids))'
                for owner in owners
                if owner in given
            )
            row = connection.execute(
                f"select count(*) from raw.{table.name} where {condition or 'false'}",
                {"ids": list(person.ids)} if condition else {},
            ).fetchone()
            if row and row[0]:
                counts.append(f"{table.name} ({row[0]:,} rows)")
    return ", ".join(counts)


def _shown(path: Path, home: Path) -> str:
    return str(path.relative_to(home)) if path.is_relative_to(home) else str(path)
