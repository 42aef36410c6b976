"""Other worlds: the numbers behind a venue, moved at random, so that no rule can rest on them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Final

import numpy as np

from trader_segments.simulate.archetypes import ARCHETYPES, Archetype
from trader_segments.simulate.market import FloatArray

_PROBABILITIES: Final = frozenset(
    {"maker_share", "buys_options", "api_share", "amend_share", "deep_share", "entity_share"}
)
_AT_LEAST_ONE: Final = frozenset({"trades_per_session", "fills_per_order"})
_COMPOSITIONS: Final = frozenset({"mix", "structures"})


class Perturbation:
    """Moves numbers by normal deviates of one standard deviation, in the order it is asked.

    Amounts move on a logarithm and keep their sign, probabilities in log-odds, part-worths as they
    are. What is zero, or certain, stays so: no style changes what it is. With a deviation of 0
    every number stays as it is, to the bit.

    Parameters
    ----------
    rng : source of the deviates
    deviation : standard deviation; 0.5 multiplies or divides by 1.65 typically
    """

    def __init__(self, rng: np.random.Generator, deviation: float) -> None:
        if deviation < 0.0:
            raise ValueError(f"a deviation is no less than 0, got {deviation}")
        self.rng = rng
        self.deviation = deviation

    def _deviates(self, n: int) -> FloatArray:
        return self.deviation * self.rng.standard_normal(n)

    def amounts(self, values: FloatArray) -> FloatArray:
        """Values times lognormal factors of median 1, (n,)."""
        return np.asarray(values * np.exp(self._deviates(len(values))))

    def amount(self, value: float) -> float:
        """A value times such a factor."""
        return float(self.amounts(np.array([value]))[0])

    def probability(self, value: float) -> float:
        """A probability whose odds are multiplied by such a factor."""
        factor = float(np.exp(self._deviates(1)[0]))
        return value * factor / (1.0 - value + value * factor) if self.deviation else value

    def archetypes(self) -> tuple[Archetype, ...]:
        """The planted styles with every number moved, shares of the population among them."""
        return tuple(self._archetype(archetype) for archetype in ARCHETYPES)

    def _archetype(self, archetype: Archetype) -> Archetype:
        if not self.deviation:
            return archetype
        moved: dict[str, object] = {}
        for field in fields(Archetype):
            name, value = field.name, getattr(archetype, field.name)
            if name in _PROBABILITIES:
                moved[name] = self.probability(value)
            elif name in _AT_LEAST_ONE:
                moved[name] = 1.0 + self.amount(value - 1.0)
            elif name in _COMPOSITIONS and value:
                moved[name] = self._composition(value)
            elif name == "taste" and value:
                moved[name] = tuple(value + self._deviates(len(value)))
            elif type(value) in (int, float):
                moved[name] = self.amount(value)
        return replace(archetype, **moved)  # type: ignore[arg-type]

    def _composition(self, parts: tuple[float, ...]) -> tuple[float, ...]:
        """Parts of 1, and what is left of it, each weighed anew."""
        rest = max(1.0 - sum(parts), 0.0)
        weights = self.amounts(np.array([*parts, rest]))
        return tuple((weights / weights.sum())[:-1].tolist())
