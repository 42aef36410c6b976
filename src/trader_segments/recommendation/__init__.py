"""Affinity of traders to instruments and features from what was used together, and its backtest."""

from trader_segments.recommendation.affinity import (
    Affinity,
    UseMatrix,
    affinity_table,
    choose_affinity,
)
from trader_segments.recommendation.backtest import measure_affinity
from trader_segments.recommendation.ranking import Ranking, judge

__all__ = [
    "Affinity",
    "Ranking",
    "UseMatrix",
    "affinity_table",
    "choose_affinity",
    "judge",
    "measure_affinity",
]
