"""A rule that errs about some traders does not teach its error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trader_segments.segmentation.lda import MIN_SEEDS, fit_styles
from trader_segments.segmentation.noise import confident_seeds
from trader_segments.segmentation.reference import ScaledInputs
from trader_segments.segmentation.resampling import Seeds

Labelled = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _draw(n: int, wrong: float, seed: int, apart: float = 3.0) -> Labelled:
    """Inputs (4, n) of three styles, the styles, what rules say, and where they are wrong."""
    rng = np.random.default_rng(seed)
    style = np.arange(n) % 3
    inputs = rng.standard_normal((4, n))
    inputs[:3] += apart * (np.arange(3)[:, None] == style)
    is_wrong = rng.random(n) < wrong
    label = np.where(is_wrong, (style + rng.integers(1, 3, n)) % 3, style)
    names = np.array(["a", "b", "c"], dtype=object)
    return inputs, names[style], names[label], is_wrong


def _confident(inputs: np.ndarray, label: np.ndarray) -> np.ndarray:
    scaled = ScaledInputs(inputs, inputs, np.ones(inputs.shape, dtype=np.bool_))
    return confident_seeds(Seeds(scaled, np.arange(inputs.shape[1]), label, label))


@pytest.mark.parametrize("seed", range(3))
def test_wrong_labels_are_set_aside_and_right_ones_stay(seed: int) -> None:
    inputs, _, label, is_wrong = _draw(1500, 0.15, seed, apart=4.0)
    keeps = _confident(inputs, label)
    assert np.mean(~keeps[is_wrong]) >= 0.8
    assert np.mean(keeps[~is_wrong]) >= 0.98


@pytest.mark.parametrize("seed", range(3))
def test_rules_that_do_not_err_lose_next_to_nothing(seed: int) -> None:
    """Only traders whose inputs look like another style's."""
    inputs, style, _, _ = _draw(1500, 0.0, seed, apart=4.0)
    assert np.mean(_confident(inputs, style)) >= 0.98


def test_means_learned_from_kept_seeds_are_nearer_the_truth() -> None:
    inputs, style, label, _ = _draw(1500, 0.2, 7)
    everybody, observed = np.arange(1500), np.ones(inputs.shape, dtype=np.bool_)
    keeps = _confident(inputs, label)
    truth = fit_styles(inputs, observed, everybody, style, style)
    raw = fit_styles(inputs, observed, everybody, label, label)
    clean = fit_styles(inputs, observed, everybody[keeps], label[keeps], label[keeps])
    assert truth is not None
    assert raw is not None
    assert clean is not None
    assert np.abs(clean.means - truth.means).max() < 0.5 * np.abs(raw.means - truth.means).max()


@settings(deadline=None, max_examples=40)
@given(
    counts=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_style_disappears_whatever_the_labels(counts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    label = np.repeat(np.array(["a", "b", "c", "d"], dtype=object)[: len(counts)], counts)
    keeps = _confident(rng.standard_normal((3, len(label))), label)
    for style, count in zip("abcd", counts, strict=False):
        assert keeps[label == style].sum() >= min(count, MIN_SEEDS)


def test_a_style_alone_and_styles_too_rare_to_learn_keep_their_seeds() -> None:
    rng = np.random.default_rng(0)
    for label in (["a"] * 30, ["a", "b", "c"], ["a"] * 20 + ["b"] * 2):
        assert _confident(rng.standard_normal((3, len(label))), np.array(label, object)).all()


def test_the_scale_of_an_input_does_not_matter() -> None:
    inputs, _, label, _ = _draw(900, 0.1, 3)
    scale = np.array([1.0, 10.0, 0.1, 4.0])[:, None]
    np.testing.assert_array_equal(_confident(inputs, label), _confident(inputs * scale, label))
