"""Whom it would pay to address: the Qini curve of a campaign (Radcliffe 2007).

Traders are ranked by the uplift that two regressions, one of each arm, foresee from the time before
(a T-learner; Kuenzel et al. 2019), each from the other four fifths of the traders. The curve says
what the treatment of the foremost share brought: Q = Y_treated - Y_control x N_treated / N_control,
of outcomes less what the time before explains, so that one large trader does not bend it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trader_segments.campaigns.uplift import LEAST_KNOWN, cuped
from trader_segments.segmentation.table import rounded

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

FOLDS = 5
SHARES = tuple(number / 10 for number in range(1, 11))
SAMPLE_TRADERS = 50_000
"""Traders of a campaign that are ranked at most, chosen by the hash of their id."""
_COVARIATES = 5
LEAST_TRADERS = 10 * (_COVARIATES + 1) * FOLDS // (FOLDS - 1)
"""Traders of an arm: ten for each coefficient, the rule of thumb for a regression."""
_PENALTY = 10.0
"""Of the ridge, in traders' worth of evidence that a covariate does not matter."""
_SHUFFLES = 200
_SEED = 20260101
_TAIL = 0.01
"""Outcomes beyond the outermost hundredths count as these do while the regressions are fitted."""

COLUMNS = [
    "targeted_share",
    "treated",
    "control",
    "net_revenue_uplift_usd",
    "random_uplift_usd",
    "random_low_usd",
    "random_high_usd",
    "qini_coefficient_usd",
]


def qini_curves(outcomes: pd.DataFrame) -> pd.DataFrame:
    """The curve of each campaign with enough traders, a row for each tenth of them.

    Parameters
    ----------
    outcomes
        `int_campaign_outcomes` in the order of campaign and trader; ``weeks_silent`` and
        ``weeks_known`` are NaN for who was not active before.

    Returns
    -------
    ``campaign_id``, ``targeted_share``, the traders of that share, ``net_revenue_uplift_usd`` (Q),
    what a random order gives (``random_uplift_usd``, with the bounds of 95 % of such orders), and
    ``qini_coefficient_usd``: the mean distance of the curve from the straight line, per treated
    trader.
    """
    curves = []
    observed = outcomes[outcomes["is_observed"]]
    for campaign, traders in observed.groupby("campaign_id", sort=True):
        known = traders[traders["outcome_usd"].notna()]
        if len(known) < LEAST_KNOWN * len(traders):
            continue
        chosen = known.iloc[_shuffled(known["trader_id"])[:SAMPLE_TRADERS]]
        is_treated = chosen["arm"].to_numpy() == "treatment"
        if min(is_treated.sum(), (~is_treated).sum()) < LEAST_TRADERS:
            continue
        outcome = chosen["outcome_usd"].to_numpy(dtype=np.float64)
        foreseen = foreseen_uplift(_covariates(chosen), outcome, is_treated)
        adjusted = cuped(outcome, chosen["earlier_usd"].to_numpy(dtype=np.float64))
        curve = qini_curve(adjusted, is_treated, foreseen)
        curves.append(curve.assign(campaign_id=str(campaign)))
    if not curves:
        empty = {"campaign_id": pd.Series(dtype="str")}
        return pd.DataFrame(empty | {name: pd.Series(dtype="float64") for name in COLUMNS})
    return pd.concat(curves, ignore_index=True)


def foreseen_uplift(
    covariates: FloatArray, outcome: FloatArray, is_treated: BoolArray
) -> FloatArray:
    """Uplift of each trader as the others' outcomes tell it, shape ``(n_traders,)``.

    Parameters
    ----------
    covariates
        Shape ``(n_traders, n_covariates)``, in an order that has nothing to do with the outcome:
        a trader's fold is the position within the arm.
    """
    spread = covariates.std(axis=0)
    scaled = (covariates - covariates.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    capped = np.clip(outcome, *np.quantile(outcome, [_TAIL, 1 - _TAIL]))
    fold = np.empty(len(outcome), dtype=np.int64)
    for arm in (is_treated, ~is_treated):
        fold[arm] = np.arange(arm.sum()) % FOLDS
    foreseen = np.empty(len(outcome))
    for number in range(FOLDS):
        is_out = fold == number
        expected = [
            _ridge(scaled[arm & ~is_out], capped[arm & ~is_out], scaled[is_out])
            for arm in (is_treated, ~is_treated)
        ]
        foreseen[is_out] = expected[0] - expected[1]
    return foreseen


def qini_curve(outcome: FloatArray, is_treated: BoolArray, score: FloatArray) -> pd.DataFrame:
    """Incremental outcome of the foremost shares by a score, beside that of random orders.

    Parameters
    ----------
    outcome, is_treated, score
        Shape ``(n_traders,)``; ties of the score stay in the order given.

    Returns
    -------
    Columns `COLUMNS`, a row a share; NaN where a share has nobody of the control.
    """
    rng = np.random.default_rng(_SEED)
    sizes = np.round(np.array(SHARES) * len(outcome)).astype(np.int64)
    treated, control, curve = _curve(outcome, is_treated, np.argsort(-score, kind="stable"), sizes)
    shuffled = np.array(
        [
            _curve(outcome, is_treated, rng.permutation(len(outcome)), sizes)[2]
            for _ in range(_SHUFFLES)
        ]
    )
    random = curve[-1] * np.array(SHARES)
    with np.errstate(all="ignore"):
        low, high = np.nanquantile(shuffled, [0.025, 0.975], axis=0)
    coefficient = np.nanmean(curve - random) / is_treated.sum()
    frame = pd.DataFrame({"targeted_share": SHARES, "treated": treated, "control": control})
    figures = [curve, random, low, high, np.full(len(sizes), coefficient)]
    for name, values in zip(COLUMNS[3:], figures, strict=True):
        frame[name] = rounded(values)
    return frame


def _curve(
    outcome: FloatArray, is_treated: BoolArray, order: IntArray, sizes: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    treated = is_treated[order]
    values = outcome[order]
    n_treated = np.cumsum(treated, dtype=np.int64)[sizes - 1]
    n_control = sizes - n_treated
    of_treated = np.cumsum(np.where(treated, values, 0.0))[sizes - 1]
    of_control = np.cumsum(np.where(treated, 0.0, values))[sizes - 1]
    with np.errstate(all="ignore"):
        uplift = of_treated - of_control * n_treated / np.where(n_control > 0, n_control, np.nan)
    return n_treated, n_control, uplift


def _ridge(covariates: FloatArray, outcome: FloatArray, wanted: FloatArray) -> FloatArray:
    means, level = covariates.mean(axis=0), outcome.mean()
    centred = covariates - means
    scatter = centred.T @ centred + _PENALTY * np.eye(centred.shape[1])
    expected: FloatArray = level + (wanted - means) @ np.linalg.solve(
        scatter, centred.T @ (outcome - level)
    )
    return expected


def _covariates(traders: pd.DataFrame) -> FloatArray:
    """What was known before: value, its size on a scale of orders of magnitude, activity, silence
    and age in weeks; who was never active is silent for as long as anybody."""
    earlier = traders["earlier_usd"].to_numpy(dtype=np.float64)
    silent, known = (
        traders[name].to_numpy(dtype=np.float64) for name in ("weeks_silent", "weeks_known")
    )
    longest = np.nanmax(silent, initial=1.0)
    return np.column_stack(
        [
            earlier,
            np.arcsinh(earlier / 10),
            traders["earlier_active_weeks"].to_numpy(dtype=np.float64),
            np.log1p(np.nan_to_num(silent, nan=longest)),
            np.log1p(np.nan_to_num(known, nan=0.0)),
        ]
    )


def _shuffled(trader_id: pd.Series) -> IntArray:
    """Positions in the order of the hash of the id, which no order of rows can change."""
    texts = trader_id.astype(str).to_numpy(dtype=object)
    hashes = pd.util.hash_array(texts, categorize=False)
    return np.lexsort((texts.astype(str), hashes)).astype(np.int64)
