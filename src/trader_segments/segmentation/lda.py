"""Shrinkage linear discriminant analysis that tolerates inputs some styles never have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.covariance import ledoit_wolf

from trader_segments.segmentation.table import (
    BoolArray,
    FloatArray,
    IntArray,
    TextArray,
    rounded,
)

MIN_SEEDS = 3
"""Seeds below which a style has no covariance to speak of."""

MIN_COMPONENT_SEEDS = 10
"""Seeds from which a rule is a component of its style."""

PRIOR_EXPONENT = 0.5
"""Power of the seed counts that priors are proportional to.

Rules catch a different part of each style, so seed shares are no population shares. Equal priors
(0) would hand the border of every large style to the rare ones; seed shares (1) would drown a style
of one in a thousand. The square root lies half-way in log-odds.
"""

MIN_COVERAGE = 0.5
"""Share of a style's seeds that must have an input for it to count in that style."""

SMALLEST_EIGENVALUE = 1e-6


@dataclass(frozen=True)
class LinearDiscriminant:
    """An affine map from scaled inputs to unnormalised log posteriors.

    Attributes
    ----------
    labels : the class of each of the k components; a class may have several
    means : (k, n_inputs) component means on the reference scale
    coefficients, intercepts : (k, n_inputs) and (k,), already divided by `temperature`
    temperature : what log posteriors were divided by so that probabilities are calibrated
    """

    labels: tuple[str, ...]
    means: FloatArray
    coefficients: FloatArray
    intercepts: FloatArray
    temperature: float = 1.0

    def log_scores(self, inputs: FloatArray) -> FloatArray:
        """Log posteriors up to a constant per trader.

        Each trader's value is the same sum in the same order whatever the batch, which no matrix
        product guarantees.

        Parameters
        ----------
        inputs : (n_inputs, n_traders)

        Returns
        -------
        (k, n_traders)
        """
        return affine(self.coefficients, self.intercepts, inputs)

    @property
    def classes(self) -> tuple[str, ...]:
        """The distinct labels, in the order of their first component."""
        return tuple(dict.fromkeys(self.labels))

    @property
    def owner(self) -> IntArray:
        """Position in `classes` of each component's label, (k,)."""
        return np.array([self.classes.index(label) for label in self.labels], dtype=np.int64)

    def posteriors(self, inputs: FloatArray) -> FloatArray:
        """Softmax of `log_scores` summed over each class, shape (n_classes, n_traders)."""
        return self.class_posteriors(self.log_scores(inputs))

    def class_posteriors(self, scores: FloatArray) -> FloatArray:
        """Softmax of given (k, n_traders) scores summed over each class."""
        weights = np.exp(scores - scores.max(axis=0))
        result = np.zeros((len(self.classes), scores.shape[1]))
        for row, owner in enumerate(self.owner):
            result[owner] += weights[row]
        return np.asarray(result / weights.sum(axis=0))

    def positions(self, styles: TextArray) -> IntArray:
        """Position of each style in `classes`, -1 for one that is not among them."""
        row = {style: row for row, style in enumerate(self.classes)}
        return np.array([row.get(style, -1) for style in styles], dtype=np.int64)

    def tempered(self, temperature: float) -> LinearDiscriminant:
        """The same discriminant with its log posteriors divided by a temperature."""
        return replace(
            self,
            coefficients=rounded(self.coefficients / temperature),
            intercepts=rounded(self.intercepts / temperature),
            temperature=self.temperature * temperature,
        )

    def assign(self, inputs: FloatArray) -> TextArray:
        """The most probable class of each trader, (n_traders,)."""
        best = self.posteriors(inputs).argmax(axis=0)
        return np.asarray(np.array(self.classes, dtype=object)[best])


def affine(matrix: FloatArray, offset: FloatArray, inputs: FloatArray) -> FloatArray:
    """matrix @ inputs + offset, added up in the order of the inputs for every trader alike."""
    result = np.repeat(offset[:, None], inputs.shape[1], axis=1)
    for row, weights in enumerate(matrix):
        for column, weight in enumerate(weights):
            if weight != 0.0:
                result[row] += weight * inputs[column]
    return result


def shrunk_covariance(rows: FloatArray) -> FloatArray:
    """Ledoit-Wolf (2004) covariance of (n, p) rows, shrunk on the scale of unit variances."""
    scale = rows.std(axis=0)
    scale[scale == 0.0] = 1.0
    covariance, _ = ledoit_wolf((rows - rows.mean(axis=0)) / scale)
    return np.asarray(scale[:, None] * covariance * scale[None, :])


def class_moments(
    inputs: FloatArray, observed: BoolArray, members: Sequence[IntArray], weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Class means and the weighted within-class covariance.

    An input that fewer than half of a class's traders have (options of a trader of perpetuals) is
    neutral in that class: its mean is the reference median, 0, and the class says nothing about its
    spread, so that imputed values do not make a rare input look precise.

    Parameters
    ----------
    inputs, observed : (n_inputs, n_traders)
    members : trader positions of each of the k classes
    weights : (k,) class weights in the pooled covariance

    Returns
    -------
    means : (k, n_inputs)
    covariance : (n_inputs, n_inputs), positive definite
    """
    p = len(inputs)
    means = np.zeros((len(members), p))
    pooled, seen = np.zeros((p, p)), np.zeros((p, p))
    for row, positions in enumerate(members):
        values, known = inputs[:, positions].T, observed[:, positions].T
        counts = known.sum(axis=0)
        usable = counts >= MIN_COVERAGE * len(positions)
        mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(counts, 1)
        means[row] = np.where(usable, mean, 0.0)
        covariance = shrunk_covariance(np.where(known, values, mean))
        both = np.outer(usable, usable)
        pooled += weights[row] * np.where(both, covariance, 0.0)
        seen += weights[row] * both
    covariance = np.divide(pooled, seen, out=np.zeros_like(pooled), where=seen > 0)
    return means, _positive_definite(covariance)


def fit_lda(
    inputs: FloatArray,
    observed: BoolArray,
    members: Sequence[IntArray],
    labels: Sequence[str],
    priors: FloatArray,
) -> LinearDiscriminant:
    """Fit on labelled traders; equal to scikit-learn's `lsqr` solver with automatic shrinkage.

    Parameters
    ----------
    inputs, observed : (n_inputs, n_traders)
    members : trader positions of each class
    labels, priors : label and prior probability of each class; priors also weight the covariance
    """
    means, covariance = class_moments(inputs, observed, members, priors)
    coefficients = np.linalg.lstsq(covariance, means.T, rcond=None)[0].T
    intercepts = -0.5 * np.sum(means * coefficients, axis=1) + np.log(priors)
    return LinearDiscriminant(
        tuple(labels), rounded(means), rounded(coefficients), rounded(intercepts)
    )


def fit_styles(
    inputs: FloatArray,
    observed: BoolArray,
    seeds: IntArray,
    styles: TextArray,
    evidence: TextArray,
    counts: Mapping[str, float] | None = None,
) -> LinearDiscriminant | None:
    """Fit a discriminant on seeds, with one component for each rule that finds enough of them.

    A style may be reached in several ways (a hedger buys puts, or is short futures); one mean in
    between would be nobody's. So every style is a mixture of its rules with the common covariance
    (mixture discriminant analysis: Hastie and Tibshirani, JRSS B 58, 1996). Rules with few seeds
    join the style's largest component.

    Parameters
    ----------
    inputs, observed : (n_inputs, n_traders)
    seeds : positions of the labelled traders; `styles` and `evidence` their style and rule
    counts : seeds per style before sampling, by default those given

    Returns
    -------
    the discriminant, or None where fewer than two styles have `MIN_SEEDS`
    """
    labels: list[str] = []
    members: list[IntArray] = []
    weights: list[float] = []
    for style in sorted(set(styles)):
        of_style = seeds[styles == style]
        if len(of_style) < MIN_SEEDS:
            continue
        total = (len(of_style) if counts is None else counts[style]) ** PRIOR_EXPONENT
        rules, sizes = np.unique(evidence[styles == style].astype(str), return_counts=True)
        largest = rules[sizes.argmax()]
        kept = set(rules[sizes >= MIN_COMPONENT_SEEDS]) | {largest}
        component = [rule if rule in kept else largest for rule in evidence[styles == style]]
        for rule in sorted(kept):
            rows = of_style[np.array(component) == rule]
            labels.append(style)
            members.append(rows)
            weights.append(total * len(rows) / len(of_style))
    if len(set(labels)) < 2:
        return None
    priors = np.array(weights) / np.sum(weights)
    return fit_lda(inputs, observed, members, labels, priors)


def whitening(covariance: FloatArray) -> FloatArray:
    """Lower triangular W with W C Wᵀ = I, so that |W (x − m)|² is the Mahalanobis distance."""
    lower = np.linalg.cholesky(covariance)
    return np.tril(np.linalg.inv(lower))


def _positive_definite(covariance: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(covariance)
    floor = SMALLEST_EIGENVALUE * max(float(values[-1]), SMALLEST_EIGENVALUE)
    if values[0] >= floor:
        return covariance
    return np.asarray((vectors * np.maximum(values, floor)) @ vectors.T)
