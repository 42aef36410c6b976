"""Micro-segments found where there are some, and where there are none.

From the project's root: python benchmarks/segmentation/micro_segments.py [traders] [populations]
Planted are groups of one covariance whose means lie `separation` standard deviations of the inputs
apart, over six of twenty inputs; `one factor` shares a factor among all inputs. K-means on the same
scores with the true number of groups runs beside it, as what could be had without testing anything.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from trader_segments.segmentation.micro import SMALLEST_SEGMENT, find_clusters, normal_scores

INPUTS = 20
DIFFERENT_INPUTS = 6
SEPARATIONS = (3, 4, 6)
Draw = Callable[[np.random.Generator, int], np.ndarray]


def correlated(rng: np.random.Generator, n: int) -> np.ndarray:
    """Gaussian with random correlations."""
    mixing = np.eye(INPUTS) + 0.25 * rng.standard_normal((INPUTS, INPUTS))
    return rng.standard_normal((n, INPUTS)) @ mixing.T


def one_factor(rng: np.random.Generator, n: int) -> np.ndarray:
    """Gaussian with a factor that most inputs share."""
    loadings = rng.uniform(0.0, 1.5, INPUTS)
    return rng.standard_normal((n, 1)) * loadings + 0.5 * rng.standard_normal((n, INPUTS))


def shares(rng: np.random.Generator, n: int) -> np.ndarray:
    """Shares of 3 to 300 observations."""
    counts = rng.integers(3, 300, (n, 1))
    return rng.binomial(counts, 1.0 / (1.0 + np.exp(-one_factor(rng, n)))) / counts


HOMOGENEOUS: dict[str, Draw] = {
    "correlated": correlated,
    "one factor": one_factor,
    "lognormal": lambda rng, n: np.exp(correlated(rng, n)),
    "heavy-tailed": lambda rng, n: correlated(rng, n) / np.sqrt(rng.chisquare(3, (n, 1)) / 3),
    "zero-inflated": lambda rng, n: np.maximum(one_factor(rng, n), -0.3),
    "discrete": lambda rng, n: np.round(one_factor(rng, n)),
    "shares": shares,
    "gamma frailty": lambda rng, n: rng.gamma(2.0, 1.0, (n, INPUTS)) * rng.gamma(2.0, 1.0, (n, 1)),
}


def planted(
    rng: np.random.Generator, draw: Draw, n: int, k: int, separation: float
) -> tuple[np.ndarray, np.ndarray]:
    """Rows (n, p) and the group of each."""
    group, rows = rng.integers(0, k, n), draw(rng, n)
    centres = np.zeros((k, INPUTS))
    for centre in centres:
        signs = rng.choice([-1.0, 1.0], DIFFERENT_INPUTS)
        chosen = rng.choice(INPUTS, DIFFERENT_INPUTS, replace=False)
        centre[chosen] = signs * separation / np.sqrt(2.0 * DIFFERENT_INPUTS)
    return rows + centres[group] * rows.std(axis=0), group


def main(n: int, populations: int) -> None:
    """Print false positives, then power by base, number and separation of the groups."""
    print(f"{n} traders, {INPUTS} inputs, {populations} populations each")
    for name, draw in HOMOGENEOUS.items():
        start = time.process_time()
        found = [
            find_clusters(draw(np.random.default_rng(seed), n).T, SMALLEST_SEGMENT, 0) is not None
            for seed in range(populations)
        ]
        seconds = (time.process_time() - start) / populations
        print(
            f"none in {name:<14} wrongly split {np.mean(found):.2f}   {seconds:.2f} s", flush=True
        )
    for base in ("correlated", "one factor"):
        for k in (2, 3, 4):
            for separation in SEPARATIONS:
                if n < 1.3 * k * SMALLEST_SEGMENT:
                    continue
                right, index, plain = [], [], []
                for seed in range(populations):
                    rng = np.random.default_rng(seed)
                    rows, group = planted(rng, HOMOGENEOUS[base], n, k, separation)
                    result = find_clusters(rows.T, SMALLEST_SEGMENT, 0)
                    right.append(result is not None and result[0].max() + 1 == k)
                    index.append(0.0 if result is None else adjusted_rand_score(group, result[0]))
                    means = KMeans(k, n_init=5, random_state=0).fit_predict(normal_scores(rows.T))
                    plain.append(adjusted_rand_score(group, means))
                print(
                    f"{k} in {base:<11} {separation} sd: right number {np.mean(right):.2f}, "
                    f"ARI {np.mean(index):.2f}; k-means told the number: ARI {np.mean(plain):.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:3]]
    main(*(given + [500, 10][len(given) :]))
