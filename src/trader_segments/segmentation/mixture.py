"""Mixtures of Gaussians with one common covariance, whatever linear scale the rows come on."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans

from trader_segments.segmentation.table import FloatArray, IntArray

MOST_ITERATIONS = 50
TOLERANCE = 1e-4
"""Gain in mean log-likelihood below which EM stops."""

START_CERTAINTY = 0.9
SMALLEST_VARIANCE = 1e-6
RIDGE = 1e-3


def fit_mixture(
    rows: FloatArray, k: int, random_state: int, start: IntArray | None = None
) -> tuple[float, IntArray]:
    """Fit k Gaussians with one covariance by EM (McLachlan and Peel 2000, section 3.8).

    The likelihood does not depend on the inputs' scales and correlations, so a factor that all
    traders share cannot hide a split across it, as it does from k-means. EM starts from k-means on
    the rows, and on the k − 1 invariant coordinates of least and of most kurtosis, where groups of
    like and of unlike size come apart; the likeliest end counts.

    Parameters
    ----------
    rows : (n, p), with more rows than clusters
    start : clusters 0..k-1 known from before (n,), from which EM starts as well; other numbers of
        clusters are no help and are passed over

    Returns
    -------
    gain in mean log-likelihood over one Gaussian, and the likeliest component of each row (n,)
    """
    sphered = sphere(rows)
    coordinates = invariant_coordinates(sphered)
    spaces = (rows, coordinates[:, : k - 1], coordinates[:, 1 - k :])
    starts = [_k_means(space, k, random_state) for space in spaces]
    if start is not None and len(np.unique(start)) == k == start.max() + 1:
        starts.append(start)
    ends = [_em(sphered, labels, k) for labels in starts]
    gain, labels = max(ends, key=lambda end: end[0])
    return gain, labels


def sphere(rows: FloatArray) -> FloatArray:
    """Rows on uncorrelated scales of unit variance; directions without variance are dropped."""
    values, vectors = np.linalg.eigh(_covariance(rows))
    kept = values > SMALLEST_VARIANCE * values[-1]
    return np.asarray((rows - rows.mean(axis=0)) @ (vectors[:, kept] / np.sqrt(values[kept])))


def invariant_coordinates(sphered: FloatArray) -> FloatArray:
    """Sphered rows turned to their axes of kurtosis, from the lowest to the highest.

    The eigenvectors of the fourth-moment scatter span the discriminant directions of a mixture with
    one covariance, unknown as it is (Tyler, Critchley, Dümbgen and Oja, JRSS B 71, 2009).
    """
    weights = np.sum(sphered**2, axis=1, keepdims=True)
    _, vectors = np.linalg.eigh((weights * sphered).T @ sphered / len(sphered))
    return np.asarray(sphered @ vectors)


def elliptical_sample(rows: FloatArray, generator: np.random.Generator) -> FloatArray:
    """One population like the rows: their covariance and Mahalanobis radii, random directions.

    Keeping the radii keeps heavy tails, which a Gaussian null would take for clusters.
    """
    values, vectors = np.linalg.eigh(_covariance(rows))
    radii = np.sqrt(np.sum(sphere(rows) ** 2, axis=1))
    directions = generator.standard_normal(rows.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray((directions * generator.permutation(radii)[:, None]) @ root.T)


def _em(rows: FloatArray, start: IntArray, k: int) -> tuple[float, IntArray]:
    """EM on sphered rows (n, p). Their scatter is n times the identity, so the covariance within
    clusters is a multiple of it less a matrix of rank k, and what is inverted is (k, k)."""
    n, p = rows.shape
    columns = np.ascontiguousarray(rows.T)
    share = np.full((k, n), (1.0 - START_CERTAINTY) / k)
    share[start, np.arange(n)] += START_CERTAINTY
    total = 1.0 + RIDGE
    before = -np.inf
    for _ in range(MOST_ITERATIONS):
        weights = share.sum(axis=1) + 1e-9
        means = (share @ rows) / weights[:, None]
        between = means * np.sqrt(weights / n)[:, None]
        core = total * np.eye(k) - between @ between.T
        gained = np.linalg.solve(core, between)
        slopes = (means + (means @ between.T) @ gained) / total
        offsets = np.log(weights / n) - 0.5 * np.sum(means * slopes, axis=1)
        scores = slopes @ columns + offsets[:, None]
        top = scores.max(axis=0)
        share = np.exp(scores - top)
        totals = share.sum(axis=0)
        share /= totals
        trace = (p + np.sum(between * gained)) / total
        log_determinant = (p - k) * np.log(total) + np.linalg.slogdet(core)[1]
        likelihood = np.mean(top + np.log(totals)) - 0.5 * (trace + log_determinant)
        if likelihood - before < TOLERANCE:
            break
        before = likelihood
    return float(likelihood + 0.5 * p), np.asarray(share.argmax(axis=0), dtype=np.int64)


def _k_means(rows: FloatArray, k: int, random_state: int) -> IntArray:
    model = KMeans(n_clusters=k, n_init=1, random_state=random_state)
    return np.asarray(model.fit_predict(rows), dtype=np.int64)


def _covariance(rows: FloatArray) -> FloatArray:
    p = rows.shape[1]
    return np.asarray(np.cov(rows, rowvar=False, ddof=0)).reshape(p, p)
