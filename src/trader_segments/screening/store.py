"""The sanctions lists in a home's restricted database, each one version at a time.

`trader-segments load-sanctions` is the only writer of the schema `sanctions` in
`build/restricted.duckdb`; dbt, which writes the customers' tables beside it, only reads it. DuckDB
admits one process at a time, so nothing is loaded while a build runs.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pandas as pd

from trader_segments.screening.lists import SanctionsList

SCHEMA = "sanctions"
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
        name varchar not null
    """,
    "wallets": """
        list_name varchar not null, entry_id varchar not null, asset varchar,
        address varchar not null
    """,
    "broken_lines": """
        list_name varchar not null, line_number bigint not null, reason varchar not null,
        content varchar not null
    """,
}


class StoreError(Exception):
    """The restricted database cannot be written; the text says why."""


def store_list(database: Path, loaded: SanctionsList, loaded_at: dt.datetime) -> str | None:
    """Replace the stored version of a list by another, in one transaction.

    Parameters
    ----------
    database
        `build/restricted.duckdb` of a home; made if it is not there.
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
    database.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = duckdb.connect(str(database))
    except duckdb.IOException as error:
        raise StoreError(
            f"{database} is open elsewhere, most likely by a build: try again when it has ended"
        ) from error
    with connection:
        connection.execute("begin")
        connection.execute(f"create schema if not exists {SCHEMA}")
        for table, columns in _TABLES.items():
            connection.execute(f"create table if not exists {SCHEMA}.{table} ({columns})")
        row = connection.execute(
            f"select list_version from {SCHEMA}.lists where list_name = ?", [loaded.list_name]
        ).fetchone()
        for table, rows in _rows(loaded, loaded_at).items():
            connection.execute(
                f"delete from {SCHEMA}.{table} where list_name = ?", [loaded.list_name]
            )
            if not rows.empty:
                connection.register("new_rows", rows)
                connection.execute(f"insert into {SCHEMA}.{table} by name select * from new_rows")
                connection.unregister("new_rows")
        connection.execute("commit")
    return row[0] if row else None


def list_names(loaded: SanctionsList) -> pd.DataFrame:
    """The names of a list as `screening.screen` takes them, a row each."""
    frames = _rows(loaded, dt.datetime.min)
    return frames["names"].merge(frames["entries"], on=["list_name", "entry_id"])


def list_wallets(loaded: SanctionsList) -> pd.DataFrame:
    """The addresses of a list as `screening.screen_wallets` takes them, a row each."""
    return _rows(loaded, dt.datetime.min)["wallets"]


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
                (entry.entry_id, number, text)
                for entry in loaded.entries
                for number, text in enumerate(entry.names)
            ],
            "entry_id name_number name",
        ),
        "wallets": frame(
            [
                (entry.entry_id, asset, address)
                for entry in loaded.entries
                for asset, address in entry.wallets
            ],
            "entry_id asset address",
        ),
        "broken_lines": frame(
            [(line.line, line.reason, line.content) for line in loaded.broken],
            "line_number reason content",
        ),
    }


def _joined(values: tuple[str, ...]) -> str | None:
    return "; ".join(values) or None
