"""Item-to-item weights from implicit feedback: who used what.

An item is a class of instruments or a feature of the venue. What a trader has used is a row of ones
and zeros, and the affinity to an item is the sum of the weights that lead to it from what was used.
So the weights, a small table, are all that scoring every trader needs, and SQL can do it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.linalg
from scipy import sparse
from threadpoolctl import threadpool_limits

from trader_segments.recommendation.ranking import Ranking, judge
from trader_segments.segmentation.table import FloatArray

PENALTIES = (200.0, 1000.0)
"""Traders that the prior of the regression, that no item says anything of another, weighs."""
RANKS = (0, 2, 4, 8)
"""Dimensions of the factorisation that joins the regression; 0 is none."""
NEIGHBOURS = 30
"""Items, at most, to which one item leads."""
_DIGITS = 9
_COLUMNS = ("item_id", "other_item_id", "weight")


@dataclass(frozen=True)
class UseMatrix:
    """Who had used what by the end of a day.

    Attributes
    ----------
    trader_ids : sorted ids of the `n` traders who had used anything
    item_ids : sorted ids of the `m` items that enough traders had used
    used : `(n, m)`, 1 where the trader had used the item
    """

    trader_ids: list[str]
    item_ids: list[str]
    used: sparse.csr_array

    @classmethod
    def until(cls, uses: pd.DataFrame, last_day: dt.date, least_traders: int) -> UseMatrix:
        """The uses that began by a day.

        Parameters
        ----------
        uses : a row per trader and item, with `trader_id`, `item_id`, `first_used_on`
        last_day : later first uses are left out
        least_traders : items of fewer traders are left out
        """
        known = uses[_days(uses) <= np.datetime64(last_day)]
        counts = known["item_id"].value_counts()
        item_ids = sorted(counts.index[counts >= least_traders])
        trader_ids = sorted(known["trader_id"].unique())
        return cls(trader_ids, item_ids, _ones(known, trader_ids, item_ids))

    def begun_after(
        self, uses: pd.DataFrame, last_day: dt.date, until: dt.date | None = None
    ) -> sparse.csr_array:
        """`(n, m)`, 1 where one of the traders first used one of the items after a day."""
        days = _days(uses)
        later = days > np.datetime64(last_day)
        if until is not None:
            later &= days <= np.datetime64(until)
        return _ones(uses[later], self.trader_ids, self.item_ids)


def _days(uses: pd.DataFrame) -> np.ndarray:
    return pd.to_datetime(uses["first_used_on"]).to_numpy().astype("datetime64[D]")


def _ones(uses: pd.DataFrame, trader_ids: list[str], item_ids: list[str]) -> sparse.csr_array:
    rows = pd.Index(trader_ids).get_indexer(pd.Index(uses["trader_id"]))
    columns = pd.Index(item_ids).get_indexer(pd.Index(uses["item_id"]))
    known = (rows >= 0) & (columns >= 0)
    place = (rows[known], columns[known])
    matrix = sparse.coo_array(
        (np.ones(int(known.sum())), place), shape=(len(trader_ids), len(item_ids))
    )
    return sparse.csr_array(matrix)


@dataclass(frozen=True)
class Affinity:
    """How affinity is made, and the weights, `(m, m)`: row the item used, column the item led to.

    Attributes
    ----------
    penalty : of the regression
    rank : of the factorisation, 0 where it has no part
    """

    penalty: float
    rank: int
    weights: FloatArray

    def scores(self, used: sparse.csr_array) -> FloatArray:
        """Affinity `(n, m)` of traders to all items, also those they use."""
        return np.asarray(used @ self.weights)


def fit(used: sparse.csr_array, penalty: float, rank: int) -> Affinity:
    """Weights of a linear autoencoder, averaged with a truncated SVD where `rank` asks for one.

    The item-to-item part is the ridge regression of each item on all others, in closed form
    B = I − P diag(P)⁻¹ with P = (XᵀX + λI)⁻¹ (Steck 2019, Embarrassingly shallow autoencoders for
    sparse data, equation 8). The factorisation X ≈ U S Vᵀ (Sarwar et al. 2000, with the fold-in
    of new rows x ↦ x V Vᵀ) needs V only, the first eigenvectors of XᵀX; in V Vᵀ their signs are
    of no matter. Weights below the strongest `NEIGHBOURS` of an item are 0, and all are rounded,
    so that a table carries them.

    Parameters
    ----------
    used : `(n, m)`, ones and zeros
    penalty : λ, above 0
    rank : dimensions of the factorisation, at most a quarter of the items

    Raises
    ------
    ValueError
        If the penalty is not above 0.
    """
    if penalty <= 0:
        raise ValueError(f"penalty {penalty} is not above 0")
    with threadpool_limits(1):
        together = np.asarray((used.T @ used).todense(), dtype=np.float64)
        m = len(together)
        inverse = scipy.linalg.inv(together + penalty * np.eye(m))
        weights = -inverse / np.diag(inverse)
        rank = min(rank, m // 4)
        if rank:
            _, vectors = scipy.linalg.eigh(together, subset_by_index=[m - rank, m - 1])
            weights = (weights + vectors @ vectors.T) / 2
    np.fill_diagonal(weights, 0)
    return Affinity(penalty, rank, np.round(_strongest(weights), _DIGITS))


def _strongest(weights: FloatArray) -> FloatArray:
    if len(weights) <= NEIGHBOURS:
        return weights
    order = np.argsort(-np.abs(weights), axis=1, kind="stable")[:, :NEIGHBOURS]
    kept = np.zeros_like(weights)
    np.put_along_axis(kept, order, np.take_along_axis(weights, order, axis=1), axis=1)
    return kept


def choose_affinity(
    uses: pd.DataFrame, last_day: dt.date, *, days: int, least_traders: int
) -> tuple[UseMatrix, Affinity] | None:
    """The weights as of a day, by the penalty and rank that served best in the days before it.

    Of each pair the weights are fitted on what was used `days` before, and judged by NDCG@5 on what
    was first used since. On a tie, or where nothing was, the first of `PENALTIES` and `RANKS`.

    Parameters
    ----------
    uses : a row per trader and item, with `trader_id`, `item_id`, `first_used_on`
    last_day : nothing later is looked at
    days : length of the period that judges
    least_traders : items of fewer traders are left out

    Returns
    -------
    What was used and the weights; None where fewer than two items are.
    """
    matrix = UseMatrix.until(uses, last_day, least_traders)
    if len(matrix.item_ids) < 2:
        return None
    earlier_day = last_day - dt.timedelta(days=days)
    earlier = UseMatrix.until(uses, earlier_day, least_traders)
    ranking = Ranking.of(earlier.used, earlier.begun_after(uses, earlier_day, last_day))
    best = (-1.0, PENALTIES[0], RANKS[0])
    if len(earlier.item_ids) > 1 and len(ranking.relevant):
        for penalty in PENALTIES:
            for rank in RANKS:
                found = judge(fit(earlier.used, penalty, rank).scores(ranking.used), ranking)
                value = round(float(found.ndcg.mean()), _DIGITS)
                if value > best[0]:
                    best = (value, penalty, rank)
    return matrix, fit(matrix.used, best[1], best[2])


def affinity_table(
    uses: pd.DataFrame, as_of_date: dt.date, *, days: int, least_traders: int
) -> pd.DataFrame:
    """Weights as rows: `item_id` that is used, `other_item_id` it leads to, `weight`, never 0.

    Parameters are those of :func:`choose_affinity`.
    """
    chosen = choose_affinity(uses, as_of_date, days=days, least_traders=least_traders)
    if chosen is None:
        types = dict(zip(_COLUMNS, ("str", "str", "float64"), strict=True))
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
    matrix, affinity = chosen
    rows, columns = np.nonzero(affinity.weights)
    item_ids = np.array(matrix.item_ids, dtype=object)
    values = (item_ids[rows], item_ids[columns], affinity.weights[rows, columns])
    return pd.DataFrame(dict(zip(_COLUMNS, values, strict=True)))
