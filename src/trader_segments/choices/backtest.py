"""How well shares are predicted: expiries that were listed since, before and after."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm, spearmanr

from trader_segments.choices.shares import (
    ALL,
    CONFIDENCE,
    FloatArray,
    Offer,
    fitted_markets,
    segment_shares,
    taste_matrix,
)
from trader_segments.segmentation.table import rounded

_EXPIRY = ["cut_date", "underlying", "expires_at"]
_LEAST_EXPIRIES = 10
"""Below it a rank correlation tells nothing: of ten pairs one of 0.63 is significant at 5 %."""

_NUMBERS = ["traders", "choices", "new_choices", "share", "deviation", "popular_share"]
UNIT_COLUMNS = [*_EXPIRY, "segment_id", *_NUMBERS]
QUALITY_COLUMNS = [
    "segment_id",
    "expiries",
    "choices",
    "actual_share",
    "predicted_share",
    "popular_share",
    "predicted_error",
    "popular_error",
    "predicted_rank_correlation",
    "popular_rank_correlation",
    "covered_share",
    "model_error",
]


def choice_backtest(
    choice_sets: pd.DataFrame,
    part_worths: pd.DataFrame,
    trader_choices: pd.DataFrame,
    traders: pd.DataFrame,
    scales: pd.DataFrame,
    offers: pd.DataFrame,
    chosen: pd.DataFrame,
) -> pd.DataFrame:
    """Predicted and actual shares of new expiries, by segment.

    Of what is known after its `cut_date` a prediction reads what was offered and who chose how
    often, not what. Traders without a part-worth by then are left out of both.

    Parameters
    ----------
    choice_sets, part_worths, trader_choices, traders, scales, offers, chosen
        The models int_cut_choice_sets, int_cut_part_worths, int_cut_trader_choices,
        int_sampled_traders, int_attribute_scales, int_new_expiry_offers, int_new_expiry_choices.

    Returns
    -------
    pandas.DataFrame
        `UNIT_COLUMNS`, one row an expiry and segment and one of all segments: `segment_shares` of
        the expiry, `new_choices` of the choices that went to it, and `popular_share`, what it would
        have got if everybody chose as the market does.
    """
    unit = scales.to_numpy(dtype=np.float64)[0]
    tastes = part_worths.merge(traders, on="trader_id")
    markets = fitted_markets(choice_sets, tastes, trader_choices, unit)
    choosing = chosen.merge(tastes, on=["cut_date", "trader_id"])
    by_expiry = dict(list(choosing.groupby(_EXPIRY)))
    found = [pd.DataFrame(columns=UNIT_COLUMNS)]
    for key, rows in offers.groupby(_EXPIRY, sort=True):
        if key not in by_expiry or key[:2] not in markets:
            continue
        _, market = markets[key[:2]]
        offered = rows.sort_values(["instrument_class", "is_new"])
        offer, is_new = Offer.from_frame(offered), offered["is_new"].to_numpy(dtype=bool)
        takers = by_expiry[key].sort_values("trader_id")
        predicted = market.shares(offer, unit, taste_matrix(takers))[:, is_new].sum(axis=1)
        actual = (takers["new_choices"] / takers["choices"]).to_numpy(dtype=np.float64)
        units = segment_shares(predicted, takers)
        units["new_choices"] = segment_shares(actual, takers)["share"] * units["choices"]
        units["popular_share"] = market.popular_shares(offer, unit)[is_new].sum()
        found.append(units.merge(offered[_EXPIRY].head(1), how="cross")[UNIT_COLUMNS])
    filled = [units for units in found if len(units)] or found
    return pd.concat(filled, ignore_index=True).pipe(_rounded, _NUMBERS)


def model_error(units: pd.DataFrame, least_expected: float) -> float:
    """Standard deviation of the log odds of actual shares around predicted ones.

    By moments: of the squared errors what the counts (binomial) and the traders that were met
    explain is taken off. NaN where there is nothing to compare.

    Parameters
    ----------
    units
        Result of `choice_backtest`.
    least_expected
        As in `choice_quality`.
    """
    judged = _judged(units, least_expected)
    n, p, deviation, actual = _numbers(judged)
    slope = p * (1 - p)
    excess = (actual - p) ** 2 - slope / n - (slope * deviation) ** 2
    scale = float(n**2 @ slope**2)
    return float(np.sqrt(max(float(n**2 @ excess) / scale, 0.0))) if scale > 0 else np.nan


def choice_quality(units: pd.DataFrame, least_expected: float) -> pd.DataFrame:
    """How near predicted shares of new expiries come to actual ones, beside popularity alone.

    Parameters
    ----------
    units
        Result of `choice_backtest`.
    least_expected
        An expiry and segment are compared where at least so many choices of the expiry are expected
        by popularity: else the actual share is mostly 0, whatever was predicted.

    Returns
    -------
    pandas.DataFrame
        `QUALITY_COLUMNS`, one row a segment and one, `all`, of all segments' shares together.
        Errors are mean absolute errors, weighed by choices; `covered_share` is how often the actual
        share lay where the prediction, its errors and the chance of the count put it.
    """
    error = model_error(units, least_expected)
    judged = _judged(units, least_expected)
    named = [(str(name), part) for name, part in judged.groupby("segment_id", sort=True)]
    found = []
    for name, part in [(ALL, judged), *named]:
        n, p, deviation, actual = _numbers(part)
        popular = part["popular_share"].to_numpy(dtype=np.float64)
        slope = p * (1 - p)
        spread = np.sqrt(slope / n + slope**2 * (deviation**2 + np.nan_to_num(error) ** 2))
        covered = np.abs(actual - p) <= norm.ppf(0.5 + CONFIDENCE / 2) * spread
        found.append(
            (
                name,
                len(part.drop_duplicates(_EXPIRY)),
                n.sum(),
                *(_average(value, n) for value in (actual, p, popular)),
                *(_average(np.abs(value - actual), n) for value in (p, popular)),
                *(_rank_correlation(value, actual) for value in (p, popular)),
                _average(covered.astype(np.float64), np.ones_like(n)),
                error,
            )
        )
    return _rounded(pd.DataFrame(found, columns=QUALITY_COLUMNS), QUALITY_COLUMNS[2:])


def _judged(units: pd.DataFrame, least_expected: float) -> pd.DataFrame:
    expected = units["choices"].astype(np.float64) * units["popular_share"].astype(np.float64)
    return units[(expected >= least_expected) & (units["segment_id"] != ALL)]


def _numbers(units: pd.DataFrame) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Choices, predicted share, its deviation over traders and actual share, each `(n_units,)`."""
    names = ["choices", "share", "deviation", "new_choices"]
    n, p, deviation, new = (units[name].to_numpy(dtype=np.float64) for name in names)
    return n, p, np.nan_to_num(deviation), new / n


def _average(values: FloatArray, weight: FloatArray) -> float:
    return float(weight @ values / weight.sum()) if len(values) else np.nan


def _rank_correlation(left: FloatArray, right: FloatArray) -> float:
    if len(left) < _LEAST_EXPIRIES or np.ptp(left) == 0 or np.ptp(right) == 0:
        return np.nan
    return float(spearmanr(left, right)[0])


def _rounded(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    return table.assign(**{name: rounded(table[name].to_numpy(np.float64)) for name in columns})
