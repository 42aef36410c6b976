"""Find the raw tables a venue hands over, check them and show them to DuckDB as ``raw.<table>``.

The tables and columns that are looked for are those of the venue's dbt sources file,
``models/staging/<venue>/_<venue>__sources.yml``. They come from a folder of Parquet or CSV files,
or from tables that already exist in the schema ``raw`` of the warehouse.
"""

import csv
import gzip
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from glob import escape
from pathlib import Path
from typing import Any, Literal, TextIO

import duckdb
import yaml

from trader_segments.object_storage import ObjectStorageError, fetch, is_remote, local_folder
from trader_segments.privacy.suppression import (
    PersonColumns,
    Suppression,
    new_accounts,
    suppress,
)

NO_RAW_DATA = (
    "no raw data: set RAW_DATA to a folder with the raw tables, "
    "or run make build, which makes a sample venue"
)
_OUR_VIEW = "registered by trader_segments"
_FORMATS: dict[str, Literal["parquet", "csv"]] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
}
_DELIMITERS = (",", ";", "\t", "|")
_SCALARS = {"text", "timestamp", "date", "boolean", "integer", "number", "binary", "other"}
_ACCEPTED_KINDS = {
    "varchar": _SCALARS,
    "timestamp": {"timestamp", "date", "text"},
    "date": {"timestamp", "date", "text"},
    "decimal": {"integer", "number", "text"},
    "double": {"integer", "number", "text"},
    "bigint": {"integer", "number", "text"},
    "boolean": {"boolean", "integer", "text"},
}
_KIND_OF_TYPE = {
    "VARCHAR": "text",
    "ENUM": "text",
    "JSON": "text",
    "UUID": "text",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "FLOAT": "number",
    "DOUBLE": "number",
    "DECIMAL": "number",
    "BLOB": "binary",
    '"NULL"': "null",
    **dict.fromkeys(("STRUCT", "MAP", "UNION", "VARIANT"), "nested"),
    **{
        f"{sign}{size}": "integer"
        for sign in ("", "U")
        for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
    },
}


ORDER_COLUMNS = ("source_file", "source_row")
"""Columns that every view has beside the file's own: the file, and the row's place in it."""


class RawInputError(ValueError):
    """What is wrong with the raw input, in one sentence for the person who hands it over."""


@dataclass(frozen=True)
class SourceColumn:
    """One column of the raw contract; ``data_type`` is one of the keys of the contract's types.

    ``person`` is ``owner`` where the column says whose row it is, by trader or account,
    ``other`` where it names somebody else beside. A personal one stays in the restricted database.
    """

    name: str
    data_type: str
    is_required: bool
    person: Literal["owner", "other"] | None = None
    is_personal: bool = False


@dataclass(frozen=True)
class SourceTable:
    """One table of the raw contract; of a restricted one no content may be said or logged."""

    name: str
    is_required: bool
    columns: tuple[SourceColumn, ...]
    is_restricted: bool = False


@dataclass(frozen=True)
class RawFile:
    """The file, or the folder of files, that holds one raw table."""

    location: Path
    files: tuple[Path, ...]
    format: Literal["parquet", "csv"]


@dataclass(frozen=True)
class InputProblem:
    """One reason not to build; ``source_table`` and ``location`` are None for the whole input."""

    source_table: str | None
    location: str | None
    problem: str


@dataclass(frozen=True)
class _CsvFile:
    """How to read one CSV file: its delimiter and the column names in the order of its header."""

    path: Path
    delimiter: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class InputTable:
    """What is known of one expected table.

    ``reader`` is the SQL that reads it from files, and ``file_readers`` reads one file alone where
    a condition on ``source_file`` does not keep DuckDB from reading the others. ``versions`` tells
    of each file what it was when it was looked at: another version has to be read again.
    """

    name: str
    is_present: bool = False
    location: str | None = None
    reader: str | None = None
    file_readers: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[tuple[str, str], ...] = ()
    extra_columns: tuple[str, ...] = ()
    missing_optional_columns: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def load_expected(project_root: Path, venue: str) -> list[SourceTable]:
    """Read the tables and columns a venue must and may hand over.

    Parameters
    ----------
    project_root
        Folder of ``dbt_project.yml``.
    venue
        Name of a folder in ``models/staging``.

    Raises
    ------
    RawInputError
        If the venue has no sources file, or the file does not say what it should.
    """
    staging = project_root / "models" / "staging"
    path = staging / venue / f"_{venue}__sources.yml"
    if not path.is_file():
        venues = sorted(found.parent.name for found in staging.glob("*/_*__sources.yml"))
        raise RawInputError(
            f'unknown venue "{venue}": there is no {path.relative_to(project_root)}; '
            f"the venues are {', '.join(venues) or 'none'}"
        )
    try:
        sources = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
        return [
            SourceTable(
                name=table["name"],
                is_required=_is_required(table),
                columns=tuple(_source_column(column) for column in table["columns"]),
                is_restricted=bool(_meta(table).get("is_restricted", False)),
            )
            for source in sources
            for table in source["tables"]
        ]
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise RawInputError(f"{path.name} is no list of sources: {reason}") from error


def find_raw_file(folder: Path, table: str) -> RawFile | None:
    """Find ``<table>.parquet``, ``.csv``, ``.csv.gz`` or a folder of these; None where absent.

    Files in the folder are found at any depth, below ``key=value`` folders too; names that begin
    with a dot or an underscore are ignored.

    Raises
    ------
    RawInputError
        If two files or folders could be the table, or its folder is empty or mixes formats.
    """
    candidates = [
        path
        for path in (folder / table, *(folder / f"{table}{suffix}" for suffix in _FORMATS))
        if path.is_dir() or (path.name != table and path.is_file())
    ]
    if not candidates:
        return None
    if len(candidates) > 1:
        names = " and ".join(_shown(path) for path in candidates)
        raise RawInputError(f"{names} could both be the table {table}; keep one of them")
    location = candidates[0]
    files = tuple(sorted(_data_files(location))) if location.is_dir() else (location,)
    formats = {_format_of(path) for path in files}
    if len(formats) != 1:
        trouble = "mixes Parquet and CSV files" if formats else "holds no Parquet or CSV file"
        raise RawInputError(f"{_shown(location)} {trouble}")
    return RawFile(location, files, formats.pop())


def check(
    project_root: Path, venue: str, raw_data: str | None, *, home: Path | None = None
) -> list[InputProblem]:
    """Check the raw input of a venue thoroughly, with no trace in a warehouse; see `register`."""
    warehouse = (home or project_root) / "build" / "warehouse.duckdb"
    known = frozenset[tuple[str, str]]()
    if warehouse.exists():
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            known = _staged_versions(connection)
    with duckdb.connect() as connection:
        return register(
            connection, project_root, venue, raw_data, home=home, scan_csv=True, known=known
        )


def register(
    connection: duckdb.DuckDBPyConnection,
    project_root: Path,
    venue: str,
    raw_data: str | None,
    *,
    home: Path | None = None,
    scan_csv: bool = False,
    known: frozenset[tuple[str, str]] | None = None,
    suppression: Suppression | None = None,
) -> list[InputProblem]:
    """Create the views ``raw.<table>`` and say what is wrong with the raw input.

    Never fails on bad input: what can be read is registered, the rest is reported in the returned
    list and in the tables ``raw.input_tables`` (one row per table of the contract),
    ``raw.input_files`` (one row per file that is read, with its version) and
    ``raw.input_problems``. Nothing is scanned, unless ``scan_csv`` asks for it.

    Parameters
    ----------
    connection
        An open connection to the warehouse, outside a transaction.
    raw_data
        Folder with the raw tables, relative to the working directory; or the address of one in
        object storage, whose copy is brought up to date where ``scan_csv`` asks for a thorough
        look. Where it is None or empty, the tables in the schema ``raw`` are used if there are any,
        else the sample venue.
    home
        Base folder of ``build/sample/raw``; the project's root by default.
    scan_csv
        Read every CSV file that is not yet staged, about 1 s per million rows, to find lines with
        too many values and broken quotes before anything is built.
    known
        Files, each in its version, that staging has read; by default those that the connection's
        warehouse says.
    suppression
        Erased persons, whom the views leave out; tables that a loader put into the schema ``raw``
        lose them where ``scan_csv`` asks for a thorough look, which also finds what accounts they
        have opened since. Where a list cannot be read without its key, no view is created.
    """
    try:
        tables = load_expected(project_root, venue)
    except RawInputError as error:
        problems = [InputProblem(None, None, str(error))]
        record(connection, [], problems)
        return problems

    existing = _existing_relations(connection, tables)
    staged = None
    if scan_csv:
        staged = _staged_versions(connection) if known is None else known
    if raw_data:
        folder = local_folder(home or project_root, raw_data)
        if scan_csv and is_remote(raw_data):
            try:
                fetch(raw_data, folder, tuple(_FORMATS))
            except ObjectStorageError as error:
                problems = [InputProblem(None, None, str(error))]
                record(connection, [], problems)
                return problems
        inputs, general = _inspect_folder(connection, folder, tables, staged)
        inputs = [_shadowed(table) if table.name in existing else table for table in inputs]
    elif existing:
        inputs, general = _inspect_schema(connection, tables, existing), []
    else:
        folder = ((home or project_root) / "build" / "sample" / "raw").resolve()
        if folder.is_dir():
            inputs, general = _inspect_folder(connection, folder, tables, staged)
        else:
            inputs, general = [InputTable(table.name) for table in tables], [NO_RAW_DATA]

    if suppression:
        inputs, cannot = _without_suppressed(
            connection, tables, inputs, suppression, is_thorough=scan_csv
        )
        general = [*general, *cannot]
    problems = [InputProblem(None, None, problem) for problem in general] + [
        InputProblem(table.name, table.location, problem)
        for table in inputs
        for problem in table.problems
    ]
    record(connection, inputs, problems)
    return problems


def _without_suppressed(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[SourceTable],
    inputs: Sequence[InputTable],
    suppression: Suppression,
    *,
    is_thorough: bool,
) -> tuple[list[InputTable], list[str]]:
    """The input without erased persons, and what is wrong.

    A file is another version once the list is longer, so that staging reads it again.
    """
    if suppression.problem:
        unread = [replace(table, reader=None, file_readers={}) for table in inputs]
        return unread, [suppression.problem]
    columns = {table.name: _person_columns(table) for table in tables}
    relations = {
        table.name: table.reader or _qualified(table.name) for table in inputs if table.is_present
    }
    if is_thorough and _owned_accounts(connection, tables, relations):
        found = connection.execute(new_accounts(relations["accounts"])).fetchall()
        if found and suppression.key:
            accounts = [account for (account,) in found]
            suppress(connection, "restricted", suppression.key, accounts)
            suppression.hashes |= {suppression.key.suppressed(account) for account in accounts}
    filtered, problems = [], []
    for table in inputs:
        here = _present(connection, columns[table.name], relations.get(table.name))
        if here is None:
            filtered.append(table)
        elif table.reader:
            readers = {
                file: here.without_suppressed(reader) for file, reader in table.file_readers.items()
            }
            versions = tuple(
                (file, f"{version} {suppression.digest}") for file, version in table.versions
            )
            reader = here.without_suppressed(table.reader)
            filtered.append(replace(table, reader=reader, file_readers=readers, versions=versions))
        else:
            filtered.append(table)
            problems += _remove_loaded(connection, here, table.name) if is_thorough else []
    return filtered, problems


def _owned_accounts(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[SourceTable],
    relations: Mapping[str, str],
) -> bool:
    """Whether there is a table of accounts and their traders."""
    expected = {
        column.name for table in tables if table.name == "accounts" for column in table.columns
    }
    needed = {"account_id", "trader_id"}
    return (
        needed <= expected
        and "accounts" in relations
        and needed <= _column_types(connection, relations["accounts"]).keys()
    )


def _person_columns(table: SourceTable) -> PersonColumns:
    return PersonColumns(
        tuple(column.name for column in table.columns if column.person == "owner"),
        tuple(column.name for column in table.columns if column.person == "other"),
    )


def _present(
    connection: duckdb.DuckDBPyConnection, columns: PersonColumns, relation: str | None
) -> PersonColumns | None:
    """Those of the columns that a relation has; None where it has none."""
    if relation is None or not columns.all:
        return None
    given = _column_types(connection, relation).keys()
    here = PersonColumns(
        tuple(name for name in columns.owners if name in given),
        tuple(name for name in columns.others if name in given),
    )
    return here if here.all else None


def _remove_loaded(
    connection: duckdb.DuckDBPyConnection, columns: PersonColumns, table: str
) -> list[str]:
    """Take erased persons out of a table in the schema raw; why that cannot be done."""
    try:
        columns.remove_suppressed(connection, _qualified(table))
    except duckdb.Error:
        kept = connection.execute(
            f"select count(*) from {_qualified(table)} as present "
            f"anti join {columns.without_suppressed(_qualified(table))} as kept "
            f"using ({', '.join(map(_identifier, columns.owners or columns.others))})"
        ).fetchone()
        if kept and kept[0]:
            return [
                f"raw.{table} is no table of its own and holds {kept[0]} rows of erased persons: "
                "leave them out of what it reads"
            ]
    return []


def record(
    connection: duckdb.DuckDBPyConnection,
    inputs: Sequence[InputTable],
    problems: Sequence[InputProblem],
) -> None:
    """Replace our views and the tables ``raw.input_*`` at once."""
    readers = {table.name: table.reader for table in inputs if table.reader}
    with _transaction(connection):
        connection.execute("create schema if not exists raw")
        for view in _our_views(connection) - readers.keys():
            connection.execute(f"drop view {_qualified(view)}")
        for name, reader in readers.items():
            connection.execute(
                f"create or replace view {_qualified(name)} as select * from {reader}"
            )
            connection.execute(f"comment on view {_qualified(name)} is {_literal(_OUR_VIEW)}")
        connection.execute(
            "create or replace table raw.input_tables (source_table varchar, is_present boolean, "
            "location varchar, extra_columns varchar, missing_optional_columns varchar)"
        )
        for table in inputs:
            connection.execute(
                "insert into raw.input_tables values (?, ?, ?, ?, ?)",
                [
                    table.name,
                    table.is_present,
                    table.location,
                    ", ".join(table.extra_columns) or None,
                    ", ".join(table.missing_optional_columns) or None,
                ],
            )
        connection.execute(
            "create or replace table raw.input_files "
            "(source_table varchar, source_file varchar, version varchar, file_reader varchar)"
        )
        rows = [
            {
                "source_table": table.name,
                "source_file": file,
                "version": version,
                "file_reader": table.file_readers.get(file),
            }
            for table in inputs
            for file, version in table.versions
        ]
        if rows:
            connection.execute(
                "insert into raw.input_files select unnest(?, recursive := true)", [rows]
            )
        connection.execute(
            "create or replace table raw.input_problems "
            "(source_table varchar, location varchar, problem varchar)"
        )
        for problem in problems:
            connection.execute(
                "insert into raw.input_problems values (?, ?, ?)",
                [problem.source_table, problem.location, problem.problem],
            )


def _meta(entry: Mapping[str, Any]) -> dict[str, Any]:
    meta: dict[str, Any] = entry.get("config", {}).get("meta", {})
    return meta


def _is_required(entry: Mapping[str, Any]) -> bool:
    return bool(_meta(entry).get("is_required", False))


def _source_column(column: Mapping[str, Any]) -> SourceColumn:
    data_type = str(column["data_type"]).lower()
    if data_type not in _ACCEPTED_KINDS:
        raise ValueError(
            f'column "{column["name"]}" has the data type "{data_type}"; '
            f"known are {', '.join(_ACCEPTED_KINDS)}"
        )
    person = _meta(column).get("person")
    if person not in (None, "owner", "other"):
        raise ValueError(f'column "{column["name"]}" has the person "{person}": owner or other')
    is_personal = bool(_meta(column).get("is_personal", False))
    return SourceColumn(column["name"], data_type, _is_required(column), person, is_personal)


def _data_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and path.name.endswith(tuple(_FORMATS)):
            yield path


def _format_of(path: Path) -> Literal["parquet", "csv"]:
    return "parquet" if path.suffix == ".parquet" else "csv"


def _shown(path: Path) -> str:
    return f"{path.name}/" if path.is_dir() else path.name


def _inspect_folder(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    tables: Sequence[SourceTable],
    staged: frozenset[tuple[str, str]] | None,
) -> tuple[list[InputTable], list[str]]:
    absent = [InputTable(table.name) for table in tables]
    if not folder.is_dir():
        return absent, [f"{folder} is not a folder: set RAW_DATA to the folder of the raw tables"]
    inputs = [_inspect_files(connection, folder, table, staged) for table in tables]
    if all(found.location is None for found in inputs):
        names = ", ".join(table.name for table in tables)
        return absent, [
            f"{folder} has none of the expected tables: looked for {names}, "
            "each as <table>.parquet, <table>.csv, <table>.csv.gz or a folder of these"
        ]
    return inputs, []


def _inspect_files(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    table: SourceTable,
    staged: frozenset[tuple[str, str]] | None,
) -> InputTable:
    absent = InputTable(table.name)
    try:
        raw_file = find_raw_file(folder, table.name)
        if raw_file is None:
            return replace(absent, problems=_absence(folder, table))
        located = replace(absent, location=str(raw_file.location))
        found = _inspect_raw_file(connection, folder, table, raw_file, located, staged)
    except RawInputError as error:
        return replace(absent, location=str(folder), problems=(str(error),))
    if table.is_restricted and found.problems:
        # The names of its columns may be the values of its first row: no view is to hold them.
        return replace(found, reader=None, file_readers={}, extra_columns=())
    return found


def _absence(folder: Path, table: SourceTable) -> tuple[str, ...]:
    if not table.is_required:
        return ()
    present = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    guess = get_close_matches(table.name, present, n=1)
    return (
        f"{folder} has no {table.name}.parquet, {table.name}.csv, {table.name}.csv.gz or "
        f"folder {table.name}/, and {table.name} is required"
        + (f" (perhaps it is {guess[0]})" if guess else ""),
    )


def _inspect_raw_file(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    table: SourceTable,
    raw_file: RawFile,
    located: InputTable,
    staged: frozenset[tuple[str, str]] | None,
) -> InputTable:
    shown = _shown(raw_file.location)
    empty = [path for path in raw_file.files if path.stat().st_size == 0]
    if empty:
        names = ", ".join(str(path.relative_to(folder)) for path in empty)
        return replace(located, problems=(f"{names} is empty (0 bytes)",))
    try:
        if raw_file.format == "csv":
            csv_files = [_read_header(folder, path, table) for path in raw_file.files]
            reader = _csv_reader(csv_files)
        else:
            csv_files = []
            reader = _parquet_reader(connection, raw_file.files, table)
        types = {
            name: duckdb_type
            for name, duckdb_type in _column_types(connection, reader).items()
            if name not in ORDER_COLUMNS
        }
        is_empty = connection.execute(f"select 1 from {reader} limit 1").fetchone() is None
    except RawInputError as error:
        return replace(located, problems=(str(error),))
    except duckdb.Error as error:
        format_name = {"csv": "CSV", "parquet": "Parquet"}[raw_file.format]
        problem = f"{shown} cannot be read as {format_name}{_reason(error, table)}"
        return replace(located, problems=(problem,))
    inspected = _judged(table, replace(located, is_present=True), shown, types, is_empty=is_empty)
    versions = _versions(raw_file.files, types)
    inspected = replace(
        inspected,
        reader=reader,
        versions=versions,
        file_readers={str(csv_file.path): _csv_reader([csv_file]) for csv_file in csv_files},
    )
    if staged is not None:
        changed = {file for file, version in versions if (file, version) not in staged}
        to_scan = [csv_file for csv_file in csv_files if str(csv_file.path) in changed]
        found = _scan_csv(connection, folder, to_scan, shown, table) if to_scan else ()
        inspected = replace(inspected, problems=inspected.problems + found)
    return inspected


def _inspect_schema(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[SourceTable], existing: set[str]
) -> list[InputTable]:
    return [_inspect_relation(connection, table, table.name in existing) for table in tables]


def _inspect_relation(
    connection: duckdb.DuckDBPyConnection, table: SourceTable, is_present: bool
) -> InputTable:
    shown = f"raw.{table.name}"
    if not is_present:
        problem = f"the schema raw has no table {table.name}, and it is required"
        return InputTable(table.name, problems=(problem,) if table.is_required else ())
    relation = _qualified(table.name)
    try:
        types = _column_types(connection, relation)
        is_empty = connection.execute(f"select 1 from {relation} limit 1").fetchone() is None
    except duckdb.Error as error:
        problem = f"{shown} cannot be read{_reason(error, table)}"
        return InputTable(table.name, location=shown, problems=(problem,))
    found = InputTable(table.name, is_present=True, location=shown)
    return _judged(table, found, shown, types, is_empty=is_empty)


def _reason(error: Exception, table: SourceTable) -> str:
    """What DuckDB says is wrong, unless it might quote what must not be said."""
    return "" if table.is_restricted else f": {str(error).splitlines()[0]}"


def _versions(files: Sequence[Path], types: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Size and time of change of each file, and the types that all of them are read as."""
    schema = hashlib.sha256(repr(sorted(types.items())).encode()).hexdigest()[:12]
    stats = [(path, path.stat()) for path in files]
    return tuple((str(path), f"{stat.st_size} {stat.st_mtime_ns} {schema}") for path, stat in stats)


def _staged_versions(connection: duckdb.DuckDBPyConnection) -> frozenset[tuple[str, str]]:
    """The files, each in its version, that staging has read in full."""
    try:
        rows = connection.execute(
            "select source_file, version from main.staged_raw_files"
        ).fetchall()
    except duckdb.CatalogException:
        return frozenset()
    # What follows size, time and types tells who was left out, and nothing of the file.
    return frozenset((file, " ".join(version.split(" ")[:3])) for file, version in rows)


def _judged(
    table: SourceTable, found: InputTable, shown: str, types: Mapping[str, str], *, is_empty: bool
) -> InputTable:
    """Compare the columns of a readable table with the contract."""
    expected = {column.name for column in table.columns}
    extra = tuple(name for name in types if name not in expected)
    missing = [column for column in table.columns if column.name not in types]
    lacking = [column.name for column in missing if column.is_required]
    given = None if table.is_restricted else types
    problems = [_missing(shown, lacking, given, extra)] if lacking else []
    problems += [
        f'{shown}: column "{column.name}" is {types[column.name]}; '
        f"a {column.data_type.upper()} is expected"
        for column in table.columns
        if column.name in types
        and _kind(types[column.name]) not in _ACCEPTED_KINDS[column.data_type] | {"null"}
    ]
    if table.is_required and is_empty:
        problems.append(f"{shown} has no rows")
    return replace(
        found,
        extra_columns=extra,
        missing_optional_columns=tuple(column.name for column in missing if not column.is_required),
        problems=tuple(problems),
    )


def _missing(
    shown: str, columns: Sequence[str], types: Mapping[str, str] | None, extra: Sequence[str]
) -> str:
    """Say which columns are missing, and which are there instead where these may be told."""
    if types is None:
        lacking = ", ".join(f'no column "{column}"' for column in columns)
        return f"{shown} has {lacking}; its first line must hold the names of the columns"
    folded = {name.casefold(): name for name in extra}
    described = []
    for column in columns:
        guess = get_close_matches(column.casefold(), folded, n=1)
        hint = f' (perhaps it is "{folded[guess[0]]}")' if guess else ""
        described.append(f'no column "{column}"{hint}')
    return f"{shown} has {', '.join(described)}; its columns are {', '.join(types)}"


def _kind(duckdb_type: str) -> str:
    if duckdb_type.endswith("]"):
        return "nested"
    base = duckdb_type.partition("(")[0]
    return "timestamp" if base.startswith("TIMESTAMP") else _KIND_OF_TYPE.get(base, "other")


def _shadowed(found: InputTable) -> InputTable:
    problem = (
        f"RAW_DATA is set, but the schema raw of the warehouse has a table {found.name} "
        "of its own; drop it or leave RAW_DATA empty"
    )
    return replace(found, reader=None, problems=(*found.problems, problem))


def _parquet_reader(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], table: SourceTable
) -> str:
    reader = (
        f"read_parquet({_path_list(files)}, union_by_name = true, hive_partitioning = true, "
        "hive_types_autocast = false)"
    )
    given = list(_column_types(connection, reader))
    renamed = {
        old: new
        for old, new in zip(given, _contract_names(given, table), strict=True)
        if old != new
    }
    pairs = ", ".join(f"{_identifier(old)} as {_identifier(new)}" for old, new in renamed.items())
    columns = f"* rename ({pairs})" if pairs else "*"
    return _in_order(columns, "file_row_number", reader)


def _csv_reader(csv_files: Sequence[_CsvFile]) -> str:
    """Read every value as text; short rows are filled with NULL, and nothing is sniffed."""
    groups: dict[tuple[str, tuple[str, ...]], list[Path]] = {}
    for csv_file in csv_files:
        groups.setdefault((csv_file.delimiter, csv_file.columns), []).append(csv_file.path)
    readers = [
        f"read_csv({_path_list(paths)}, auto_detect = false, header = true, "
        f"delim = {_literal(delimiter)}, quote = '\"', escape = '\"', comment = '', "
        "null_padding = true, parallel = false, strict_mode = false, "
        "hive_partitioning = true, hive_types_autocast = false, "
        f"columns = {{{', '.join(_varchar(name) for name in columns)}}})"
        for (delimiter, columns), paths in groups.items()
    ]
    ordered = [_in_order("*", "row_number() over ()", reader) for reader in readers]
    if len(ordered) == 1:
        return ordered[0]
    return f"({' union all by name '.join(f'select * from {reader}' for reader in ordered)})"


def _in_order(columns: str, row: str, reader: str) -> str:
    """Add where a row stands, so that staging can tell the first of two conflicting rows."""
    file_column, row_column = ORDER_COLUMNS
    return f"(select {columns}, filename as {file_column}, {row} as {row_column} from {reader})"


def _read_header(folder: Path, path: Path, table: SourceTable) -> _CsvFile:
    shown = path.relative_to(folder)
    expected = {column.name.casefold() for column in table.columns}
    headers = {}
    for delimiter in _DELIMITERS:
        try:
            with _open_csv(path) as stream:
                header = next(csv.reader(stream, delimiter=delimiter), [])
        except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
            raise RawInputError(f"{shown} cannot be read as CSV: {_csv_trouble(error)}") from error
        headers[delimiter] = [name.strip() for name in header]
    delimiter = max(
        _DELIMITERS,
        key=lambda candidate: (
            sum(name.casefold() in expected for name in headers[candidate]),
            len(headers[candidate]),
        ),
    )
    header = headers[delimiter]
    if not any(header):
        raise RawInputError(f"{shown}: the first line is blank; it must hold the column names")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        column = "a column" if table.is_restricted else f'the column "{twice[0]}"'
        raise RawInputError(f"{shown} has {column} twice")
    return _CsvFile(path, delimiter, tuple(_contract_names(header, table)))


def _contract_names(given: Sequence[str], table: SourceTable) -> list[str]:
    """Spell the given names as the contract does, and make all of them distinct to DuckDB."""
    exact = {column.name for column in table.columns} & set(given)
    free = {
        column.name.casefold(): column.name for column in table.columns if column.name not in exact
    }
    taken = {name.casefold() for name in exact}
    names = []
    for position, name in enumerate(given, start=1):
        if name not in exact:
            name = free.pop(name.casefold(), name or f"column_{position}")
            stem, copy = name, 1
            while name.casefold() in taken:
                copy += 1
                name = f"{stem}_{copy}"
            taken.add(name.casefold())
        names.append(name)
    return names


def _scan_csv(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    csv_files: Sequence[_CsvFile],
    shown: str,
    table: SourceTable,
) -> tuple[str, ...]:
    """Read whole CSV files and compare their rows with what DuckDB makes of them."""
    reader = _csv_reader(csv_files)
    try:
        written = sum(_count_rows(folder, csv_file) for csv_file in csv_files)
        counted = connection.execute(f"select count(*) from {reader}").fetchone()
    except RawInputError as error:
        return (str(error),)
    except duckdb.Error as error:
        return (f"{shown} cannot be read as CSV{_reason(error, table)}",)
    read = counted[0] if counted else 0
    if read != written:
        return (f"{shown} has {written} rows, but {read} can be read; look for stray quotes",)
    return ()


def _count_rows(folder: Path, csv_file: _CsvFile) -> int:
    """Count the rows below the header; blank lines are none."""
    shown = csv_file.path.relative_to(folder)
    width = len(csv_file.columns)
    count, line = -1, 1
    with _open_csv(csv_file.path) as stream:
        reader = csv.reader(stream, delimiter=csv_file.delimiter, strict=True)
        try:
            for row in reader:
                if any(row[width:]):
                    raise RawInputError(
                        f"{shown}: line {line} has {len(row)} values, the header has {width}"
                    )
                count += bool(row)
                line = reader.line_num + 1
        except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
            raise RawInputError(
                f"{shown} cannot be read from line {line} on: {_csv_trouble(error)}"
            ) from error
    return count


def _open_csv(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _csv_trouble(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    if isinstance(error, csv.Error):
        return f"a quote is not closed or not doubled ({error})"
    return str(error)


def _column_types(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    described = connection.execute(f"describe select * from {relation}").fetchall()
    return {row[0]: row[1] for row in described}


def _existing_relations(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[SourceTable]
) -> set[str]:
    """Names of the expected tables that are in the schema raw and are not our own views."""
    rows = connection.execute(
        "select table_name from duckdb_tables() "
        "where database_name = current_database() and schema_name = 'raw' "
        "union all select view_name from duckdb_views() "
        "where database_name = current_database() and schema_name = 'raw' "
        "and comment is distinct from ?",
        [_OUR_VIEW],
    ).fetchall()
    return {name for (name,) in rows} & {table.name for table in tables}


def _our_views(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        "select view_name from duckdb_views() "
        "where database_name = current_database() and schema_name = 'raw' and comment = ?",
        [_OUR_VIEW],
    ).fetchall()
    return {name for (name,) in rows}


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("begin")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _path_list(paths: Sequence[Path]) -> str:
    return f"[{', '.join(_literal(escape(str(path))) for path in paths)}]"


def _qualified(table: str) -> str:
    return f"raw.{_identifier(table)}"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _varchar(name: str) -> str:
    return f"{_literal(name)}: 'VARCHAR'"


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
