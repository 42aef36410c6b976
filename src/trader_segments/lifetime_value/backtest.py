"""How good a forecast was: it is made before the last weeks and judged by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import rankdata, spearmanr

from trader_segments.lifetime_value.forecast import forecast_traders
from trader_segments.lifetime_value.histories import FloatArray, IntArray
from trader_segments.lifetime_value.model import ValueModel

RECENT_WEEKS: Final = 8
"""A trader active within these weeks before the cut counts as recently active."""

LEAST_TRADERS: Final = 20
"""Traders below which nothing is measured."""

NORMAL_90: Final = 1.2815515594457831
"""Standard deviations that 10 % of a normal distribution lie beyond."""

BASELINES: Final = ("run_rate", "last_8_weeks", "last_4_weeks", "rfm_quintiles")
MEASURES: Final = (
    *("spearman", "mae", "mae_gain", "decile_mape", "top_decile_mape", "total_bias"),
    *("coverage", "coverage_error", "total_in_band"),
)
POPULATIONS: Final = ("recently_active", "all")
NO_HOLDOUT: Final = "history is too short to keep weeks back"
TOO_FEW: Final = "too few traders"
NO_VALUE: Final = "no value in the weeks kept back"


def measure_forecast(
    models: pd.DataFrame, histories: pd.DataFrame, *, half_life: float = 26.0
) -> pd.DataFrame:
    """Judge the forecast of the cut that has weeks after it.

    Parameters
    ----------
    models : as `fit_models` returns them
    histories : of all cuts, with `future_value`, `past_value`, `last_4_weeks_value`,
        `last_8_weeks_value` and `fill_count`
    half_life : of the weights in `histories`, in weeks

    Returns
    -------
    `measure`, `population`, `value`, one column per baseline, `holdout_weeks`, `trader_count` and
    `why` (there is no value; else None). Each measure has a row for each population.
    """
    cuts = sorted(set(histories["holdout_weeks"].tolist()) - {0})
    if not cuts:
        return _table({}, None, {}, dict.fromkeys(POPULATIONS, NO_HOLDOUT))
    cut = int(cuts[0])
    known = histories[histories["holdout_weeks"] == cut].reset_index(drop=True)
    model = ValueModel.from_rows(models[models["holdout_weeks"] == cut])
    found = forecast_traders(model, known, [cut], half_life=half_life)
    columns = ["value", "low", "high"]
    judged = found[[f"{name}_{cut}" for name in columns]].set_axis(columns, axis=1)
    judged["actual"] = known["future_value"].to_numpy(np.float64)
    judged = judged.assign(**baselines(known, cut))
    is_recent = (known["periods"] - known["recency"]).to_numpy() < RECENT_WEEKS
    is_known = judged["value"].notna().to_numpy()
    measured, counts, reasons = {}, {}, {}
    for population, rows in zip(POPULATIONS, (is_recent & is_known, is_known), strict=True):
        part = judged[rows]
        counts[population] = len(part)
        if len(part) < LEAST_TRADERS:
            reasons[population] = TOO_FEW
        elif not part["actual"].any():
            reasons[population] = NO_VALUE
        else:
            measured[population] = judge(part, model.regime.band(cut, half_life))
    return _table(measured, cut, counts, reasons)


def baselines(known: pd.DataFrame, weeks: int) -> dict[str, FloatArray]:
    """Forecasts that anybody makes without a model, (n,) each: the value a week so far, of the last
    eight and the last four weeks, and the mean of the traders of the same RFM score (quintiles of
    recency, fills and value so far, added up)."""
    age = known["periods"].to_numpy(np.float64) + 1.0
    past = known["past_value"].fillna(0.0).to_numpy(np.float64)
    rate = past / age
    silence = (known["periods"] - known["recency"]).to_numpy(np.float64)
    fills = known["fill_count"].to_numpy(np.float64)
    score = sum(_parts(values, 5) for values in (-silence, fills, past))
    mean = pd.Series(rate).groupby(score).transform("mean").to_numpy(np.float64)
    eight, four = (known[f"last_{n}_weeks_value"].to_numpy(np.float64) / n for n in (8, 4))
    return {
        "run_rate": weeks * rate,
        "last_8_weeks": weeks * eight,
        "last_4_weeks": weeks * four,
        "rfm_quintiles": weeks * mean,
    }


def judge(traders: pd.DataFrame, regime: float) -> dict[str, dict[str, float]]:
    """Measures of the forecast `value` and of each baseline, by measure and method.

    Parameters
    ----------
    traders : `actual`, `value`, `low`, `high` and the baselines
    regime : standard deviation of the logarithm of the total that the market may bring
    """
    actual = traders["actual"].to_numpy(np.float64)
    methods = [name for name in ("value", *BASELINES) if name in traders.columns]
    each = {name: traders[name].to_numpy(np.float64) for name in methods}
    rules: dict[str, Callable[[FloatArray], float]] = {
        "spearman": lambda forecast: _spearman(forecast, actual),
        "mae": lambda forecast: relative_error(forecast, actual),
        "decile_mape": lambda forecast: float(decile_errors(forecast, actual).mean()),
        "top_decile_mape": lambda forecast: float(decile_errors(forecast, actual)[5:].mean()),
        "total_bias": lambda forecast: total_bias(forecast, actual),
    }
    result = {name: {m: rule(each[m]) for m in methods} for name, rule in rules.items()}
    mae = result["mae"]
    if mae.get("run_rate", 0.0) > 0.0:
        result["mae_gain"] = {"value": 1.0 - mae["value"] / mae["run_rate"]}
    low, high = (traders[name].to_numpy(np.float64) for name in ("low", "high"))
    covered = float(((actual >= low) & (actual <= high)).mean())
    result["coverage"] = {"value": covered}
    result["coverage_error"] = {"value": abs(covered - 0.8)}
    ends = np.sort(each["value"].sum() * np.exp([-NORMAL_90 * regime, NORMAL_90 * regime]))
    result["total_in_band"] = {"value": float(ends[0] <= actual.sum() <= ends[1])}
    return result


def relative_error(forecast: FloatArray, actual: FloatArray) -> float:
    """Mean absolute error over the mean absolute value."""
    return float(np.abs(forecast - actual).sum() / np.abs(actual).sum())


def total_bias(forecast: FloatArray, actual: FloatArray) -> float:
    """How much more was forecast than came, relative; NaN where nothing came together."""
    total = float(actual.sum())
    return (float(forecast.sum()) - total) / abs(total) if total else float("nan")


def decile_errors(forecast: FloatArray, actual: FloatArray) -> FloatArray:
    """Relative error of the sum of each tenth of the traders by forecast, lowest first, (10,)."""
    tenth = _parts(forecast, 10)
    said, came = (np.bincount(tenth, values, 10) for values in (forecast, actual))
    apart = np.abs(said - came)
    size = np.where(came == 0.0, 1.0, np.abs(came))
    return np.asarray(np.where(came == 0.0, apart > 0.0, apart / size), dtype=np.float64)


def _parts(values: FloatArray, parts: int) -> IntArray:
    """Which of so many equal parts of the ranking each value is in, lowest 0; ties stay together
    for measures that must not depend on the order of rows."""
    ranks = rankdata(values, method="average") - 0.5
    return np.minimum((ranks * parts / max(len(values), 1)).astype(np.int64), parts - 1)


def _spearman(forecast: FloatArray, actual: FloatArray) -> float:
    if np.ptp(forecast) == 0.0 or np.ptp(actual) == 0.0:
        return float("nan")
    return float(spearmanr(forecast, actual).statistic)


def _table(
    measured: dict[str, dict[str, dict[str, float]]],
    cut: int | None,
    counts: dict[str, int],
    reasons: dict[str, str],
) -> pd.DataFrame:
    rows = []
    for population in POPULATIONS:
        found = measured.get(population, {})
        for measure in MEASURES:
            methods = found.get(measure, {})
            rows.append(
                (
                    measure,
                    population,
                    methods.get("value"),
                    *(methods.get(name) for name in BASELINES),
                    cut,
                    counts.get(population),
                    reasons.get(population),
                )
            )
    columns = ["measure", "population", "value", *BASELINES, "holdout_weeks", "trader_count", "why"]
    frame = pd.DataFrame(rows, columns=columns)
    numbers = dict.fromkeys(("value", *BASELINES), "float64")
    texts = dict.fromkeys(("measure", "population", "why"), "str")
    return frame.astype(numbers | texts | {"holdout_weeks": "Int64", "trader_count": "Int64"})
