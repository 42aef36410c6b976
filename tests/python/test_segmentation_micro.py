"""Micro-segments: none in one population, however odd its shape; planted ones are found again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from trader_segments.segmentation.micro import (
    best_jaccard,
    classification_bic,
    divide_style,
    find_clusters,
    letters,
    match_clusters,
    normal_scores,
)

INPUTS = 10


def _correlated(rng: np.random.Generator, n: int) -> np.ndarray:
    mixing = np.eye(INPUTS) + 0.4 * rng.standard_normal((INPUTS, INPUTS))
    return rng.standard_normal((n, INPUTS)) @ mixing.T


def _one_factor(rng: np.random.Generator, n: int) -> np.ndarray:
    loadings = rng.uniform(0.0, 1.5, INPUTS)
    return rng.standard_normal((n, 1)) * loadings + 0.5 * rng.standard_normal((n, INPUTS))


def _shares(rng: np.random.Generator, n: int) -> np.ndarray:
    counts = rng.integers(3, 300, (n, 1))
    return rng.binomial(counts, 1.0 / (1.0 + np.exp(-_one_factor(rng, n)))) / counts


HOMOGENEOUS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "independent": lambda rng, n: rng.standard_normal((n, INPUTS)),
    "correlated": _correlated,
    "one factor": _one_factor,
    "lognormal": lambda rng, n: np.exp(_correlated(rng, n)),
    "heavy-tailed": lambda rng, n: _correlated(rng, n) / np.sqrt(rng.chisquare(3, (n, 1)) / 3),
    "exponential": lambda rng, n: rng.exponential(size=(n, INPUTS)),
    "zero-inflated": lambda rng, n: np.maximum(_one_factor(rng, n), -0.3),
    "discrete": lambda rng, n: np.round(_one_factor(rng, n)),
    "smoothed shares": _shares,
}


@pytest.mark.parametrize("name", HOMOGENEOUS)
@pytest.mark.parametrize("seed", range(3))
def test_one_population_has_no_micro_segments(name: str, seed: int) -> None:
    rows = HOMOGENEOUS[name](np.random.default_rng(seed), 400)
    assert find_clusters(rows.T, 50, random_state=0) is None


@pytest.mark.parametrize("seed", range(2))
def test_two_planted_groups_are_found_and_assigned(seed: int) -> None:
    rng = np.random.default_rng(seed)
    is_second = rng.random(900) < 0.35
    rows = 0.2 * _correlated(rng, 900) + rng.standard_normal((900, INPUTS))
    rows[is_second, :6] += 2.5
    divided = divide_style("hedger", rows.T, np.ones(rows.T.shape, dtype=bool), 50, 0)
    assert divided is not None
    lda, jaccard = divided
    assert lda.labels == ("hedger__0", "hedger__1")
    assert jaccard.min() >= 0.9
    assigned = lda.log_scores(rows.T).argmax(axis=0)
    assert np.mean(assigned == is_second) >= 0.97


def test_groups_below_the_smallest_size_are_not_kept() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((600, INPUTS))
    rows[:40] += 4.0
    assert find_clusters(rows.T, 50, random_state=0) is None
    assert find_clusters(rows[:90].T, 50, random_state=0) is None


def test_normal_scores_forget_skew_and_leave_out_what_has_no_ranking() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal(200)
    mostly_zero = np.where(rng.random(200) < 0.6, 0.0, values)
    scores = normal_scores(np.vstack([values, np.exp(3 * values), mostly_zero]))
    assert scores.shape == (200, 2)
    np.testing.assert_array_equal(scores[:, 0], scores[:, 1])
    assert abs(scores.mean()) < 1e-12
    assert normal_scores(np.empty((3, 0))).shape == (0, 0)


def test_bic_prefers_two_gaussians_to_one_only_where_there_are_two() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((500, 3))
    labels = (rows[:, 0] > 0).astype(np.int64)
    one = np.zeros(500, dtype=np.int64)
    assert classification_bic(rows, labels) > classification_bic(rows, one)
    apart = rows + 6.0 * labels[:, None]
    assert classification_bic(apart, labels) < classification_bic(apart, one)


def test_jaccard_similarity_of_clusters() -> None:
    labels = np.array([0, 0, 0, 1, 1])
    assert best_jaccard(labels, np.array([0, 0, 1, 1, 1]), 2).tolist() == [2 / 3, 2 / 3]
    assert best_jaccard(labels, np.zeros(5, dtype=np.int64), 2).tolist() == [3 / 5, 2 / 5]
    assert best_jaccard(labels, 1 - labels, 2).tolist() == [1.0, 1.0]


def test_clusters_are_matched_one_to_one_at_the_least_total_distance() -> None:
    old = np.array([[0.0, 0.0], [1.0, 0.0]])
    assert match_clusters(np.array([[1.1, 0.0], [0.1, 0.1]]), old) == [1, 0]
    assert match_clusters(np.array([[0.6, 0.0], [0.7, 0.0], [9.0, 9.0]]), old) == [0, 1, None]
    assert match_clusters(old, np.empty((0, 2))) == [None, None]


def test_letters_run_on() -> None:
    assert [letters(position) for position in (0, 25, 26, 27, 701, 702)] == [
        "a",
        "z",
        "aa",
        "ab",
        "zz",
        "aaa",
    ]
