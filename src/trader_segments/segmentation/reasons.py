"""Why a trader got its style, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trader_segments.segmentation.lda import LinearDiscriminant
from trader_segments.segmentation.reference import ScaledInputs
from trader_segments.segmentation.rules import Rule
from trader_segments.segmentation.table import FeatureTable, FloatArray, IntArray, TextArray

REASONS_PER_TRADER = 3
LEVEL_BOUNDS = (-2.0, -1.0, 1.0, 2.0)
LEVELS = np.array(
    ["far below others", "below others", "as usual", "above others", "far above others"],
    dtype=object,
)

LOW_VALUES: dict[str, tuple[float, str, str]] = {
    "end_of_day_net_share": (0.1, "ends days flat (net ", " of volume)"),
    "holding_days": (0.05, "holds nothing overnight (", ")"),
    "option_share": (0.001, "trades no options (", ")"),
}
"""Feature to a bound and the words around values at or below it."""


def lda_reasons(
    table: FeatureTable,
    scaled: ScaledInputs,
    lda: LinearDiscriminant,
    names: Sequence[str],
    best: IntArray,
    runner_up: IntArray,
) -> TextArray:
    """The largest contributions to the log-odds of the best style against the runner-up.

    Each of the two styles speaks through its component nearest to the trader. With
    a = S⁻¹(μ_b − μ_r) and m = (μ_b + μ_r) / 2 their log-odds are aᵀ(z − m) plus the log ratio of
    the priors, so a_j (z_j − m_j) is what feature j adds. Unknown values give no reason.

    Parameters
    ----------
    best, runner_up : positions in `lda.classes` of each trader's first and second style

    Returns
    -------
    object array (n_traders,) of texts, None where nothing speaks for the style
    """
    scores = lda.log_scores(scaled.winsorised)
    first, second = (
        np.where(lda.owner[:, None] == style, scores, -np.inf).argmax(axis=0)
        for style in (best, runner_up)
    )
    weights = (lda.coefficients[first] - lda.coefficients[second]).T
    middle = 0.5 * (lda.means[first] + lda.means[second]).T
    gain = weights * (scaled.winsorised - middle)
    gain[~scaled.observed] = -np.inf
    texts = np.full(len(table), "", dtype=object)
    traders = np.arange(len(table))
    for _ in range(min(REASONS_PER_TRADER, len(names))):
        top = gain.argmax(axis=0)
        speaks = gain[top, traders] > 0.0
        for feature in np.unique(top[speaks]):
            rows = np.flatnonzero(speaks & (top == feature))
            name = names[feature]
            words = describe(name, table[name][rows], scaled.raw[feature, rows])
            separator = np.where(texts[rows] == "", "", "; ").astype(object)
            texts[rows] = texts[rows] + separator + words
        gain[top, traders] = -np.inf
    texts[texts == ""] = None
    return texts


def rule_reasons(table: FeatureTable, rules: Sequence[Rule], style: TextArray) -> TextArray:
    """What the first matching rule of each trader's style saw; None where no rule matches."""
    texts = np.full(len(table), None, dtype=object)
    for rule in reversed(rules):
        rows = np.flatnonzero(rule.matches(table) & (style == rule.style))
        words = np.full(len(rows), f"rule {rule.rule_id}:", dtype=object)
        for name in dict.fromkeys(condition.feature for condition in rule.conditions):
            words = words + f" {label(name)} " + quantities(name, table[name][rows]) + ","
        texts[rows] = [text.rstrip(",") for text in words]
    return texts


def describe(name: str, values: FloatArray, distances: FloatArray) -> TextArray:
    """A phrase per trader such as `maker share 93 %, far above others`, shape (n,)."""
    shown = quantities(name, values)
    words = f"{label(name)} " + shown + ", " + LEVELS[np.digitize(distances, LEVEL_BOUNDS)]
    if name in LOW_VALUES:
        bound, before, after = LOW_VALUES[name]
        words = np.where(values <= bound, before + shown + after, words)
    return np.asarray(words, dtype=object)


def quantities(name: str, values: FloatArray) -> TextArray:
    """Values to two significant digits with the unit their name tells, shape (n,)."""
    step = 10.0 ** (np.floor(np.log10(np.maximum(np.abs(values), 1e-4))) - 1.0)
    # an engine's last digit must not tip what lies halfway between two
    steps = np.round(np.round(values / step, 9))
    distinct, inverse = np.unique(steps * step, return_inverse=True)
    texts = [_quantity(name, value) for value in distinct.tolist()]
    return np.array(texts, dtype=object)[inverse]


def label(name: str) -> str:
    """A feature's name as words, its unit left to the number."""
    return name.removesuffix("_usd").removesuffix("_bps").removesuffix("_days").replace("_", " ")


def headline(names: Sequence[str], distances: FloatArray) -> str:
    """The two features that set a group apart, e.g. `high option share, low median ticket`."""
    order = np.argsort(-np.abs(distances), kind="stable")[:2]
    return ", ".join(
        f"{'high' if distances[position] > 0 else 'low'} {label(names[position])}"
        for position in order
    )


def _quantity(name: str, value: float) -> str:
    if name.endswith(("_share", "_rate")):
        return f"{100.0 * value:.3g} %"
    text = f"{value:,.0f}" if abs(value) >= 100.0 else f"{value:.3g}"
    units = {"_usd": " USD", "_bps": " bps", "_days": " days"}
    return text + next((unit for end, unit in units.items() if name.endswith(end)), "")
