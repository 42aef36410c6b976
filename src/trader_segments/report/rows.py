"""Rows of a query as dataclasses."""

from typing import TypeVar

import duckdb

from trader_segments.report.formats import finite

Row = TypeVar("Row")


def rows(connection: duckdb.DuckDBPyConnection, row: type[Row], query: str) -> list[Row]:
    """Run a query whose columns are named like the fields of a dataclass.

    A number that is not finite becomes None.
    """
    result = connection.execute(query)
    names = [column[0] for column in result.description]
    return [
        row(
            **{
                name: finite(value) if isinstance(value, float) else value
                for name, value in zip(names, values, strict=True)
            }
        )
        for values in result.fetchall()
    ]


def columns_of(connection: duckdb.DuckDBPyConnection, mart: str) -> list[str]:
    """Columns of a mart in order; none where a release or a venue does not have it."""
    found = connection.execute(
        "select column_name from duckdb_columns()"
        " where schema_name = 'marts' and table_name = ? order by column_index",
        [mart],
    ).fetchall()
    return [name for (name,) in found]
