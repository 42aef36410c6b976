"""The discriminant against scikit-learn, and against inputs some styles never have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from trader_segments.segmentation.lda import (
    class_moments,
    fit_lda,
    fit_styles,
    shrunk_covariance,
    whitening,
)
from trader_segments.segmentation.table import rounded


def _three_groups(seed: int, n: int = 90, p: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 2], n // 3)
    mixing = rng.normal(size=(p, p)) + 2 * np.eye(p)
    return (rng.normal(size=(n, p)) + rng.normal(size=(3, p))[labels] * 1.5) @ mixing, labels


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_equals_scikit_learn(seed: int) -> None:
    rows, labels = _three_groups(seed)
    priors = np.array([0.6, 0.3, 0.1])
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=priors)
    theirs.fit(rows, labels)
    members = [np.flatnonzero(labels == label) for label in range(3)]
    ours = fit_lda(rows.T, np.ones(rows.T.shape, dtype=bool), members, ["a", "b", "c"], priors)
    expected = theirs.decision_function(rows)
    np.testing.assert_allclose(ours.log_scores(rows.T).T, expected, rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(ours.posteriors(rows.T).T, theirs.predict_proba(rows), atol=1e-9)


def test_posteriors_sum_to_one_even_far_away() -> None:
    rows, labels = _three_groups(0)
    members = [np.flatnonzero(labels == label) for label in range(3)]
    lda = fit_lda(rows.T, np.ones(rows.T.shape, dtype=bool), members, "abc", np.full(3, 1 / 3))
    posterior = lda.posteriors(1e6 * rows.T)
    np.testing.assert_allclose(posterior.sum(axis=0), 1.0)
    assert np.isfinite(posterior).all()


def test_each_trader_scores_alone() -> None:
    rows, labels = _three_groups(1)
    members = [np.flatnonzero(labels == label) for label in range(3)]
    lda = fit_lda(rows.T, np.ones(rows.T.shape, dtype=bool), members, "abc", np.full(3, 1 / 3))
    together = lda.posteriors(rows.T)
    alone = np.hstack([lda.posteriors(rows.T[:, [position]]) for position in range(len(rows))])
    assert together.tobytes() == alone.tobytes()


def test_an_input_most_styles_lack_keeps_its_own_spread() -> None:
    """Imputing the neutral value must not make a rare input look precise."""
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(2, 3000))
    observed = np.ones(inputs.shape, dtype=bool)
    observed[1, 300:] = False
    inputs[1, 300:] = 0.0
    members = [np.arange(0, 300), np.arange(300, 1500), np.arange(1500, 3000)]
    means, covariance = class_moments(inputs, observed, members, np.array([0.1, 0.4, 0.5]))
    assert covariance[1, 1] == pytest.approx(1.0, abs=0.2)
    assert means[1:, 1].tolist() == [0.0, 0.0]


def test_covariance_is_positive_definite_with_constant_inputs() -> None:
    inputs = np.vstack([np.zeros(20), np.arange(20.0), np.arange(20.0)])
    _, covariance = class_moments(
        inputs, np.ones(inputs.shape, dtype=bool), [np.arange(20)], np.array([1.0])
    )
    assert np.linalg.eigvalsh(covariance)[0] > 0.0
    np.testing.assert_allclose(
        whitening(covariance) @ covariance @ whitening(covariance).T, np.eye(3), atol=1e-6
    )


def test_a_style_reached_in_two_ways_is_a_mixture() -> None:
    """Two camps around a third style: no single mean could tell them from it."""
    rng = np.random.default_rng(4)
    camp = np.repeat([-6.0, 0.0, 6.0], 100)
    inputs = np.vstack([camp, np.zeros(300)]) + rng.normal(size=(2, 300))
    styles = np.where(camp == 0.0, "b", "a").astype(object)
    evidence = np.array([f"rule {value}" for value in camp], dtype=object)
    observed = np.ones(inputs.shape, dtype=bool)
    mixture = fit_styles(inputs, observed, np.arange(300), styles, evidence)
    assert mixture is not None
    assert mixture.labels == ("a", "a", "b")
    assert mixture.classes == ("a", "b")
    assert (mixture.assign(inputs) == styles).mean() > 0.98
    np.testing.assert_allclose(mixture.posteriors(inputs).sum(axis=0), 1.0)
    single = fit_styles(inputs, observed, np.arange(300), styles, styles)
    assert single is not None
    assert (single.assign(inputs) == styles).mean() < 0.8


def test_rules_with_few_seeds_join_the_largest_component() -> None:
    inputs = np.random.default_rng(5).normal(size=(2, 40))
    styles = np.repeat(["a", "b"], 20).astype(object)
    evidence = np.array(["big"] * 15 + ["tiny"] * 5 + ["other"] * 20, dtype=object)
    observed = np.ones(inputs.shape, dtype=bool)
    lda = fit_styles(inputs, observed, np.arange(40), styles, evidence)
    assert lda is not None
    assert lda.labels == ("a", "b")
    np.testing.assert_allclose(lda.means[0], inputs[:, :20].mean(axis=1))


def test_fewer_than_two_styles_with_seeds_give_no_discriminant() -> None:
    inputs = np.random.default_rng(6).normal(size=(2, 7))
    observed = np.ones(inputs.shape, dtype=bool)
    styles = np.array(["a"] * 5 + ["b"] * 2, dtype=object)
    assert fit_styles(inputs, observed, np.arange(7), styles, styles) is None


def test_priors_follow_the_square_root_of_all_seeds() -> None:
    inputs = np.zeros((1, 8))
    observed = np.ones(inputs.shape, dtype=bool)
    styles = np.repeat(["a", "b"], 4).astype(object)
    lda = fit_styles(inputs, observed, np.arange(8), styles, styles, counts={"a": 100, "b": 4})
    assert lda is not None
    assert lda.posteriors(inputs)[:, 0] == pytest.approx([10 / 12, 2 / 12])


def test_three_seeds_are_enough_for_a_covariance() -> None:
    rows = np.random.default_rng(0).normal(size=(3, 8))
    assert np.isfinite(shrunk_covariance(rows)).all()


def test_stored_numbers_are_rounded_before_use() -> None:
    rows, labels = _three_groups(2)
    members = [np.flatnonzero(labels == label) for label in range(3)]
    lda = fit_lda(rows.T, np.ones(rows.T.shape, dtype=bool), members, "abc", np.full(3, 1 / 3))
    for numbers in (lda.means, lda.coefficients, lda.intercepts):
        assert rounded(numbers).tolist() == numbers.tolist()
