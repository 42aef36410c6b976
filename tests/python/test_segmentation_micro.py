"""Micro-segments: none in one population, however odd its shape; planted ones are found again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from trader_segments.segmentation.micro import (
    best_jaccard,
    bic,
    divide_style,
    find_clusters,
    letters,
    match_clusters,
    normal_scores,
)
from trader_segments.segmentation.mixture import elliptical_sample, fit_mixture, sphere
from trader_segments.segmentation.surrogate import DEEPEST_TREE, Description, describe_clusters

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


def _planted(
    rng: np.random.Generator, n: int, k: int, separation: float
) -> tuple[np.ndarray, np.ndarray]:
    """Groups of one covariance whose means lie about `separation` sds apart, over six inputs."""
    labels = rng.integers(0, k, n)
    rows = _correlated(rng, n)
    centres = np.zeros((k, INPUTS))
    for centre in centres:
        chosen = rng.choice(INPUTS, 6, replace=False)
        centre[chosen] = rng.choice([-1.0, 1.0], 6) * separation / np.sqrt(12.0)
    return rows + centres[labels] * rows.std(axis=0), labels


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


@pytest.mark.parametrize("k", [2, 4])
def test_planted_groups_are_found_in_their_number(k: int) -> None:
    rng = np.random.default_rng(k)
    rows, truth = _planted(rng, 150 * k, k, separation=6.0)
    found = find_clusters(rows.T, 50, random_state=0)
    assert found is not None
    labels, jaccard = found
    assert labels.max() + 1 == k
    assert jaccard.min() >= 0.75
    assert adjusted_rand_score(truth, labels) >= 0.85


def test_the_state_of_the_random_generator_hardly_matters() -> None:
    rows, _ = _planted(np.random.default_rng(5), 250, 2, separation=6.0)
    found = [find_clusters(rows.T, 50, random_state=state) for state in range(2)]
    assert all(each is not None for each in found)
    first, *others = [each[0] for each in found if each is not None]
    assert all(adjusted_rand_score(first, other) >= 0.98 for other in others)


def test_bic_prefers_two_gaussians_to_one_only_where_there_are_two() -> None:
    rows = np.random.default_rng(0).standard_normal((500, 3))
    apart = rows + np.where(np.arange(500) < 200, 6.0, 0.0)[:, None]
    assert bic(fit_mixture(rows, 2, 0)[0], 500, 3, 2) > 0
    assert bic(fit_mixture(apart, 2, 0)[0], 500, 3, 2) < 0


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.floats(0.05, 20.0))
def test_no_linear_scale_hides_a_split_from_the_mixture(seed: int, stretch: float) -> None:
    rng = np.random.default_rng(seed)
    rows, truth = _planted(rng, 400, 2, separation=6.0)
    mixing = rng.standard_normal((INPUTS, INPUTS)) + 3.0 * np.eye(INPUTS)
    mixed = rows @ mixing
    mixed[:, 0] *= stretch
    _, labels = fit_mixture(rows, 2, 0)
    _, again = fit_mixture(mixed, 2, 0)
    assert adjusted_rand_score(truth, labels) > 0.9
    assert adjusted_rand_score(truth, again) > 0.9


def test_a_factor_that_all_share_does_not_hide_a_split() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 400)
    rows = _one_factor(rng, 400)
    rows[:, 0] += np.where(truth == 1, 2.5, 0.0)
    rows[:, 1] -= np.where(truth == 1, 2.5, 0.0)
    found = find_clusters(rows.T, 50, random_state=0)
    assert found is not None
    assert adjusted_rand_score(truth, found[0]) > 0.9


def test_elliptical_samples_keep_covariance_and_radii() -> None:
    rng = np.random.default_rng(0)
    rows = _correlated(rng, 4000) / np.sqrt(rng.chisquare(5, (4000, 1)) / 5)
    sample = elliptical_sample(rows, rng)
    expected = np.cov(rows, rowvar=False)
    np.testing.assert_allclose(
        np.cov(sample, rowvar=False), expected, atol=0.15 * np.abs(expected).max()
    )
    radii = [np.quantile(np.sum(sphere(each) ** 2, axis=1), 0.9) for each in (rows, sample)]
    assert radii[0] == pytest.approx(radii[1], rel=0.05)


def _clusters_of_shares(
    rng: np.random.Generator, n: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    labels = (rng.random(n) < 0.4).astype(np.int64)
    values = {
        "option_share": np.where(labels == 1, rng.uniform(0.6, 1.0, n), rng.uniform(0.0, 0.5, n)),
        "fill_count": rng.integers(1, 50, n).astype(np.float64),
        "leverage": np.where(rng.random(n) < 0.3, np.nan, rng.exponential(size=n)),
    }
    return values, labels


def test_a_sentence_names_the_feature_and_its_threshold() -> None:
    values, labels = _clusters_of_shares(np.random.default_rng(0), 500)
    low, high = describe_clusters(values, labels, 2, 0)
    assert low.text.startswith("Low option share (option_share < 0.5")
    assert high.text.startswith("High option share (option_share ≥ 0.5")
    for cluster, each in enumerate((low, high)):
        assert (each.fidelity, each.precision) == (1.0, 1.0)
        np.testing.assert_array_equal(each.holds(values), labels == cluster)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 4), st.integers(60, 300))
def test_a_sentence_is_as_true_as_it_says(seed: int, k: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    values = {f"feature_{row}": np.round(rng.exponential(size=n), 2) for row in range(4)}
    values["feature_0"][rng.random(n) < 0.2] = np.nan
    total = np.nan_to_num(values["feature_0"]) + values["feature_1"]
    labels = np.digitize(total, np.quantile(total, np.linspace(0, 1, k + 1)[1:-1]))
    described = describe_clusters(values, labels, k, 0)
    assert len(described) == k
    met = np.zeros(n, dtype=np.int64)
    for cluster, each in enumerate(described):
        assert all(len(branch) <= DEEPEST_TREE for branch in each.branches)
        holds = each.holds(values)
        met += holds
        assert each.fidelity == pytest.approx(np.mean(holds[labels == cluster]), abs=1e-6)
        if holds.any():
            assert each.precision == pytest.approx(np.mean(labels[holds] == cluster), abs=1e-6)
    assert met.max() <= 1
    assert (met[~np.isnan(values["feature_0"])] == 1).all()


def test_clusters_that_no_feature_tells_apart_get_a_poor_mark() -> None:
    rng = np.random.default_rng(0)
    described = describe_clusters({"a": rng.random(400)}, rng.integers(0, 2, 400), 2, 0)
    assert min(each.fidelity for each in described) < 0.8


def test_unknown_values_meet_no_condition() -> None:
    values, labels = _clusters_of_shares(np.random.default_rng(1), 300)
    _, high = describe_clusters(values, labels, 2, 0)
    assert isinstance(high, Description)
    unknown = {name: np.array([np.nan]) for name in values}
    assert not high.holds(unknown).any()


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


def test_em_starts_from_known_clusters_as_well() -> None:
    """No worse with a start, and a start of another number of clusters changes nothing."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((400, 6))
    rows[:200, 0] += 2.0
    known = np.repeat([0, 1], 200)
    cold, warm = fit_mixture(rows, 2, 0), fit_mixture(rows, 2, 0, known)
    assert warm[0] >= cold[0]
    other = fit_mixture(rows, 3, 0, known)
    assert other[0] == fit_mixture(rows, 3, 0)[0]
