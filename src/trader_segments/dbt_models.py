"""What the dbt Python models share: the registry, earlier rows, the features they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from trader_segments.segmentation import SegmentationModel
from trader_segments.segmentation.table import FeatureTable, FloatArray

BATCH_ROWS = 50_000
"""Traders that are turned into Python at a time."""


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


def feature_batches(
    features: duckdb.DuckDBPyRelation, names: Sequence[str]
) -> Iterator[pd.DataFrame]:
    """`trader_id` and the named features as float64, some traders at a time.

    Parameters
    ----------
    features : `trader_features`
    names : features to read; those it lacks are left out
    """
    known = set(features.columns)
    columns = [f"cast({name} as double) as {name}" for name in names if name in known]
    yield from batches(features.project(", ".join(["trader_id", *columns])))


def batches(relation: duckdb.DuckDBPyRelation) -> Iterator[pd.DataFrame]:
    """The rows of a relation, some at a time."""
    for batch in relation.to_arrow_reader(BATCH_ROWS):
        yield batch.to_pandas()


def feature_frame(features: duckdb.DuckDBPyRelation, names: Sequence[str]) -> pd.DataFrame:
    """All traders with the named features, as :func:`feature_batches` but whole.

    Each column is held once and by itself: 8 bytes a trader and feature.
    """
    ids = []
    columns: dict[str, FloatArray] = {}
    n = int(features.aggregate("count(*)").fetchall()[0][0])
    start = 0
    for batch in feature_batches(features, names):
        ids.append(batch.pop("trader_id"))
        for name in batch.columns:
            column = columns.setdefault(str(name), np.empty(n))
            column[start : start + len(batch)] = batch[name]
        start += len(batch)
    if not ids:
        return pd.DataFrame({"trader_id": pd.Series(dtype="str")})
    trader_id = pd.concat(ids, ignore_index=True)
    return pd.DataFrame({"trader_id": trader_id, **columns}, copy=False)


def feature_sample(
    session: duckdb.DuckDBPyConnection,
    features: duckdb.DuckDBPyRelation,
    names: Sequence[str],
    rows: int,
    active_in: SegmentationModel | None = None,
) -> pd.DataFrame:
    """At most so many traders with the named features, chosen by the hash of their id.

    Parameters
    ----------
    session : connection that dbt hands to a Python model
    features : `trader_features`
    names : features to read; those it lacks are left out
    rows : traders at most
    active_in : choose only among the traders whose style this model's definitions leave open
    """
    rules = [] if active_in is None else [r for r in active_in.rules.rules if r.is_definition]
    looked_at = sorted({condition.feature for rule in rules for condition in rule.conditions})
    table = FeatureTable.from_frame(feature_frame(features, looked_at), looked_at)
    order = table.hash_order()
    if active_in is not None:
        is_decided, _ = active_in.rules.definitions(table)
        order = order[~is_decided[order]]
    chosen = table.trader_id.iloc[np.sort(order[:rows])].to_frame()
    return feature_frame(features.join(session.from_df(chosen), "trader_id", "semi"), names)


def sibling(this: Any, name: str) -> str:
    """Name of another model's table in the schema of `dbt.this`, quoted as dbt quotes.

    For what the last run left in a model that depends on this one, which `dbt.ref` cannot reach.
    """
    schema, _, quote = str(this).rpartition(this.identifier)
    return f"{schema}{name}{quote}"
