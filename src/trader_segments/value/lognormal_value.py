"""Value per active period: lognormal with empirical Bayes, values below zero apart.

A period of a trader is worth less than nothing, nothing, or more. How often each happens is shrunk
from the trader's own shares to those of the group (Dirichlet-multinomial). The logarithm of a
magnitude is Normal(m, s²) with m ~ Normal(μ₀, τ²) among the traders of a group, so a trader with a
periods and a mean logarithm l̄ has

b = τ² / (τ² + s² / a),  m̂ = μ₀ + b (l̄ − μ₀),  E[v] = exp(m̂ + τ² (1 − b) / 2 + s² / 2)

(MODELLING section 1.4; Efron and Morris 1973). Values below zero have parameters of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import gammaln, ndtri
from sklearn.base import BaseEstimator

from trader_segments.value.cells import FloatArray, IntArray, compress
from trader_segments.value.errors import NotIdentifiedError
from trader_segments.value.statistics import LogSums, ValueStatistics

EVERYBODY = ""
"""Name of the group of all traders, to which others fall back."""

DRAWS = 512
"""Points of the predictive distribution for each trader, the same for all."""

DRAWN_AT_ONCE = 1_000_000

SMALLEST_VARIANCE = 1e-8
"""Of logarithms between traders; as good as none."""

WEAKEST_PRIOR, STRONGEST_PRIOR = 0.1, 1000.0
"""Periods that a group's shares of signs may count for."""


@dataclass(frozen=True)
class Magnitude:
    """log v ~ Normal(m, within), m ~ Normal(mean, between)."""

    mean: float
    between: float
    within: float

    def posterior(self, sums: LogSums) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of each trader's m, (n,) each."""
        count = sums.count
        spread = count * self.between + self.within
        share = np.divide(count * self.between, spread, out=np.zeros_like(count), where=spread > 0)
        return self.mean + share * (sums.mean - self.mean), self.between * (1.0 - share)


@dataclass(frozen=True)
class GroupValue:
    """Parameters of a group of traders.

    Attributes
    ----------
    negative_share, zero_share : of the group's active periods
    strength : active periods that these shares count for beside a trader's own
    positive, negative : magnitudes of the values of each sign; None where there are none
    traders : it was fitted on
    """

    negative_share: float
    zero_share: float
    strength: float
    positive: Magnitude | None
    negative: Magnitude | None
    traders: int


class LognormalValue(BaseEstimator):  # type: ignore[misc]
    """Expected value of an active period, and what the next ones may be worth together.

    Parameters
    ----------
    min_traders : traders with a value of the sign that a group needs for parameters of its own
        magnitudes; below it has those of everybody

    Attributes
    ----------
    groups_ : group name to its `GroupValue`; `EVERYBODY` is always there
    """

    groups_: dict[str, GroupValue]

    def __init__(self, min_traders: int = 30) -> None:
        self.min_traders = min_traders

    def fit(self, statistics: ValueStatistics, groups: Sequence[str | None] | None = None) -> Self:
        """Fit everybody and each group.

        Parameters
        ----------
        statistics : of n traders; those without an active period say nothing
        groups : (n,) name of each trader's group; None belongs to everybody only

        Raises
        ------
        NotIdentifiedError
            If there are fewer than two traders with values, or nobody has two active periods.
        """
        names = _names(statistics, groups)
        self.groups_ = {EVERYBODY: _fit_everybody(statistics)}
        pooled = self.groups_[EVERYBODY]
        for name in sorted({str(name) for name in names} - {EVERYBODY}):
            part = statistics[np.flatnonzero(names == name)]
            self.groups_[name] = _fit_group(part, pooled, self.min_traders)
        return self

    def to_dict(self) -> dict[str, Any]:
        """The parameters, for storage."""
        return {name: asdict(group) for name, group in self.groups_.items()}

    @classmethod
    def from_dict(cls, groups: Mapping[str, Mapping[str, Any]]) -> Self:
        """A model as it was fitted before."""
        model = cls()
        model.groups_ = {}
        for name, group in groups.items():
            parts = {
                sign: None if group[sign] is None else Magnitude(**group[sign])
                for sign in ("positive", "negative")
            }
            model.groups_[name] = GroupValue(**{**group, **parts})
        return model

    def predict(
        self, statistics: ValueStatistics, groups: Sequence[str | None] | None = None
    ) -> FloatArray:
        """Expected value of a trader's next active period, (n,); negative where it costs.

        A trader without an active period is worth the mean of their group, and one of an unknown
        group that of everybody.
        """
        result = np.zeros(len(statistics))
        for rows, group in self._parts(statistics, groups):
            part = statistics[rows]
            shares = _shares(part, group)
            for sign, share, magnitude, sums in (
                (1.0, shares.positive, group.positive, part.positive),
                (-1.0, shares.negative, group.negative, part.negative),
            ):
                if magnitude is not None:
                    mean, variance = magnitude.posterior(sums)
                    level = np.exp(mean + 0.5 * (variance + magnitude.within))
                    result[rows] += sign * share * level
        return result

    def probability_negative(
        self, statistics: ValueStatistics, groups: Sequence[str | None] | None = None
    ) -> FloatArray:
        """P(the next active period is worth less than nothing), (n,)."""
        result = np.zeros(len(statistics))
        for rows, group in self._parts(statistics, groups):
            result[rows] = _shares(statistics[rows], group).negative
        return result

    def predict_quantiles(
        self,
        statistics: ValueStatistics,
        groups: Sequence[str | None] | None = None,
        quantiles: Sequence[float] = (0.1, 0.9),
        active_periods: ArrayLike | None = None,
    ) -> FloatArray:
        """Quantiles of the total value of a number of active periods, (n, n_quantiles).

        A sum of k values with one m is taken as lognormal with its exact mean and variance (Fenton
        1960). The distribution is that of 512 evenly spread points, the same for every trader and
        run: nothing is random.

        Parameters
        ----------
        active_periods : (n, h + 1) or (h + 1,) probabilities of 0..h active periods; by default one
            active period for certain
        """
        certain = np.array([0.0, 1.0]) if active_periods is None else active_periods
        chances = np.asarray(certain, dtype=np.float64)
        result = np.zeros((len(statistics), len(quantiles)))
        batch = max(1, DRAWN_AT_ONCE // DRAWS)
        for rows, group in self._parts(statistics, groups):
            for start in range(0, len(rows), batch):
                some = rows[start : start + batch]
                periods = _periods(chances[some] if chances.ndim == 2 else chances[None, :])
                totals = _totals(
                    statistics[some], group, np.broadcast_to(periods, (len(some), DRAWS))
                )
                result[some] = np.quantile(totals, quantiles, axis=1).T
        return result

    def _parts(
        self, statistics: ValueStatistics, groups: Sequence[str | None] | None
    ) -> Iterable[tuple[IntArray, GroupValue]]:
        if not hasattr(self, "groups_"):
            raise ValueError("LognormalValue is not fitted")
        names = _names(statistics, groups)
        known = np.array([name if name in self.groups_ else EVERYBODY for name in names], object)
        for name in sorted(set(known)):
            yield np.flatnonzero(known == name), self.groups_[name]


@dataclass(frozen=True)
class _Shares:
    """Posterior shares of a trader's active periods by sign, (n,) each."""

    negative: FloatArray
    zero: FloatArray

    @property
    def positive(self) -> FloatArray:
        return np.maximum(1.0 - self.negative - self.zero, 0.0)


def _names(statistics: ValueStatistics, groups: Sequence[str | None] | None) -> np.ndarray:
    if groups is None:
        return np.full(len(statistics), EVERYBODY, dtype=object)
    if len(groups) != len(statistics):
        raise ValueError(f"{len(groups)} groups for {len(statistics)} traders")
    return np.array([name if isinstance(name, str) else EVERYBODY for name in groups], object)


def _fit_everybody(statistics: ValueStatistics) -> GroupValue:
    counts = _counts(statistics)
    active = int(np.sum(counts.sum(axis=0) > 0.0))
    if not active:
        raise NotIdentifiedError("LognormalValue: no trader has an active period")
    signs = {"positive": statistics.positive, "negative": statistics.negative}
    fitted = {name: _fit_magnitude(sums, 2) for name, sums in signs.items() if sums.weight.any()}
    known = [magnitude for magnitude in fitted.values() if magnitude is not None]
    if fitted and not known:
        raise NotIdentifiedError(
            "LognormalValue: fewer than two traders have a value, or none has two of them, so "
            "differences between traders cannot be told from those between periods"
        )
    for name, magnitude in fitted.items():
        if magnitude is None:
            sums = signs[name]
            mean = float(sums.logs.sum() / sums.weight.sum())
            fitted[name] = Magnitude(mean, known[0].between, known[0].within)
    negative, zero, strength = _fit_shares(counts)
    return GroupValue(
        negative, zero, strength, fitted.get("positive"), fitted.get("negative"), active
    )


def _fit_group(statistics: ValueStatistics, pooled: GroupValue, min_traders: int) -> GroupValue:
    counts = _counts(statistics)
    active = int(np.sum(counts.sum(axis=0) > 0.0))
    shares = (pooled.negative_share, pooled.zero_share, pooled.strength)
    if active >= min_traders:
        shares = _fit_shares(counts)
    return GroupValue(
        *shares,
        _fit_magnitude(statistics.positive, min_traders) or pooled.positive,
        _fit_magnitude(statistics.negative, min_traders) or pooled.negative,
        active,
    )


def _fit_magnitude(sums: LogSums, min_traders: int) -> Magnitude | None:
    """Moments within, maximum likelihood between traders; None where too few show either."""
    present = sums[np.flatnonzero(sums.weight > 0.0)]
    freedom = float(present.freedom.sum())
    if len(present.weight) < min_traders or freedom < min_traders - 1:
        return None
    within = float(present.deviance.sum() / freedom)
    means, noise = present.mean, within / present.count

    def centre(between: float) -> float:
        precision = 1.0 / (between + noise)
        return float(np.sum(precision * means) / np.sum(precision))

    def surprise(log_between: float) -> float:
        spread = np.exp(log_between) + noise
        error = means - centre(float(np.exp(log_between)))
        return float(np.mean(np.log(spread) + error**2 / spread))

    widest = 4.0 * max(float(np.var(means)), SMALLEST_VARIANCE)
    end = minimize_scalar(
        surprise, bounds=(np.log(SMALLEST_VARIANCE), np.log(widest)), method="bounded"
    )
    between = float(np.exp(end.x))
    return Magnitude(centre(between), between, within)


def _counts(statistics: ValueStatistics) -> FloatArray:
    """Weight of the values below, at and above zero, (3, n)."""
    return np.array(
        [statistics.negative.weight, statistics.zero_weight, statistics.positive.weight]
    )


def _fit_shares(counts: FloatArray) -> tuple[float, float, float]:
    """Shares of negative and of zero, and how many periods of a trader they count for."""
    shares = counts.sum(axis=1) / counts.sum()
    seen = shares > 0.0
    if seen.sum() < 2:
        return float(shares[0]), float(shares[1]), 1.0
    cells = compress(list(counts[seen]))
    totals = cells.columns.sum(axis=0)

    def surprise(log_strength: float) -> float:
        strength = np.exp(log_strength)
        prior = strength * shares[seen][:, None]
        logs = gammaln(strength) - gammaln(strength + totals)
        logs += np.sum(gammaln(prior + cells.columns) - gammaln(prior), axis=0)
        return -float(np.sum(logs * cells.weights)) / cells.total

    bounds = (np.log(WEAKEST_PRIOR), np.log(STRONGEST_PRIOR))
    end = minimize_scalar(surprise, bounds=bounds, method="bounded")
    return float(shares[0]), float(shares[1]), float(np.exp(end.x))


def _shares(statistics: ValueStatistics, group: GroupValue) -> _Shares:
    negative, zero, positive = _counts(statistics)
    total = negative + zero + positive + group.strength
    return _Shares(
        (negative + group.strength * group.negative_share) / total,
        (zero + group.strength * group.zero_share) / total,
    )


def _points(dimensions: int) -> FloatArray:
    """Evenly spread points in the unit cube, (dimensions, DRAWS): Roberts' R sequence (2018)."""
    root = 2.0
    for _ in range(60):
        root = (1.0 + root) ** (1.0 / (dimensions + 1.0))
    steps = root ** -np.arange(1.0, dimensions + 1.0)
    return np.asarray((0.5 + steps[:, None] * np.arange(1, DRAWS + 1)) % 1.0)


PERIODS, LEVEL, SPREAD, COST_LEVEL, COST_SPREAD, COSTLY, IDLE = _points(7)
"""Coordinates of the points, (DRAWS,) each: what varies in a trader's total."""


def _periods(chances: FloatArray) -> IntArray:
    """Active periods at each point, (n, DRAWS), from their probabilities (n, h + 1)."""
    result = np.zeros((len(chances), DRAWS), dtype=np.int64)
    below = np.zeros(len(chances))
    for column in chances.T[:-1]:
        below = below + column
        result += below[:, None] <= PERIODS
    return result


def _totals(statistics: ValueStatistics, group: GroupValue, periods: IntArray) -> FloatArray:
    """Total value at each point, (n, DRAWS)."""
    shares = _shares(statistics, group)
    costly = np.floor(shares.negative[:, None] * periods + COSTLY).astype(np.int64)
    idle = np.floor(shares.zero[:, None] * periods + IDLE).astype(np.int64)
    worthy = np.maximum(periods - costly - idle, 0)
    result = np.zeros(periods.shape)
    if group.positive is not None:
        result += _sum_of(worthy, group.positive, statistics.positive, LEVEL, SPREAD)
    if group.negative is not None:
        result -= _sum_of(costly, group.negative, statistics.negative, COST_LEVEL, COST_SPREAD)
    return result


def _sum_of(
    count: IntArray, magnitude: Magnitude, sums: LogSums, level: FloatArray, spread: FloatArray
) -> FloatArray:
    """Sum of `count` values at each point, (n, DRAWS); lognormal by its first two moments."""
    mean, variance = magnitude.posterior(sums)
    number = np.arange(int(count.max(initial=0)) + 1, dtype=np.float64)
    width = np.log1p(np.expm1(magnitude.within) / np.maximum(number, 1.0))
    with np.errstate(divide="ignore"):
        shift = np.log(number) + 0.5 * (magnitude.within - width)
    logs = mean[:, None] + np.sqrt(variance)[:, None] * ndtri(level)
    logs = logs + shift[count] + np.sqrt(width)[count] * ndtri(spread)
    return np.asarray(np.exp(logs))
