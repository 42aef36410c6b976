"""Micro-segments: clusters inside a style, kept only where the structure is real and stable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.stats import norm
from threadpoolctl import threadpool_limits

from trader_segments.segmentation.lda import LinearDiscriminant, fit_lda
from trader_segments.segmentation.mixture import elliptical_sample, fit_mixture, sphere
from trader_segments.segmentation.surrogate import Description
from trader_segments.segmentation.table import BoolArray, FloatArray, IntArray

SMALLEST_SEGMENT = 50
SMALLEST_SHARE = 0.01
MOST_SEGMENTS = 5
STABLE_JACCARD = 0.75
"""Bootstrap Jaccard from which a cluster is valid (Hennig, fpc clusterboot)."""

CRITICAL_Z = 3.5
"""Sds of the null above its mean that a likelihood gain must reach (1 % over 11 styles × 4 k)."""

NULL_DRAWS = 20
BOOTSTRAPS = 50
FIRST_DRAWS = 5
"""Draws after which a test that is plainly lost or won ends."""

HOPELESS_Z = 2.0
PLAIN_Z = 10.0
"""From here the first draws decide: by Student's t a null gets there once in 2,500 times."""

HOPELESS_JACCARD = 0.6
CLUSTER_ROWS = 2_000
"""Traders of a style on which clusters are sought; the others are assigned."""

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
    descriptions : (k,) what tells their traders from the rest of the style
    """

    style: str
    lda: LinearDiscriminant
    centroids: FloatArray
    jaccard: FloatArray
    names: tuple[str, ...]
    descriptions: tuple[Description, ...]

    def assign(self, inputs: FloatArray) -> IntArray:
        """Position of each trader's micro-segment for (n_inputs, n_traders) scaled inputs."""
        return np.asarray(self.lda.log_scores(inputs).argmax(axis=0), dtype=np.int64)


def find_clusters(
    inputs: FloatArray, smallest: int, random_state: int, start: IntArray | None = None
) -> tuple[IntArray, FloatArray] | None:
    """Split traders of one style, or find that they are one population.

    Inputs are brought to normal marginals by rank, so that skew, heavy tails and units cannot
    pass for clusters; only the way inputs go together can. Clusters are Gaussians with one
    covariance. A number k qualifies when (i) it beats one Gaussian by BIC, (ii) its likelihood
    gain lies far above that of elliptical samples with the same covariance and radii (parametric
    bootstrap of the likelihood ratio: McLachlan, JRSS C 36, 1987), (iii) every cluster is large
    enough and (iv) every cluster returns in bootstrap samples. The lowest BIC of those wins.

    Parameters
    ----------
    inputs : (n_inputs, n_traders) in an order no caller chooses (by hash)
    smallest : fewest traders in a cluster
    start : clusters 0, 1, … of an earlier model (n_traders,), from which EM starts as well

    Returns
    -------
    labels (n_traders,) in 0..k-1 and mean bootstrap Jaccard (k,), or None
    """
    rows = normal_scores(inputs)
    n = len(rows)
    if n < 2 * smallest or rows.shape[1] == 0:
        return None
    with threadpool_limits(1):
        return _best_clusters(rows, smallest, random_state, start)


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


def structure_z(rows: FloatArray, k: int, gain: float, random_state: int) -> float:
    """How far the likelihood gain of k clusters lies above that of one population, in sds."""
    generator = np.random.default_rng(random_state)
    null: list[float] = []
    z = -np.inf
    for draw in range(NULL_DRAWS):
        sample = normal_scores(elliptical_sample(rows, generator).T)
        null.append(fit_mixture(sample, k, random_state)[0])
        if draw + 1 >= FIRST_DRAWS:
            z = float((gain - np.mean(null)) / np.std(null, ddof=1))
            if not HOPELESS_Z <= z < PLAIN_Z:
                break
    return z


def bic(gain: float, n: int, p: int, k: int) -> float:
    """BIC of k Gaussians with one covariance less that of one Gaussian, given the mean gain."""
    return float((k - 1) * (p + 1) * np.log(n) - 2.0 * n * gain)


def bootstrap_jaccard(rows: FloatArray, labels: IntArray, k: int, random_state: int) -> FloatArray:
    """Mean best Jaccard similarity of each cluster with the clusters of bootstrap samples, (k,)."""
    generator = np.random.default_rng(random_state)
    similarity: list[FloatArray] = []
    for _ in range(BOOTSTRAPS):
        sample = generator.integers(0, len(rows), len(rows))
        _, found = fit_mixture(rows[sample], k, random_state)
        similarity.append(best_jaccard(labels[sample], found, k))
        is_lost = np.mean(similarity, axis=0).min() < HOPELESS_JACCARD
        if len(similarity) >= FIRST_DRAWS and is_lost:
            break
    return np.asarray(np.mean(similarity, axis=0))


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
    start: IntArray | None = None,
) -> tuple[LinearDiscriminant, FloatArray] | None:
    """Find the micro-segments of one style and the map that assigns traders to them.

    Labels are provisional: `style__0`, `style__1`, … from the largest to the smallest.
    """
    n = inputs.shape[1]
    inputs, observed = inputs[:, :CLUSTER_ROWS], observed[:, :CLUSTER_ROWS]
    smallest = int(np.ceil(smallest * inputs.shape[1] / max(1, n)))
    start = None if start is None else start[:CLUSTER_ROWS]
    found = find_clusters(inputs, smallest, random_state, start)
    if found is None:
        return None
    labels, jaccard = found
    order = np.argsort(-np.bincount(labels), kind="stable")
    members = [np.flatnonzero(labels == cluster) for cluster in order]
    sizes = np.array([len(positions) for positions in members], dtype=np.float64)
    names = [f"{style}__{position}" for position in range(len(members))]
    lda = fit_lda(inputs, observed, members, names, sizes / sizes.sum())
    return lda, jaccard[order]


def micro_segment_table(micro_segments: Sequence[MicroSegments]) -> pd.DataFrame:
    """One row per micro-segment: id, style, name, description and how good they are."""
    records = [
        (id_, each.style, name, told.text, float(jaccard), told.fidelity, told.precision)
        for each in micro_segments
        for id_, name, told, jaccard in zip(
            each.lda.labels, each.names, each.descriptions, each.jaccard, strict=True
        )
    ]
    columns = {
        "micro_segment_id": "str",
        "style": "str",
        "name": "str",
        "description": "str",
        "jaccard": "float64",
        "fidelity": "float64",
        "description_precision": "float64",
    }
    return pd.DataFrame(records, columns=list(columns)).astype(columns)


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
    rows: FloatArray, smallest: int, random_state: int, start: IntArray | None
) -> tuple[IntArray, FloatArray] | None:
    n, p = len(rows), sphere(rows).shape[1]
    best: tuple[float, IntArray, FloatArray] | None = None
    for k in range(2, MOST_SEGMENTS + 1):
        gain, labels = fit_mixture(rows, k, random_state, start)
        criterion = bic(gain, n, p, k)
        if np.bincount(labels, minlength=k).min() < smallest:
            continue
        if criterion >= (best[0] if best else 0.0):
            continue
        if structure_z(rows, k, gain, random_state) < CRITICAL_Z:
            continue
        jaccard = bootstrap_jaccard(rows, labels, k, random_state)
        if jaccard.min() >= STABLE_JACCARD:
            best = (criterion, labels, jaccard)
    return None if best is None else best[1:]
