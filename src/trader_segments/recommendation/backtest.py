"""Would the affinity have named what traders went on to use? Judged on a split in time."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from trader_segments.recommendation.affinity import choose_affinity
from trader_segments.recommendation.ranking import Ranking, judge

LEAST_GAIN = 0.15
"""NDCG@5 beyond that of popularity, relative to it, that the affinity has to reach."""
LEAST_TRADERS = 100
"""Traders below which the result is left to chance: the standard error of a mean NDCG is about
0.3 / √n, so that at 100 a gain of 15 % over 0.2 is as large as its error."""
_RANDOM_DRAWS = 20


def measure_affinity(
    uses: pd.DataFrame, as_of_date: dt.date, *, days: int, least_traders: int
) -> pd.DataFrame:
    """Judge the affinity as it would have been `days` before the as-of date by what came since.

    Parameters
    ----------
    uses : a row per trader and item, with `trader_id`, `item_id`, `first_used_on`
    as_of_date : last day that counts
    days : before it, the cut; what is fitted or chosen is from before the cut
    least_traders : items of fewer traders are left out

    Returns
    -------
    A row per measure: `measure`, `value`, `baseline`, `threshold`, `passed`. Popularity ranks items
    by the traders who had used them at the cut; random is the mean of 20 draws. `passed` is NULL
    where fewer than `LEAST_TRADERS` traders can be judged, values where none can.
    """
    cut = as_of_date - dt.timedelta(days=days)
    chosen = choose_affinity(uses, cut, days=days, least_traders=least_traders)
    ranking = None
    if chosen is not None:
        matrix, affinity = chosen
        ranking = Ranking.of(matrix.used, matrix.begun_after(uses, cut, as_of_date))
    if ranking is None or not len(ranking.relevant):
        return _table(0, {})
    shape = ranking.relevant.shape
    popularity = np.broadcast_to(np.asarray(matrix.used.sum(axis=0)), shape)
    ours = judge(affinity.scores(ranking.used), ranking)
    popular = judge(np.asarray(popularity, dtype=np.float64), ranking)
    generator = np.random.default_rng(0)
    draws = [judge(generator.random(shape), ranking) for _ in range(_RANDOM_DRAWS)]
    values: dict[str, tuple[float, float | None, float | None]] = {}
    for name in ("ndcg", "hit"):
        mine, theirs = (float(getattr(which, name).mean()) for which in (ours, popular))
        chance = float(np.mean([getattr(draw, name).mean() for draw in draws]))
        threshold = (1 + LEAST_GAIN) * theirs if name == "ndcg" else None
        measure = "ndcg_at_5" if name == "ndcg" else "hit_rate_at_5"
        values[measure] = (mine, theirs, threshold)
        values[f"{measure}_beside_random"] = (mine, chance, None)
    gains = (ours.ndcg - popular.ndcg) / max(float(popular.ndcg.mean()), 1e-9)
    error = 1.96 * float(gains.std()) / np.sqrt(len(gains))
    values["ndcg_gain_low"] = (float(gains.mean()) - error, None, None)
    values["ndcg_gain_high"] = (float(gains.mean()) + error, None, None)
    return _table(len(gains), values)


_MEASURES = (
    *("ndcg_at_5", "hit_rate_at_5", "ndcg_at_5_beside_random", "hit_rate_at_5_beside_random"),
    *("ndcg_gain_low", "ndcg_gain_high"),
)


def _table(
    traders: int, values: dict[str, tuple[float, float | None, float | None]]
) -> pd.DataFrame:
    rows = [
        (name, *(round(v, 9) if v is not None else None for v in values.get(name, (None,) * 3)))
        for name in _MEASURES
    ]
    rows.append(("traders_judged", float(traders), None, float(LEAST_TRADERS)))
    table = pd.DataFrame(rows, columns=["measure", "value", "baseline", "threshold"])
    table = table.astype(dict.fromkeys(("value", "baseline", "threshold"), "float64"))
    passed = (table["value"] >= table["threshold"]).astype("boolean")
    unknown = table["value"].isna() | table["threshold"].isna()
    if traders < LEAST_TRADERS:
        unknown |= table["measure"].ne("traders_judged")
    table["passed"] = passed.mask(unknown)
    return table
