"""Customers with the same history are one row with a weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from trader_segments.value.errors import NotIdentifiedError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """Distinct rows of some columns, sorted by the first column, then the second, and so on.

    Attributes
    ----------
    columns : (n_columns, n_cells)
    weights : (n_cells,) sum of the weights of the rows in each cell
    index : (n_rows,) the cell of each row
    """

    columns: FloatArray
    weights: FloatArray
    index: IntArray

    @property
    def total(self) -> float:
        """Sum of all weights."""
        return float(self.weights.sum())

    def thinned(self, most: int) -> Cells:
        """About `most` of the cells, evenly through their order; `index` is that of the cells."""
        step = -(-len(self.weights) // most)
        return Cells(self.columns[:, ::step], self.weights[::step], np.arange(0))


def numbers(values: ArrayLike, name: str) -> FloatArray:
    """A one-dimensional float64 array.

    Raises
    ------
    ValueError
        If a value is missing, infinite, negative or no number; the message names the column.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension, not {array.ndim}")
    wrong = int(np.sum(~np.isfinite(array) | (array < 0.0)))
    if wrong:
        raise ValueError(f"{name}: {wrong} of {len(array)} values are missing or negative")
    return array


def compress(columns: list[FloatArray], weights: ArrayLike | None = None) -> Cells:
    """Group equal rows.

    Parameters
    ----------
    columns : (n_rows,) each
    weights : (n_rows,) how often each row counts, by default 1; 0 leaves a row out of sums

    Raises
    ------
    ValueError
        If lengths differ.
    """
    lengths = {len(column) for column in columns}
    heavy = None if weights is None else numbers(weights, "weights")
    if heavy is not None:
        lengths.add(len(heavy))
    if len(lengths) > 1:
        raise ValueError(f"columns differ in length: {sorted(lengths)}")
    key = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes, distinct = pd.factorize(column)
        key, _ = pd.factorize(key * len(distinct) + codes)
    cells = int(key.max(initial=-1)) + 1
    first = np.empty(cells, dtype=np.int64)
    first[key[::-1]] = np.arange(len(key))[::-1]
    values = np.array([column[first] for column in columns])
    order = np.lexsort(values[::-1])
    rank = np.empty(cells, dtype=np.int64)
    rank[order] = np.arange(cells)
    index = rank[key]
    return Cells(values[:, order], np.bincount(index, heavy, cells).astype(np.float64), index)


def histories(
    frequency: ArrayLike, recency: ArrayLike, duration: ArrayLike, weights: ArrayLike | None = None
) -> Cells:
    """Cells of (frequency, recency, duration).

    Parameters
    ----------
    frequency : (n,) repeat transactions, or active periods: whole numbers
    recency : (n,) time of the last of them, 0 where there is none
    duration : (n,) time observed, in the same unit

    Raises
    ------
    ValueError
        If a history cannot be; the message says which and how many.
    """
    x, last, observed = (
        numbers(values, name)
        for values, name in (
            (frequency, "frequency"),
            (recency, "recency"),
            (duration, "time observed"),
        )
    )
    if len({len(x), len(last), len(observed)}) == 1:
        impossible = {
            "frequency is no whole number": x != np.floor(x),
            "recency is later than the time observed": last > observed,
            "recency without any transaction": (x == 0.0) & (last > 0.0),
        }
        for what, rows in impossible.items():
            if rows.any():
                raise ValueError(f"{int(rows.sum())} of {len(x)} customers: {what}")
    return compress([x, last, observed], weights)


def needs_repeats(model: str, cells: Cells) -> Cells:
    """The cells that weigh anything.

    Raises
    ------
    NotIdentifiedError
        If there are none, only one, or none with a transaction.
    """
    kept = cells.weights > 0.0
    heavy = Cells(cells.columns[:, kept], cells.weights[kept], np.arange(0))
    if not kept.any():
        raise NotIdentifiedError(f"{model}: there are no customers")
    if not heavy.columns[0].any():
        raise NotIdentifiedError(
            f"{model}: no customer has a repeat transaction, so nothing is known of rates"
        )
    if kept.sum() == 1:
        raise NotIdentifiedError(
            f"{model}: all customers have the same history, so differences between them are unknown"
        )
    return heavy
