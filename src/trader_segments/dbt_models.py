"""What the dbt Python models share: reading the registry and their own earlier rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pandas as pd


def registered_features(groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The feature registry `vars.trader_features` as one list of columns, each with its group."""
    return [{**column, "group": group["group"]} for group in groups for column in group["columns"]]


def earlier_rows(session: duckdb.DuckDBPyConnection, relation: object) -> pd.DataFrame:
    """What the last run left in a table; no rows and no columns on the first run.

    Parameters
    ----------
    session : connection that dbt hands to a Python model
    relation : `dbt.this`, or a name from `sibling`
    """
    try:
        rows: pd.DataFrame = session.sql(f"select * from {relation}").df()
    except duckdb.CatalogException:
        return pd.DataFrame()
    return rows


def sibling(this: Any, name: str) -> str:
    """Name of another model's table in the schema of `dbt.this`, quoted as dbt quotes.

    For what the last run left in a model that depends on this one, which `dbt.ref` cannot reach.
    """
    schema, _, quote = str(this).rpartition(this.identifier)
    return f"{schema}{name}{quote}"
