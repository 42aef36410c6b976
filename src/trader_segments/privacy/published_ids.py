"""Marts as they are published where `hash_trader_ids` is on: keyed hashes in place of ids.

This is the one place where ids are hashed. Models, tests, history and the restricted database keep
the venue's ids; what leaves does not have them. The table that leads back stays with the personal
data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import duckdb
import pyarrow as pa

from trader_segments.privacy.ids import HashKey

MAPPING = "hashed_ids"
"""Table of the restricted database that leads from `published_id` back to `venue_id`."""
_ID_COLUMN = re.compile(r"(^|_)(trader|account)_id$")
_RECOGNISABLE = 6
"""Ids this long are looked for in other columns too; "1" stands in many texts by chance."""

Treatment = Literal["hash", "leave_out"]


@dataclass(frozen=True)
class IdHashing:
    """How ids are hashed in a publish.

    Attributes
    ----------
    key
        The key of the hashes.
    marks
        What YAML says of columns whose names do not show that they hold ids (meta `when_hashed`),
        by mart and column.
    """

    key: HashKey
    marks: Mapping[str, Mapping[str, Treatment]]

    def treatments(self, mart: str, columns: Iterable[str]) -> dict[str, Treatment]:
        """What becomes of the columns of a mart that may tell who a trader is."""
        named: dict[str, Treatment] = {column: "hash" for column in columns if names_id(column)}
        return named | dict(self.marks.get(mart, {}))

    def hashed(self, mart: str, columns: Iterable[str]) -> list[str]:
        """The columns of a mart that are hashed."""
        treatments = self.treatments(mart, columns)
        return [column for column, treatment in treatments.items() if treatment == "hash"]

    def kept(self, mart: str, key: Iterable[str]) -> list[str]:
        """The columns of a key; none where one of them is left out, without which it is no key."""
        columns = list(key)
        treatments = self.treatments(mart, columns)
        return [] if any(treatments.get(name) == "leave_out" for name in columns) else columns

    def select(self, mart: str, columns: Sequence[str], relation: str, mapping: str) -> str:
        """SQL of the mart as it is published, for DuckDB and Spark.

        Parameters
        ----------
        mapping
            Relation with every id of the mart; see `mapping`.
        """
        treatments = self.treatments(mart, columns)
        selected, joins = [], []
        for position, column in enumerate(columns):
            treatment = treatments.get(column)
            if treatment == "hash":
                selected.append(f"h{position}.published_id as {column}")
                joins.append(
                    f" left join {mapping} as h{position} on m.{column} = h{position}.venue_id"
                )
            elif treatment == "leave_out":
                selected.append(f"cast(null as varchar(1)) as {column}")
            else:
                selected.append(f"m.{column}")
        return f"select {', '.join(selected)} from {relation} as m{''.join(joins)}"

    def ids(self, mart: str, columns: Iterable[str], relation: str) -> str | None:
        """SQL of the ids in a mart and whether each is one of a trader or account; None without."""
        marked = self.marks.get(mart, {})
        selects = [
            f"select {column} as venue_id, {str(column not in marked).lower()} as is_person "
            f"from {relation} where {column} is not null"
            for column in self.hashed(mart, columns)
        ]
        return " union ".join(selects) or None

    def mapping(self, ids: Iterable[tuple[str, bool]]) -> pa.Table:
        """A row (`venue_id`, `published_id`, `is_person`) for each id.

        Parameters
        ----------
        ids
            Ids, any number of times, each with whether it is one of a trader or account.
        """
        is_person: dict[str, bool] = {}
        for venue_id, is_one in ids:
            is_person[venue_id] = is_one or is_person.get(venue_id, False)
        known = sorted(is_person)
        return pa.table(
            {
                "venue_id": pa.array(known, pa.string()),
                "published_id": pa.array(map(self.key.published, known), pa.string()),
                "is_person": pa.array([is_person[venue_id] for venue_id in known], pa.bool_()),
            }
        )


def names_id(column: str) -> bool:
    """Whether the name of a column says that it holds ids of traders or accounts."""
    return _ID_COLUMN.search(column) is not None


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    """Names of the columns of a relation."""
    return [row[0] for row in connection.execute(f"describe {relation}").fetchall()]


def leaks(connection: duckdb.DuckDBPyConnection, relation: str, mapping: str) -> list[str]:
    """Columns of a published mart in which an id of the venue still stands, whole or in a text."""
    texts = [
        name
        for name, data_type, *_ in connection.execute(f"describe {relation}").fetchall()
        if data_type == "VARCHAR"
    ]
    return [
        name
        for name in texts
        if connection.execute(
            f"""
            with words as (
                select distinct unnest(regexp_extract_all("{name}", '[A-Za-z0-9_-]+')) as word
                from (select distinct "{name}" from {relation})
                union
                select distinct "{name}" from {relation}
            )
            select 1 from words
            where word in (
                select venue_id from {mapping}
                where is_person and length(venue_id) >= {_RECOGNISABLE}
            )
            limit 1
            """
        ).fetchone()
    ]
