"""A perturbed venue has other numbers and the same styles, and repeats by seed."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader_segments.simulate import simulate_tables
from trader_segments.simulate.archetypes import ARCHETYPES, Archetype
from trader_segments.simulate.perturbation import Perturbation

SEEDS = st.integers(0, 2**32 - 1)
DEVIATIONS = st.floats(0.01, 1.0)


def _world(seed: int, deviation: float) -> tuple[Archetype, ...]:
    return Perturbation(np.random.default_rng(seed), deviation).archetypes()


def test_without_a_deviation_every_number_stays_to_the_bit() -> None:
    world = Perturbation(np.random.default_rng(1), 0.0)
    assert world.archetypes() == ARCHETYPES
    assert world.probability(0.1) == 0.1
    np.testing.assert_array_equal(world.amounts(np.array([0.45, 3.0])), [0.45, 3.0])


def test_a_seed_gives_one_world_and_another_seed_another() -> None:
    assert _world(1, 0.5) == _world(1, 0.5)
    assert _world(1, 0.5) != _world(2, 0.5)


@given(SEEDS, DEVIATIONS)
def test_moved_styles_keep_their_meaning(seed: int, deviation: float) -> None:
    for before, after in zip(ARCHETYPES, _world(seed, deviation), strict=True):
        assert (before.name, before.round_the_clock, before.flat_by_night) == (
            after.name,
            after.round_the_clock,
            after.flat_by_night,
        )
        assert 0.0 < after.maker_share < 1.0
        assert 0.0 <= after.deep_share <= 1.0
        assert min(after.trades_per_session, after.fills_per_order) >= 1.0
        assert sum(after.structures) <= 1.0 + 1e-12
        assert (after.taste is None) == (before.taste is None)
        if before.mix is not None and after.mix is not None:
            assert sum(after.mix) == pytest.approx(1.0)
            assert [part > 0.0 for part in after.mix] == [part > 0.0 for part in before.mix]
        for field in fields(Archetype):
            old, new = getattr(before, field.name), getattr(after, field.name)
            if isinstance(old, float | int) and not isinstance(old, bool):
                assert np.sign(new) == np.sign(old), field.name
                is_certain = old == 1.0 and field.name.endswith("_share")
                assert (new == old) == (old == 0.0 or is_certain), field.name


def test_amounts_move_on_a_logarithm_and_shares_in_odds() -> None:
    world = Perturbation(np.random.default_rng(1), 0.5)
    factors = np.log(world.amounts(np.full(20_000, 7.0)) / 7.0)
    assert factors.mean() == pytest.approx(0.0, abs=0.02)
    assert factors.std() == pytest.approx(0.5, abs=0.02)
    shares = np.array([world.probability(0.9) for _ in range(5_000)])
    assert np.log(shares / (1 - shares)).std() == pytest.approx(0.5, abs=0.03)


def test_a_negative_deviation_is_refused() -> None:
    with pytest.raises(ValueError, match="no less than 0"):
        Perturbation(np.random.default_rng(1), -0.1)


def test_a_perturbed_venue_repeats_and_differs_from_the_plain_one() -> None:
    def fills(perturbation: float) -> object:
        tables, _, _ = simulate_tables(traders=40, days=30, seed=1, perturbation=perturbation)
        return tables["fills"]

    assert fills(0.5) == fills(0.5)
    assert fills(0.5) != fills(0.0)
