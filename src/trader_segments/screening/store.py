"""The sanctions lists of a home, each one version at a time, in a database of their own.

`trader-segments load-sanctions` writes `build/sanctions.duckdb`, builds read it. It is no part of
the working databases: those belong to one input and are set aside with it, lists hold for all.
DuckDB admits one writer or many readers: who comes second is told to try again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from trader_segments.screening.lists import SanctionsList

DATABASE = "sanctions.duckdb"
"""File name in `build/`."""
_TABLES = {
    "lists": """
        list_name varchar primary key, list_format varchar not null, list_version varchar not null,
        listed_on date, loaded_at timestamp not null, records bigint not null,
        entries bigint not null, repeated_records bigint not null, broken_lines bigint not null
    """,
    "entries": """
        list_name varchar not null, entry_id varchar not null, entity_type varchar,
        birth_dates varchar, countries varchar, programs varchar, remarks varchar
    """,
    "names": """
        list_name varchar not null, entry_id varchar not null, name_number integer not null,
        name varchar not null, first_loaded_on date not null
    """,
    "wallets": """
        list_name varchar not null, entry_id varchar not null, asset varchar,
        address varchar not null, first_loaded_on date not null
    """,
    "broken_lines": """
        list_name varchar not null, line_number bigint not null, reason varchar not null,
        content varchar not null
    """,
}


_NO_LOAD = dt.datetime(1970, 1, 1)
_SINCE = {"names": "entry_id, name", "wallets": "entry_id, address"}
"""What stays the same from one version of a list to the next keeps the day of its first load."""


class StoreError(Exception):
    """The lists cannot be written or read; the text says why."""


@dataclass(frozen=True)
class Lists:
    """All lists that are loaded, as screening takes them.

    Attributes
    ----------
    version
        Digest of the names and versions of the lists.
    names
        As :func:`list_names` gives them.
    wallets
        As :func:`list_wallets` gives them.
    """

    version: str
    names: pd.DataFrame
    wallets: pd.DataFrame


def store_list(database: Path, loaded: SanctionsList, loaded_at: dt.datetime) -> str | None:
    """Replace the stored version of a list by another, in one transaction.

    Parameters
    ----------
    database
        `build/sanctions.duckdb` of a home; made if it is not there.
    loaded_at
        Time of the load, UTC, without a zone.

    Returns
    -------
    The version that was there before, None if none was.

    Raises
    ------
    StoreError
        If another process has the database open.
    """
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        connection = duckdb.connect(str(database))
    except duckdb.IOException as error:
        raise StoreError(
            f"{database} is open elsewhere, most likely by a build: try again when it has ended"
        ) from error
    with connection:
        connection.execute("begin")
        for table, columns in _TABLES.items():
            connection.execute(f"create table if not exists {table} ({columns})")
        before = connection.execute(
            "select list_version from lists where list_name = ?", [loaded.list_name]
        ).fetchall()
        for table, rows in _rows(loaded, loaded_at).items():
            connection.register("new_rows", rows)
            connection.execute("create or replace temp table draft as from new_rows")
            if table in _SINCE:
                connection.execute(
                    f"""
                    update draft set first_loaded_on = earlier.first_loaded_on
                    from (
                        select {_SINCE[table]}, min(first_loaded_on) as first_loaded_on
                        from {table} where list_name = ? group by all
                    ) as earlier
                    where ({_of("draft", table)}) = ({_of("earlier", table)})
                    """,
                    [loaded.list_name],
                )
            connection.execute(f"delete from {table} where list_name = ?", [loaded.list_name])
            connection.execute(f"insert into {table} by name select * from draft")
        connection.execute("commit")
    return before[0][0] if before else None


def read_lists(database: Path) -> Lists | None:
    """All lists in a database; None where none was ever loaded.

    Raises
    ------
    StoreError
        If a load is going on.
    """
    if not database.exists():
        return None
    try:
        connection = duckdb.connect(str(database), read_only=True)
    except duckdb.IOException as error:
        raise StoreError(f"{database} is being written: build again when it has ended") from error
    with connection:
        versions = connection.execute(
            "select list_name, list_version from lists order by list_name"
        ).fetchall()
        names = connection.execute(
            "select * from names inner join entries using (list_name, entry_id)"
        ).df()
        wallets = connection.execute("select * from wallets").df()
    return Lists(hashlib.sha256(repr(versions).encode()).hexdigest(), names, wallets)


def list_names(loaded: SanctionsList) -> pd.DataFrame:
    """The names of a list as `screening.screen` takes them, a row each."""
    frames = _rows(loaded, _NO_LOAD)
    return frames["names"].merge(frames["entries"], on=["list_name", "entry_id"])


def list_wallets(loaded: SanctionsList) -> pd.DataFrame:
    """The addresses of a list as `screening.screen_wallets` takes them, a row each."""
    return _rows(loaded, _NO_LOAD)["wallets"]


def _of(relation: str, table: str) -> str:
    return ", ".join(f"{relation}.{column}" for column in _SINCE[table].split(", "))


def _rows(loaded: SanctionsList, loaded_at: dt.datetime) -> dict[str, pd.DataFrame]:
    name = loaded.list_name

    def frame(rows: list[tuple[object, ...]], columns: str) -> pd.DataFrame:
        return pd.DataFrame(
            [(name, *row) for row in rows], columns=["list_name", *columns.split()], dtype=object
        )

    return {
        "lists": frame(
            [
                (
                    loaded.list_format,
                    loaded.list_version,
                    loaded.listed_on,
                    loaded_at,
                    loaded.records,
                    len(loaded.entries),
                    loaded.repeated,
                    len(loaded.broken),
                )
            ],
            "list_format list_version listed_on loaded_at records entries repeated_records "
            "broken_lines",
        ),
        "entries": frame(
            [
                (
                    entry.entry_id,
                    entry.entity_type,
                    _joined(entry.birth_dates),
                    _joined(entry.countries),
                    _joined(entry.programs),
                    entry.remarks,
                )
                for entry in loaded.entries
            ],
            "entry_id entity_type birth_dates countries programs remarks",
        ),
        "names": frame(
            [
                (entry.entry_id, number, text, loaded_at.date())
                for entry in loaded.entries
                for number, text in enumerate(entry.names)
            ],
            "entry_id name_number name first_loaded_on",
        ),
        "wallets": frame(
            [
                (entry.entry_id, asset, address, loaded_at.date())
                for entry in loaded.entries
                for asset, address in entry.wallets
            ],
            "entry_id asset address first_loaded_on",
        ),
        "broken_lines": frame(
            [(line.line, line.reason, line.content) for line in loaded.broken],
            "line_number reason content",
        ),
    }


def _joined(values: tuple[str, ...]) -> str | None:
    return "; ".join(values) or None
