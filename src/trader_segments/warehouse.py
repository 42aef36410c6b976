"""Whose data a working database holds: one venue's, from one input, never a mix of two."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from trader_segments.object_storage import is_remote

DATABASES = ("warehouse.duckdb", "restricted.duckdb")
SCHEMA_RAW = "the schema raw"
_SMALL_BLOCKS = 100
"""Blocks of 256 KB that are never worth writing anew."""


@dataclass(frozen=True)
class Origin:
    """Where the rows of a working database come from.

    Attributes
    ----------
    venue
        Name in `vars.venues`.
    raw_data
        Absolute path of the input folder, links not followed, so that a link to the latest export
        stays one input; an address in object storage; or `SCHEMA_RAW` for tables in that schema.
    """

    venue: str
    raw_data: str

    @property
    def digest(self) -> str:
        """Short name of a folder for this origin."""
        return hashlib.sha256(f"{self.venue}\n{self.raw_data}".encode()).hexdigest()[:8]


def read_origin(connection: duckdb.DuckDBPyConnection) -> Origin | None:
    """The origin that a working database was last built from, None before the first build."""
    try:
        row = connection.execute("select venue, raw_data from raw.origin").fetchone()
    except duckdb.CatalogException:
        return None
    return Origin(*row) if row else None


def write_origin(connection: duckdb.DuckDBPyConnection, origin: Origin) -> None:
    """Note in a working database what it is built from."""
    connection.execute("create schema if not exists raw")
    connection.execute("create or replace table raw.origin (venue varchar, raw_data varchar)")
    connection.execute("insert into raw.origin values (?, ?)", [origin.venue, origin.raw_data])


def find_origin(
    connection: duckdb.DuckDBPyConnection | None, home: Path, venue: str, raw_data: str | None
) -> Origin:
    """Where the next build reads: RAW_DATA, else tables in the schema raw, else the sample venue.

    Parameters
    ----------
    connection
        An open working database, None where there is none yet.
    home
        Base folder of `build/`.
    raw_data
        RAW_DATA, relative to the working directory.
    """
    if is_remote(raw_data):
        return Origin(venue, str(raw_data))
    if raw_data:
        return Origin(venue, os.path.abspath(raw_data))  # noqa: PTH100 - resolve() follows links
    if (
        connection is not None
        and connection.execute(
            "select 1 from duckdb_tables() where schema_name = 'raw' and table_name = 'fills'"
        ).fetchall()
    ):
        return Origin(venue, SCHEMA_RAW)
    return Origin(venue, str(sample_folder(home)))


def sample_folder(home: Path) -> Path:
    """Raw tables of the sample venue."""
    return home.resolve() / "build" / "sample" / "raw"


def claim(connection: duckdb.DuckDBPyConnection, home: Path, wanted: Origin) -> str | None:
    """Take the working database for an origin, or say why it cannot be had.

    Another folder of the same venue is taken for its next export; another venue is not, nor real
    trades on top of the sample's.
    """
    present = read_origin(connection)
    sample = str(sample_folder(home))
    if present is not None and (
        present.venue != wanted.venue or (present.raw_data == sample) != (wanted.raw_data == sample)
    ):
        way_out = (
            "load the tables into a new database, under another TRADER_SEGMENTS_HOME"
            if wanted.raw_data == SCHEMA_RAW
            else "set TRADER_SEGMENTS_HOME to another folder, or run make build, which sets that "
            "database aside"
        )
        return (
            f"the working database holds {present.venue} from {present.raw_data}, and this is "
            f"{wanted.venue} from {wanted.raw_data}: {way_out}"
        )
    if present != wanted:
        write_origin(connection, wanted)
    return None


def set_aside(build: Path, wanted: Origin) -> str | None:
    """Make room for another input: move the databases of the present one aside, bring back its own.

    Segments, their history and the models belong to one venue's traders. A database of another
    origin is kept in `<build>/warehouses/<venue>-<digest>/`; one that was put there before for the
    wanted origin comes back.

    Parameters
    ----------
    build
        Folder of the working databases; nobody may have them open.

    Returns
    -------
    What was done, in a sentence; None if nothing had to be.
    """
    warehouse = build / DATABASES[0]
    present = None
    if warehouse.exists():
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            present = read_origin(connection)
        if present is None or present == wanted or wanted.raw_data == SCHEMA_RAW:
            return None
        shelf = build / "warehouses" / f"{present.venue}-{present.digest}"
        _move(build, shelf)
    kept = build / "warehouses" / f"{wanted.venue}-{wanted.digest}"
    is_back = kept.exists()
    if is_back:
        _move(kept, build)
        kept.rmdir()
    if present is None:
        return None
    return (
        f"The warehouse held {present.venue} from {present.raw_data}; it is kept in {shelf}, and "
        + (f"the one of {wanted.venue} is back in its place" if is_back else "a new one starts")
    )


def compact(path: Path, *, always: bool = False) -> bool:
    """Write a database file anew where more than a fifth of it are freed blocks; True if it was.

    DuckDB uses freed blocks again but gives few of them back, so that a file that was rewritten
    often is larger than its content.

    Parameters
    ----------
    path
        A database that nobody has open. Where somebody has, or the disk has no room for a second
        one beside it, it stays as it is.
    always
        Write it anew whatever it gains, so that nothing of freed blocks is left.
    """
    smaller = path.with_name(f"{path.name}.compact")
    smaller.unlink(missing_ok=True)
    if not path.exists() or shutil.disk_usage(path.parent).free < path.stat().st_size:
        return False
    try:
        with duckdb.connect() as connection:
            connection.execute(f"attach '{path}' as present")
            free, total = connection.execute(
                "select free_blocks, total_blocks from pragma_database_size() "
                "where database_name = 'present'"
            ).fetchall()[0]
            if not always and (total < _SMALL_BLOCKS or free * 5 <= total):
                return False
            connection.execute(f"attach '{smaller}' as smaller")
            connection.execute("copy from database present to smaller")
        smaller.chmod(path.stat().st_mode)
        smaller.replace(path)
    except duckdb.Error:
        smaller.unlink(missing_ok=True)
        return False
    return True


def _move(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in DATABASES:
        for path in (source / name, source / f"{name}.wal"):
            if path.exists():
                path.replace(target / path.name)
