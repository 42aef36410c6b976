"""How near found styles are to planted ones, how sure the posterior is, and what disturbs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score, f1_score

from trader_segments.segmentation import SegmentationModel, fit, fitting, measure_quality, score
from trader_segments.segmentation.drift import Bins, alarm_threshold, population_stability
from trader_segments.segmentation.rules import ABSENT
from trader_segments.segmentation.table import FeatureTable, FloatArray
from trader_segments.segmentation.transforms import TRANSFORMS

RARE_SHARE = 0.01
"""Share of traders up to which a planted style counts as rare."""

CALIBRATION_BINS = 10
SURE = 0.99
JITTER = 0.5
"""Standard deviation of the logarithm that thresholds are moved by: typically x or / 1.65."""


def recovery(planted: pd.Series, found: pd.Series) -> dict[str, Any]:
    """Agreement of found styles with planted ones, both indexed alike.

    Returns
    -------
    `macro_f1` and `ari` over planted styles; `f1` of each, `rare` naming those of 1 % at most
    """
    truth, guess = planted.astype(str).to_numpy(), found.astype(str).to_numpy()
    styles = sorted(set(truth))
    scores = f1_score(truth, guess, labels=styles, average=None, zero_division=0.0)
    shares = pd.Series(truth).value_counts(normalize=True)
    return {
        "macro_f1": float(np.mean(scores)),
        "ari": float(adjusted_rand_score(truth, guess)),
        "f1": {style: float(value) for style, value in zip(styles, scores, strict=True)},
        "rare": [style for style in styles if shares[style] <= RARE_SHARE],
    }


def calibration(probability: FloatArray, is_right: np.ndarray) -> dict[str, Any]:
    """Expected calibration error over ten equal bins, and what lies behind it.

    Returns
    -------
    `ece`; `sure` and `sure_right`, traders at 0.99 or more and the share of them that is right;
    `bins`, [mean probability, share right, traders] of each bin with any
    """
    place = np.minimum((probability * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    bins = [
        [float(probability[place == b].mean()), float(is_right[place == b].mean()), int(n)]
        for b, n in enumerate(np.bincount(place, minlength=CALIBRATION_BINS))
        if n
    ]
    sure = probability >= SURE
    return {
        "ece": sum(abs(said - right) * n for said, right, n in bins) / max(len(probability), 1),
        "sure": int(sure.sum()),
        "sure_right": float(is_right[sure].mean()) if sure.any() else None,
        "bins": bins,
    }


def posterior_calibration(
    model: SegmentationModel, features: pd.DataFrame, planted: pd.Series
) -> dict[str, Any]:
    """Calibration of the largest posterior, of the traders that the discriminant decides."""
    posteriors = score(model, features).posteriors
    likeliest = posteriors.loc[posteriors.groupby("trader_id")["posterior"].idxmax()]
    table = FeatureTable.from_frame(features, model.feature_names)
    is_defined, _ = model.rules.definitions(table)
    learned = set(table.trader_id[~is_defined]) & set(planted.index)
    likeliest = likeliest[likeliest["trader_id"].isin(learned)]
    truth = planted.loc[likeliest["trader_id"]].to_numpy()
    return calibration(
        likeliest["posterior"].to_numpy(), likeliest["style"].to_numpy().astype(str) == truth
    )


def bootstrap_jaccard(model: SegmentationModel, features: pd.DataFrame) -> dict[str, float]:
    """The product's own `bootstrap_jaccard[style]`."""
    measures = measure_quality(model, features).set_index("measure")["value"]
    prefix = "bootstrap_jaccard["
    return {
        str(name)[len(prefix) : -1]: float(value)
        for name, value in measures.items()
        if str(name).startswith(prefix)
    }


def jittered(
    rules: pd.DataFrame, specs: Sequence[Mapping[str, Any]], rng: np.random.Generator
) -> pd.DataFrame:
    """Rules with every threshold moved at random, log-sd 0.5, on its feature's own scale.

    Amounts are multiplied, shares move in odds, signed ratios in Fisher's z. Definitions and
    quantiles stay: they are no judgement of an amount.
    """
    transforms = rules["feature"].map({spec["name"]: spec["transform"] for spec in specs})
    factor = np.exp(JITTER * rng.standard_normal(len(rules)))
    given = rules["threshold"].astype(float).to_numpy()
    moved = given * factor
    is_share = (transforms == "logit").to_numpy() & (given >= 0.0) & (given <= 1.0)
    share = np.where(is_share, given, 0.5)
    moved = np.where(is_share, share * factor / (1.0 - share + share * factor), moved)
    is_ratio = (transforms == "fisher_z").to_numpy() & (np.abs(given) < 1.0)
    ratio = np.where(is_ratio, given, 0.0)
    moved = np.where(is_ratio, np.tanh(np.arctanh(ratio) * factor), moved)
    stays = (
        (rules["threshold_kind"] == "quantile")
        | rules["is_definition"].astype(bool)
        | (rules["operator"] == ABSENT)
    )
    return rules.assign(threshold=np.where(stays, given, moved))


def jitter_losses(
    features: pd.DataFrame,
    planted: pd.Series,
    specs: Sequence[Mapping[str, Any]],
    rules: pd.DataFrame,
    styles: pd.DataFrame,
    draws: int,
    seed: int,
) -> list[float]:
    """Macro-F1 that each of so many jitters costs.

    Micro-segments are not searched: no style depends on them, and nine tenths of the time do.
    """

    def macro_f1(given: pd.DataFrame) -> float:
        with patch.object(fitting, "SMALLEST_SEGMENT", len(features)):
            model = fit(features, specs, given, styles=styles)
        found = score(model, features).traders
        by_trader = found.set_index("trader_id")["style"]
        return float(recovery(planted, by_trader.loc[planted.index])["macro_f1"])

    whole = macro_f1(rules)
    return [
        whole - macro_f1(jittered(rules, specs, np.random.default_rng([seed, draw])))
        for draw in range(draws)
    ]


def transformed(features: pd.DataFrame, specs: Sequence[Mapping[str, Any]]) -> FloatArray:
    """Registered features on the scales of `feature_drift`, (n_features, n_traders)."""
    table = FeatureTable.from_frame(features, [str(spec["name"]) for spec in specs])
    return np.stack(
        [
            TRANSFORMS[spec["transform"]](
                table[str(spec["name"])], table[str(spec["count"])] if spec.get("count") else None
            )
            for spec in specs
        ]
    )


def drift_false_alarms(values: FloatArray, traders: int, runs: int, seed: int) -> float:
    """Share of runs without drift in which any feature is in alarm.

    Parameters
    ----------
    values : (n_features, n) of a population, from which both sides are drawn with replacement
    traders : on either side
    """
    rng = np.random.default_rng(seed)
    thresholds: dict[int, float] = {}
    alarms = 0
    for _ in range(runs):
        then, now = rng.integers(0, values.shape[1], (2, traders))
        alarms += any(
            _is_alarm(row[then], row[now], thresholds, tests=len(values)) for row in values
        )
    return alarms / runs


def drift_power(features: int, traders: int, runs: int, seed: int) -> float:
    """Share of runs in which a normal feature, one of so many, that moved by 0.5 sd is seen."""
    rng = np.random.default_rng(seed)
    thresholds: dict[int, float] = {}
    seen = [
        _is_alarm(
            rng.standard_normal(traders), rng.standard_normal(traders) + 0.5, thresholds, features
        )
        for _ in range(runs)
    ]
    return float(np.mean(seen))


def _is_alarm(then: FloatArray, now: FloatArray, thresholds: dict[int, float], tests: int) -> bool:
    bins = Bins.of(then)
    psi, used = population_stability(bins.counts(then), bins.counts(now))
    if used not in thresholds:
        thresholds[used] = alarm_threshold(len(then), len(now), used, tests)
    return psi > thresholds[used]
