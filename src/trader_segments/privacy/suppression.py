"""The list of erased persons: keyed hashes of ids whose rows staging no longer gets to see.

The venue goes on handing over the rows of a person who was erased until it removes them itself. So
the raw tables are shown to a build without these rows, whichever file they stand in, and with NULL
where the row of somebody else names the person. The list is in the restricted database and holds
hashes alone; which id one stands for can be tested with the key, and not be read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import duckdb

from trader_segments.privacy.ids import HashKey, HashKeyError, read_key

TABLE = "suppressed_ids"
IS_SUPPRESSED = "trader_segments_is_suppressed"
"""The function of SQL that the plugin gives, since the key is in no SQL."""


@dataclass
class Suppression:
    """Who is left out of a build.

    Attributes
    ----------
    hashes
        Hashes of ids of traders and accounts.
    key
        Key of the hashes; None where there are none, or `problem` says why it cannot be had.
    problem
        Why nobody can be told from the list, in a sentence; a build must not go on then.
    """

    hashes: set[str] = field(default_factory=set)
    key: HashKey | None = None
    problem: str | None = None

    def __bool__(self) -> bool:
        return bool(self.hashes)

    def __contains__(self, venue_id: str) -> bool:
        return self.key is not None and self.key.suppressed(venue_id) in self.hashes

    @property
    def digest(self) -> str:
        """Tells this list from a longer one; empty for none."""
        listed = "".join(sorted(self.hashes)).encode()
        return hashlib.sha256(listed).hexdigest()[:12] if listed else ""


def read_suppression(connection: duckdb.DuckDBPyConnection, database: str) -> Suppression:
    """The list of an attached database, with the key of the environment where there is a list."""
    try:
        rows = connection.execute(
            f"select id_hash, key_fingerprint from {database}.main.{TABLE}"
        ).fetchall()
    except duckdb.CatalogException:
        return Suppression()
    if not rows:
        return Suppression()
    hashes = {id_hash for id_hash, _ in rows}
    try:
        key = read_key()
    except HashKeyError as error:
        problem = f"there are erased persons to leave out, and {error}"
        return Suppression(hashes, problem=problem)
    if {fingerprint for _, fingerprint in rows} != {key.fingerprint}:
        problem = (
            "there are erased persons to leave out, and their list was made with another key: "
            "set TRADER_SEGMENTS_HASH_KEY to that one"
        )
        return Suppression(hashes, problem=problem)
    return Suppression(hashes, key)


def suppress(
    connection: duckdb.DuckDBPyConnection, database: str, key: HashKey, venue_ids: Iterable[str]
) -> None:
    """Put ids on the list of an attached database, those that are not on it."""
    write(
        connection,
        database,
        [(key.suppressed(venue_id), key.fingerprint) for venue_id in venue_ids],
    )


def write(
    connection: duckdb.DuckDBPyConnection, database: str, rows: Iterable[tuple[str, str]]
) -> None:
    """Put hashes, each with the fingerprint of its key, on the list of an attached database."""
    connection.execute(
        f"create table if not exists {database}.main.{TABLE} "
        "(id_hash varchar, key_fingerprint varchar, suppressed_at timestamp)"
    )
    for id_hash, fingerprint in rows:
        connection.execute(
            f"insert into {database}.main.{TABLE} select ?, ?, current_timestamp::timestamp "
            f"where ? not in (select id_hash from {database}.main.{TABLE})",
            [id_hash, fingerprint, id_hash],
        )


def carry_over(build: Path, venue: str) -> None:
    """Take over the lists of the venue's databases that are set aside: its erased persons are the
    same, whichever of its exports is built."""
    rows: set[tuple[str, str]] = set()
    for restricted in sorted((build / "warehouses").glob(f"{venue}-????????/restricted.duckdb")):
        with duckdb.connect() as connection:
            connection.execute(f"attach '{restricted}' as shelved (read_only)")
            try:
                found = connection.execute(
                    f"select id_hash, key_fingerprint from shelved.main.{TABLE}"
                ).fetchall()
            except duckdb.CatalogException:
                found = []
            rows |= {(id_hash, fingerprint) for id_hash, fingerprint in found}
    if rows:
        with duckdb.connect() as connection:
            connection.execute(f"attach '{build / 'restricted.duckdb'}' as restricted")
            write(connection, "restricted", sorted(rows))


@dataclass(frozen=True)
class PersonColumns:
    """Columns of a raw table that tell of persons: whose row it is, and who else is named."""

    owners: tuple[str, ...]
    others: tuple[str, ...]

    @cached_property
    def all(self) -> tuple[str, ...]:
        return (*self.owners, *self.others)

    def without_suppressed(self, relation: str) -> str:
        """The relation without the rows of suppressed persons, and with NULL where other rows
        name them."""
        replaced = ", ".join(
            f"case when cast({_quoted(column)} as varchar) in {_suppressed(column, relation)} "
            f"then null else {_quoted(column)} end as {_quoted(column)}"
            for column in self.others
        )
        kept = " and ".join(
            f"({_quoted(column)} is null "
            f"or cast({_quoted(column)} as varchar) not in {_suppressed(column, relation)})"
            for column in self.owners
        )
        columns = f"* replace ({replaced})" if replaced else "*"
        return f"(select {columns} from {relation}{f' where {kept}' if kept else ''})"

    def remove_suppressed(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        """Take suppressed persons out of a table for good."""
        for column in self.owners:
            connection.execute(
                f"delete from {table} "
                f"where cast({_quoted(column)} as varchar) in {_suppressed(column, table)}"
            )
        for column in self.others:
            connection.execute(
                f"update {table} set {_quoted(column)} = null "
                f"where cast({_quoted(column)} as varchar) in {_suppressed(column, table)}"
            )


def new_accounts(relation: str) -> str:
    """SQL of the accounts in a raw table `accounts` that belong to suppressed traders alone and
    are not on the list themselves."""
    return f"""
        with owners as (
            select distinct cast(account_id as varchar) as account_id,
                cast(trader_id as varchar) as trader_id
            from {relation}
            where account_id is not null and trader_id is not null
        )
        select account_id
        from owners
        group by account_id
        having bool_and({IS_SUPPRESSED}(trader_id)) and not {IS_SUPPRESSED}(account_id)
        order by account_id
    """


def _suppressed(column: str, relation: str) -> str:
    """The suppressed values of a column: the function is asked once a value, not once a row."""
    return (
        f"(select suppressed.id from (select distinct cast({_quoted(column)} as varchar) as id "
        f"from {relation}) as suppressed where {IS_SUPPRESSED}(suppressed.id))"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
