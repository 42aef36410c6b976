"""The features of a venue's traders as float64 columns, checked once at the door."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
TextArray = NDArray[np.object_]
"""Python strings, None where there is none."""

SIGNIFICANT_DIGITS = 12


def rounded(values: ArrayLike) -> FloatArray:
    """Round to 12 significant digits, so that a number survives its JSON text bit for bit."""
    array = np.asarray(values, dtype=np.float64)
    texts = [float(f"{value:.{SIGNIFICANT_DIGITS}g}") for value in array.ravel().tolist()]
    return np.array(texts, dtype=np.float64).reshape(array.shape)


def is_set(texts: TextArray) -> BoolArray:
    """Where an array of texts holds one, same shape."""
    return np.fromiter((text is not None for text in texts), dtype=np.bool_, count=len(texts))


def to_float64(column: pd.Series, name: str) -> FloatArray:
    """Convert integers, floats, booleans or Decimals to float64; NULL becomes NaN.

    Raises
    ------
    ValueError
        If a value is no number, or infinite; the message names the column.
    """
    try:
        numeric = pd.to_numeric(column) if column.dtype == object else column
        is_plain = numeric.dtype == np.float64  # na_value copies, also where there is nothing to do
        values = (
            numeric.to_numpy() if is_plain else numeric.to_numpy(dtype=np.float64, na_value=np.nan)
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"feature {name} holds a value that is no number: {error}") from error
    if np.isinf(values).any():
        raise ValueError(f"feature {name} holds an infinite value")
    return np.ascontiguousarray(values)


@dataclass(frozen=True)
class FeatureTable:
    """One row per trader.

    Attributes
    ----------
    trader_id : Series of n_traders ids, unique, index 0..n-1
    columns : feature name to float64 array (n_traders,), NaN for unknown
    """

    trader_id: pd.Series
    columns: dict[str, FloatArray]

    @classmethod
    def from_frame(cls, features: pd.DataFrame, names: Iterable[str]) -> FeatureTable:
        """Read `names` from a frame with a `trader_id` column; names it lacks are left out.

        Raises
        ------
        ValueError
            If a `trader_id` is NULL or appears twice, or a column is no finite number.
        """
        trader_id = features["trader_id"].reset_index(drop=True)
        if trader_id.isna().any():
            raise ValueError("trader_id holds a NULL")
        repeated = trader_id[trader_id.duplicated()]
        if len(repeated):
            raise ValueError(f"trader_id {repeated.iloc[0]} appears more than once")
        wanted = [name for name in dict.fromkeys(names) if name in features.columns]
        return cls(trader_id, {name: to_float64(features[name], name) for name in wanted})

    def __len__(self) -> int:
        return len(self.trader_id)

    def __getitem__(self, name: str) -> FloatArray:
        """Values of a feature; all NaN where the venue has no such column."""
        return self.columns.get(name, np.full(len(self), np.nan))

    def has(self, name: str) -> bool:
        """Whether at least one trader has a value."""
        return name in self.columns and not bool(np.isnan(self.columns[name]).all())

    def take(self, rows: IntArray) -> FeatureTable:
        """The given rows, in the given order."""
        ids = self.trader_id.iloc[rows].reset_index(drop=True)
        return FeatureTable(ids, {name: column[rows] for name, column in self.columns.items()})

    def hash_order(self) -> IntArray:
        """Row numbers ordered by the hash of `trader_id`: a shuffle no row order can change."""
        texts = self.trader_id.astype(str).to_numpy(dtype=object)
        hashes = pd.util.hash_array(texts, categorize=False)
        order = np.argsort(hashes, kind="stable")
        ties = np.flatnonzero(np.diff(hashes[order]) == 0)
        if len(ties):
            order = np.lexsort((texts.astype(str), hashes))
        return order.astype(np.int64)
