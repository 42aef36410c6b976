"""Lifetime value of traders: fit, forecast, and judge by what came.

A trader's value to come is what an active week of theirs is worth times the active weeks to expect:
BG/BB on weeks (`activity`), empirical Bayes on the value of an active week (`worth`), bounds from
the spread of both and of the market (`forecast`, `regime`). `backtest` judges a forecast made
before the last weeks by those weeks. Tables go in and out; docs/value.md explains.
"""

from trader_segments.lifetime_value.backtest import measure_forecast
from trader_segments.lifetime_value.forecast import forecast_traders
from trader_segments.lifetime_value.model import ValueModel, fit_models

__all__ = ["ValueModel", "fit_models", "forecast_traders", "measure_forecast"]
