"""Churn: who will trade no more, how likely, why, and how far that can be trusted."""

from trader_segments.churn.versions import (
    SCORE_TYPES,
    champion,
    fit_versions,
    measure_rows,
    score,
)

__all__ = ["SCORE_TYPES", "champion", "fit_versions", "measure_rows", "score"]
