"""Champion and challenger: what a new model would change, and whether it may take over."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from trader_segments.segmentation.lda import LinearDiscriminant
from trader_segments.segmentation.model import SegmentationModel
from trader_segments.segmentation.noise import confident_seeds
from trader_segments.segmentation.reference import ScaledInputs, scale_inputs
from trader_segments.segmentation.resampling import (
    Seeds,
    bootstrap_fits,
    held_out_fits,
    squared_errors,
)
from trader_segments.segmentation.scoring import score
from trader_segments.segmentation.table import BoolArray, FeatureTable, FloatArray, is_set, rounded

SAMPLE_ROWS = 20_000
REFITS = 20
"""Refits on resampled seeds that tell how many traders any refit moves."""

CLEAR_GAIN = 1.645
"""Standard errors by which a challenger must be better: chance does that once in 20 times."""


@dataclass(frozen=True)
class PromotionPolicy:
    """What a challenger must show before it takes over.

    Attributes
    ----------
    least_agreement : adjusted Rand index of its styles with the champion's
    most_moved : share of traders it may move beyond those that any refit moves
    change_probability : posterior from which a trader's style changes
    """

    least_agreement: float = 0.8
    most_moved: float = 0.02
    change_probability: float = 0.8


@dataclass(frozen=True)
class Comparison:
    """A challenger against the champion, on the active traders of one date.

    Attributes
    ----------
    holdout_brier_score : mean squared error of the challenger's posterior for clear cases, each by
        a refit that has not seen it
    champion_brier_score : the same of the champion, which was fitted on an earlier date
    brier_gain_error : standard error of the difference
    style_agreement : adjusted Rand index between the two styles of each trader
    moved_share : traders whose style would change at once
    refit_moved_share : the same when the challenger's own seeds are drawn again, mean of 20
    """

    holdout_brier_score: float
    champion_brier_score: float
    brier_gain_error: float
    style_agreement: float
    moved_share: float
    refit_moved_share: float

    def verdict(self, policy: PromotionPolicy) -> tuple[bool, str]:
        """Whether the challenger takes over, and why in words."""
        gain = self.champion_brier_score - self.holdout_brier_score
        scores = f"{self.holdout_brier_score:.4f} against {self.champion_brier_score:.4f}"
        if gain <= CLEAR_GAIN * self.brier_gain_error:
            return False, f"not promoted: its holdout Brier score is no better, {scores}"
        objections = []
        if self.style_agreement < policy.least_agreement:
            objections.append(
                f"its styles agree too little, {self.style_agreement:.2f} < "
                f"{policy.least_agreement:g}"
            )
        if self.moved_share > self.refit_moved_share + policy.most_moved:
            objections.append(
                f"it moves {self.moved_share:.1%} of the traders where any refit moves "
                f"{self.refit_moved_share:.1%}"
            )
        better = f"holdout Brier score {scores}"
        if objections:
            return False, f"waits for review: better ({better}), but {' and '.join(objections)}"
        return True, (
            f"promoted: {better}, styles agree {self.style_agreement:.2f}, "
            f"{self.moved_share:.1%} of the traders move"
        )

    def columns(self) -> dict[str, float]:
        """The figures by name."""
        return asdict(self)


def compare(
    challenger: SegmentationModel,
    champion: SegmentationModel,
    features: pd.DataFrame,
    change_probability: float,
) -> Comparison:
    """Compare two models that both have a discriminant, on at most 20,000 active traders.

    Labels are the challenger's rules of today. Traders are drawn by the hash of their id.

    Raises
    ------
    ValueError
        If one of them has learned no style.
    """
    if challenger.lda is None or champion.lda is None:
        raise ValueError("a model without a discriminant cannot be compared")
    names = [*challenger.feature_names, *champion.feature_names]
    table = FeatureTable.from_frame(features, names)
    sample = table.hash_order()[:SAMPLE_ROWS]
    is_decided, _ = challenger.rules.definitions(table.take(sample))
    rows = sample[~is_decided]
    active = table.take(rows)
    scaled = scale_inputs(active, challenger.inputs)
    label, _ = challenger.rules.seeds(active)
    clear = np.flatnonzero(is_set(label) & np.isin(label.astype(str), challenger.lda.classes))
    seeds = Seeds(scaled, clear, label[clear], challenger.rules.evidence(active, label)[clear])
    with threadpool_limits(1):
        teaches = confident_seeds(seeds)
        errors = _held_out_errors(seeds, teaches, challenger.lda.temperature)
        moved_by_chance = _moved_by_refits(
            seeds.take(teaches), challenger.lda, scaled, change_probability
        )
    posteriors = champion.lda.posteriors(
        scale_inputs(active.take(clear), champion.inputs).winsorised
    )
    champion_errors = squared_errors(posteriors, champion.lda.positions(seeds.styles))
    judged = ~np.isnan(errors)
    gains = (champion_errors - errors)[judged]

    before = score(champion, features.iloc[rows]).traders
    after = score(challenger, features.iloc[rows]).traders
    differs = before["style"] != after["style"]
    is_sure = after["style_probability"] >= change_probability
    measured = rounded(
        [
            _mean(errors[judged]),
            _mean(champion_errors[judged]),
            np.std(gains, ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else np.inf,
            adjusted_rand_score(before["style"], after["style"]) if len(rows) else 1.0,
            _mean((differs & is_sure).to_numpy().astype(np.float64)),
            moved_by_chance,
        ]
    )
    return Comparison(*measured.tolist())


def _held_out_errors(seeds: Seeds, teaches: BoolArray, temperature: float) -> FloatArray:
    """Squared error of each seed by the fold that has not seen it, NaN where there is none."""
    errors = np.full(len(seeds.rows), np.nan)
    for held_out, lda in held_out_fits(seeds, teaches):
        posteriors = lda.tempered(temperature).posteriors(seeds.inputs(held_out))
        errors[held_out] = squared_errors(posteriors, lda.positions(seeds.styles[held_out]))
    return errors


def _moved_by_refits(
    seeds: Seeds, lda: LinearDiscriminant, scaled: ScaledInputs, change_probability: float
) -> float:
    """Share of traders whose style a refit on resampled seeds changes, for sure; mean of 20."""
    assigned = lda.assign(scaled.winsorised)
    moved = []
    for refit in bootstrap_fits(seeds, REFITS):
        posteriors = refit.tempered(lda.temperature).posteriors(scaled.winsorised)
        is_sure = posteriors.max(axis=0) >= change_probability
        moved.append(float(np.mean((refit.assign(scaled.winsorised) != assigned) & is_sure)))
    return _mean(np.array(moved))


def _mean(values: FloatArray) -> float:
    return float(np.mean(values)) if len(values) else 0.0
