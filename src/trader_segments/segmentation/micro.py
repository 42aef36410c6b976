"""Micro-segments: clusters inside a style, kept only where the structure is real and stable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import norm
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from trader_segments.segmentation.lda import LinearDiscriminant, fit_lda
from trader_segments.segmentation.table import BoolArray, FloatArray, IntArray

SMALLEST_SEGMENT = 50
SMALLEST_SHARE = 0.01
MOST_SEGMENTS = 5
STABLE_JACCARD = 0.75
"""Bootstrap Jaccard from which a cluster is valid (Hennig, fpc clusterboot)."""

CRITICAL_Z = 3.5
"""How many of the null's sds below its mean an index must lie (1 % over 11 styles × 4 k)."""

NULL_DRAWS = 30
BOOTSTRAPS = 20
TEST_ROWS = 1_000
SAME_CLUSTER_DISTANCE = 1.0
"""Distance per input (root mean square, reference scales) up to which a cluster is the old one."""


@dataclass(frozen=True)
class MicroSegments:
    """The micro-segments of one style.

    Attributes
    ----------
    style : the style they divide
    lda : map from scaled inputs to log scores; its labels are the micro-segment ids
    centroids : (k, n_inputs) in transformed units, which survive a new reference
    jaccard : (k,) mean bootstrap Jaccard similarity
    names : (k,) display names
    """

    style: str
    lda: LinearDiscriminant
    centroids: FloatArray
    jaccard: FloatArray
    names: tuple[str, ...]

    def assign(self, inputs: FloatArray) -> IntArray:
        """Position of each trader's micro-segment for (n_inputs, n_traders) scaled inputs."""
        return np.asarray(self.lda.log_scores(inputs).argmax(axis=0), dtype=np.int64)


def find_clusters(
    inputs: FloatArray, smallest: int, random_state: int
) -> tuple[IntArray, FloatArray] | None:
    """Split traders of one style, or find that they are one population.

    Inputs are brought to normal marginals by rank, so that skew, heavy tails and units cannot
    pass for clusters; only the way inputs go together can. A number of clusters k qualifies when
    (i) the within-cluster share of variance of k-means lies far below that of Gaussian samples
    with the same covariance (SigClust: Liu, Hayes, Nobel and Marron, JASA 103, 2008), (ii) every
    cluster is large enough and (iii) every cluster returns in bootstrap samples. Among those the
    lowest BIC of Gaussians with one covariance wins, provided it beats a single Gaussian.

    Parameters
    ----------
    inputs : (n_inputs, n_traders) in an order no caller chooses (by hash)
    smallest : fewest traders in a cluster

    Returns
    -------
    labels (n_traders,) in 0..k-1 and mean bootstrap Jaccard (k,), or None
    """
    rows = normal_scores(inputs)
    n = len(rows)
    if n < 2 * smallest or rows.shape[1] == 0:
        return None
    with threadpool_limits(1):
        return _best_clusters(rows, smallest, random_state)


def normal_scores(inputs: FloatArray) -> FloatArray:
    """Rank-based normal scores Φ⁻¹((r − 0.5) / n) of each input, shape (n_traders, n_inputs).

    Equal values are ranked in the order of the rows. An input of which most traders share one
    value is left out: it has no ranking.
    """
    n = inputs.shape[1]
    scores = []
    for values in inputs:
        _, counts = np.unique(values, return_counts=True)
        if n and counts.max() <= n / 2:
            ranks = np.empty(n)
            ranks[np.argsort(values, kind="stable")] = np.arange(n)
            scores.append(norm.ppf((ranks + 0.5) / n))
    return np.column_stack(scores) if scores else np.empty((n, 0))


def cluster_index_z(rows: FloatArray, k: int, random_state: int) -> float:
    """How far k-means' within-cluster share of variance lies from its Gaussian null, in sds."""
    values, vectors = np.linalg.eigh(np.cov(rows, rowvar=False).reshape(rows.shape[1], -1))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    generator = np.random.default_rng(random_state)
    null = [
        _cluster_index(generator.standard_normal(rows.shape) @ root.T, k, random_state)
        for _ in range(NULL_DRAWS)
    ]
    return float((_cluster_index(rows, k, random_state) - np.mean(null)) / np.std(null, ddof=1))


def classification_bic(rows: FloatArray, labels: IntArray) -> float:
    """BIC of Gaussians with one common covariance, each trader counted in its own cluster."""
    n, p = rows.shape
    sizes = np.bincount(labels).astype(np.float64)
    means = np.stack([rows[labels == label].mean(axis=0) for label in range(len(sizes))])
    residual = rows - means[labels]
    _, log_determinant = np.linalg.slogdet(residual.T @ residual / n + 1e-9 * np.eye(p))
    log_likelihood = np.sum(sizes * np.log(sizes / n)) - 0.5 * n * log_determinant
    parameters = len(sizes) - 1 + len(sizes) * p + p * (p + 1) / 2
    return float(parameters * np.log(n) - 2.0 * log_likelihood)


def bootstrap_jaccard(rows: FloatArray, labels: IntArray, k: int, random_state: int) -> FloatArray:
    """Mean best Jaccard similarity of each cluster with the clusters of bootstrap samples, (k,)."""
    generator = np.random.default_rng(random_state)
    similarity = np.zeros((BOOTSTRAPS, k))
    for draw in range(BOOTSTRAPS):
        sample = generator.integers(0, len(rows), len(rows))
        found = _k_means(rows[sample], k, random_state, n_init=2)
        similarity[draw] = best_jaccard(labels[sample], found, k)
    return np.asarray(similarity.mean(axis=0))


def best_jaccard(labels: IntArray, found: IntArray, k: int) -> FloatArray:
    """For each label 0..k-1 the largest Jaccard similarity with any found cluster, (k,)."""
    table = np.zeros((k, int(found.max()) + 1))
    np.add.at(table, (labels, found), 1.0)
    union = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    return np.asarray(np.max(table / np.maximum(union, 1.0), axis=1))


def divide_style(
    style: str,
    inputs: FloatArray,
    observed: BoolArray,
    smallest: int,
    random_state: int,
) -> tuple[LinearDiscriminant, FloatArray] | None:
    """Find the micro-segments of one style and the map that assigns traders to them.

    Labels are provisional: `style__0`, `style__1`, … from the largest to the smallest.
    """
    found = find_clusters(inputs, smallest, random_state)
    if found is None:
        return None
    labels, jaccard = found
    order = np.argsort(-np.bincount(labels), kind="stable")
    members = [np.flatnonzero(labels == cluster) for cluster in order]
    sizes = np.array([len(positions) for positions in members], dtype=np.float64)
    names = [f"{style}__{position}" for position in range(len(members))]
    lda = fit_lda(inputs, observed, members, names, sizes / sizes.sum())
    return lda, jaccard[order]


def match_clusters(centroids: FloatArray, old_centroids: FloatArray) -> list[int | None]:
    """Which old micro-segment each new one continues, by Hungarian matching of centroids.

    Parameters
    ----------
    centroids, old_centroids : (k, n) and (k_old, n) on one scale, over the inputs both models share

    Returns
    -------
    for each new cluster the position of its predecessor, or None where nothing lies near enough
    """
    result: list[int | None] = [None] * len(centroids)
    if not centroids.size or not old_centroids.size:
        return result
    gaps = centroids[:, None, :] - old_centroids[None, :, :]
    distance = np.sqrt(np.mean(gaps**2, axis=2))
    for new, old in zip(*linear_sum_assignment(distance), strict=True):
        if distance[new, old] <= SAME_CLUSTER_DISTANCE:
            result[int(new)] = int(old)
    return result


def letters(position: int) -> str:
    """a, b, … z, aa, ab, …"""
    text = ""
    position += 1
    while position:
        position, digit = divmod(position - 1, 26)
        text = chr(ord("a") + digit) + text
    return text


def _best_clusters(
    rows: FloatArray, smallest: int, random_state: int
) -> tuple[IntArray, FloatArray] | None:
    n = len(rows)
    best: tuple[float, IntArray, FloatArray] | None = None
    bic_of_one = classification_bic(rows, np.zeros(n, dtype=np.int64))
    for k in range(2, MOST_SEGMENTS + 1):
        labels = _k_means(rows, k, random_state, n_init=5)
        sizes = np.bincount(labels, minlength=k)
        bic = classification_bic(rows, labels)
        if sizes.min() < smallest or bic >= (best[0] if best else bic_of_one):
            continue
        if cluster_index_z(rows[:TEST_ROWS], k, random_state) > -CRITICAL_Z:
            continue
        jaccard = bootstrap_jaccard(rows, labels, k, random_state)
        if jaccard.min() >= STABLE_JACCARD:
            best = (bic, labels, jaccard)
    return None if best is None else best[1:]


def _k_means(rows: FloatArray, k: int, random_state: int, n_init: int) -> IntArray:
    model = KMeans(n_clusters=k, n_init=n_init, random_state=random_state)
    return np.asarray(model.fit_predict(rows), dtype=np.int64)


def _cluster_index(rows: FloatArray, k: int, random_state: int) -> float:
    centred = rows - rows.mean(axis=0)
    model = KMeans(n_clusters=k, n_init=2, random_state=random_state).fit(centred)
    return float(model.inertia_ / np.sum(centred**2))
