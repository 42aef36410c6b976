"""Lists of items for traders, and how near the top what they went on to use stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from trader_segments.segmentation.table import BoolArray, FloatArray

LENGTH = 5
"""Items of a list that is judged."""


@dataclass(frozen=True)
class Ranking:
    """Traders (`n`) who came to use something new, and the items they could be shown.

    Attributes
    ----------
    used : `(n, m)` what they had used at the cut, which is not shown
    relevant : `(n, m)` what they first used after it
    """

    used: sparse.csr_array
    relevant: BoolArray

    @classmethod
    def of(cls, used: sparse.csr_array, begun: sparse.csr_array) -> Ranking:
        """Those of all traders who had used something, and something else later."""
        relevant = np.asarray(begun.todense()) > 0
        relevant &= np.asarray(used.todense()) == 0
        rows = np.flatnonzero(relevant.any(axis=1) & (used.sum(axis=1) > 0))
        return cls(used[rows], relevant[rows])


@dataclass(frozen=True)
class Judgement:
    """NDCG and hit, 1 or 0, of each trader's list `(n,)`."""

    ndcg: FloatArray
    hit: FloatArray


def judge(scores: FloatArray, ranking: Ranking, length: int = LENGTH) -> Judgement:
    """Rank the items that a trader has not used by score, and look what was used afterwards.

    NDCG divides Σ 1 / log2(1 + rank) over the hits among the first `length` by the same of a
    perfect list (Järvelin and Kekäläinen 2002). Equal scores keep the order of the items.

    Parameters
    ----------
    scores : `(n, m)`
    ranking : traders and items
    length : items shown
    """
    length = min(length, scores.shape[1])
    shown = np.where(np.asarray(ranking.used.todense()) > 0, -np.inf, scores)
    top = np.argsort(-shown, axis=1, kind="stable")[:, :length]
    hits = np.take_along_axis(ranking.relevant, top, axis=1)
    discounts: FloatArray = 1 / np.log2(np.arange(2, length + 2))
    best = np.concatenate([[np.nan], np.cumsum(discounts)])
    ideal = best[np.minimum(ranking.relevant.sum(axis=1), length)]
    gains = np.asarray((hits * discounts).sum(axis=1), dtype=np.float64)
    return Judgement(gains / ideal, np.asarray(hits.any(axis=1), dtype=np.float64))
