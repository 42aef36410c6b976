"""BG/BB: active or not in each period, until the customer leaves unseen.

Fader, Hardie and Shang (2010), "Customer-Base Analysis in a Discrete-Time Noncontractual Setting",
Marketing Science 29(6). In each period a customer who is still there is active with probability p,
and before each period leaves for good with probability θ; p ~ Beta(α, β), θ ~ Beta(γ, δ). The first
active period, which made somebody a customer, is not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from trader_segments.value.cells import (
    Cells,
    FloatArray,
    compress,
    histories,
    needs_repeats,
)
from trader_segments.value.errors import NotIdentifiedError
from trader_segments.value.gamma_ratios import rising
from trader_segments.value.model import FittedModel, Likelihood


class BetaGeometricBetaBinomial(FittedModel):
    """BG/BB on (frequency, recency, periods).

    `frequency` counts active periods after the first, `recency` is the number of the last of them
    (0 where there is none) and `periods` how many there have been after the first: whole numbers
    with frequency ≤ recency ≤ periods. Every customer has their own `periods`.

    Parameters are named `alpha`, `beta`, `gamma`, `delta`.
    """

    MEANINGS: ClassVar[Mapping[str, str]] = {
        "alpha": "how often customers are active and how much they differ in it",
        "beta": "how often customers are active and how much they differ in it",
        "gamma": "how soon customers leave and how much they differ in it",
        "delta": "how soon customers leave and how much they differ in it",
    }
    STARTS = ((1.0, 1.0, 1.0, 10.0), (0.5, 2.0, 0.5, 2.0), (5.0, 5.0, 0.5, 30.0))

    def fit(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        periods: ArrayLike,
        weights: ArrayLike | None = None,
    ) -> Self:
        """Maximum likelihood.

        Parameters
        ----------
        frequency, recency, periods : (n,)
        weights : (n,) how many customers each row stands for, by default 1

        Raises
        ------
        ValueError
            If a history cannot be.
        NotIdentifiedError
            If the data cannot tell the parameters.
        """
        cells = needs_repeats(type(self).__name__, _checked(frequency, recency, periods, weights))
        if (cells.columns[0] == cells.columns[2]).all():
            raise NotIdentifiedError(
                f"{type(self).__name__}: every customer was active in every period, "
                "so nothing is known of pauses and leaving"
            )
        self._maximise(cells, np.ones(4))
        return self

    def probability_alive(
        self, frequency: ArrayLike, recency: ArrayLike, periods: ArrayLike, ahead: int = 1
    ) -> FloatArray:
        """P(still a customer `ahead` periods after the last observed one), (n,).

        With 1, the default, the customer may be active in the next period; with 0 they had not left
        by the end of the last one.
        """
        cells = _checked(frequency, recency, periods)
        _, _, gamma, delta = self._values()
        stay = _survival(gamma, delta + cells.columns[2], ahead)
        return np.asarray((self._alive(cells) * stay[:, ahead])[cells.index])

    def predict(
        self,
        horizon: int,
        frequency: ArrayLike,
        recency: ArrayLike,
        periods: ArrayLike,
        discount: float = 0.0,
    ) -> FloatArray:
        """Expected active periods among the next `horizon`, (n,).

        Parameters
        ----------
        discount : rate per period; activity in the i-th counts 1 / (1 + discount)ⁱ
        """
        cells = _checked(frequency, recency, periods)
        active, stay = self._future(cells, horizon)
        worth = (1.0 + discount) ** -np.arange(1.0, horizon + 1.0)
        expected = self._alive(cells) * active.mean * _weighted_sum(stay[:, 1:], worth)
        return np.asarray(expected[cells.index])

    def predict_variance(
        self, horizon: int, frequency: ArrayLike, recency: ArrayLike, periods: ArrayLike
    ) -> FloatArray:
        """Variance of the number of active periods among the next `horizon`, (n,)."""
        cells = _checked(frequency, recency, periods)
        active, stay = self._future(cells, horizon)
        alive = self._alive(cells)
        step = np.arange(1.0, horizon + 1.0)
        periods_left = _weighted_sum(stay[:, 1:], np.ones(horizon))
        squares_left = _weighted_sum(stay[:, 1:], 2.0 * step - 1.0)
        mean = alive * active.mean * periods_left
        square = alive * (active.spread * periods_left + active.square * squares_left)
        return np.asarray(np.maximum(square - mean**2, 0.0)[cells.index])

    def predict_distribution(
        self, horizon: int, frequency: ArrayLike, recency: ArrayLike, periods: ArrayLike
    ) -> FloatArray:
        """P(active in 0, 1, ..., `horizon` of the next `horizon` periods), (n, horizon + 1)."""
        cells = _checked(frequency, recency, periods)
        pairs = compress([cells.columns[0], cells.columns[2]])
        alpha, beta, gamma, delta = self._values()
        x, n = pairs.columns
        counts = _active_counts(alpha + x, beta + n - x, gamma, delta + n, horizon)
        alive = self._alive(cells)
        result = alive[:, None] * counts[pairs.index]
        result[:, 0] += 1.0 - alive
        return np.asarray(result[cells.index])

    def probability_inactive_next(
        self, horizon: int, frequency: ArrayLike, recency: ArrayLike, periods: ArrayLike
    ) -> FloatArray:
        """P(no activity in the next `horizon` periods), whether gone or pausing, (n,)."""
        cells = _checked(frequency, recency, periods)
        alpha, beta, gamma, delta = self._values()
        x, _, n = cells.columns
        stay = _survival(gamma, delta + n, horizon)
        pause = _survival(alpha + x, beta + n - x, horizon)
        quiet = stay[:, horizon] * pause[:, horizon]
        for step in range(horizon):
            quiet += (stay[:, step] - stay[:, step + 1]) * pause[:, step]
        alive = self._alive(cells)
        return np.asarray((1.0 - alive + alive * quiet)[cells.index])

    def _alive(self, cells: Cells) -> FloatArray:
        """P(not yet gone after the last observed period), (n_cells,)."""
        likelihood = _Likelihood(cells)
        logs, _ = likelihood(self._values())
        return np.asarray(np.exp(likelihood.log_stayed(self._values()) - logs))

    def _future(self, cells: Cells, horizon: int) -> tuple[_Moments, FloatArray]:
        alpha, beta, gamma, delta = self._values()
        x, _, n = cells.columns
        return _Moments.of(alpha + x, beta + n - x), _survival(gamma, delta + n, horizon)

    def _likelihood(self, cells: Cells) -> Likelihood:
        return _Likelihood(cells)


@dataclass(frozen=True)
class _Moments:
    """Moments of p ~ Beta(a, b): E[p], E[p²] and E[p (1 − p)]."""

    mean: FloatArray
    square: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, a: FloatArray, b: FloatArray) -> _Moments:
        mean = a / (a + b)
        return cls(mean, mean * (a + 1.0) / (a + b + 1.0), mean * b / (a + b + 1.0))


class _Likelihood:
    """The likelihood of cells, in time and memory linear in their number.

    L = S + Σ_{j = t}^{n − 1} g(x, j), where t is the recency, S that nobody left, and g(x, j) that
    the customer left after period j:

    g(x, j) = B(α + x, β + j − x) / B(α, β) · B(γ + 1, δ + j) / B(γ, δ).

    The sum is g(x, t) · R(t) with R(j) = 1 + g(x, j + 1) / g(x, j) · R(j + 1) and R(n) = 0: terms
    are positive and ratios rational, so nothing cancels, overflows or needs a gamma function. Cells
    with the same x and n share one chain of R.
    """

    def __init__(self, cells: Cells) -> None:
        x, last, n = cells.columns.astype(np.int64)
        self.x, self.last, self.n = x, last, n
        self.most = most = int(n.max(initial=0))
        chains = compress([(most - n).astype(np.float64), x.astype(np.float64)])
        self.chain = chains.index
        self.chain_n = most - chains.columns[0].astype(np.int64)
        self.chain_x = chains.columns[1].astype(np.int64)
        order = np.argsort(last, kind="stable")
        order = order[last[order] < n[order]]
        edges = np.searchsorted(last[order], np.arange(most + 1))
        self.cells_at = [order[low:high] for low, high in pairwise(edges)]

    def __call__(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        alpha, beta, gamma, delta = parameters
        x, last, n = self.x, self.last, self.n
        most = self.most + 1
        a, da = rising(alpha, most)
        b, db = rising(beta, most)
        ab, dab = rising(alpha + beta, most)
        d, dd = rising(delta, most)
        gd, dgd = rising(gamma + delta, most)
        stayed = a[x] + b[n - x] - ab[n] + d[n] - gd[n]
        left = a[x] + b[last - x] - ab[last] + np.log(gamma) + d[last] - gd[last + 1]
        sums, sum_gradients = self._sums(parameters)
        with np.errstate(divide="ignore"):
            left = np.where(last < n, left + np.log(sums), -np.inf)
        logs = np.logaddexp(stayed, left)
        still = np.exp(stayed - logs)
        gone = np.exp(left - logs)
        stayed_gradients = np.array([da[x] - dab[n], db[n - x] - dab[n], -dgd[n], dd[n] - dgd[n]])
        left_gradients = np.array(
            [
                da[x] - dab[last],
                db[last - x] - dab[last],
                1.0 / gamma - dgd[last + 1],
                dd[last] - dgd[last + 1],
            ]
        )
        left_gradients += sum_gradients / np.where(last < n, sums, 1.0)
        return logs, parameters[:, None] * (still * stayed_gradients + gone * left_gradients)

    def log_stayed(self, parameters: FloatArray) -> FloatArray:
        """log S: the history, and that the customer has not left, (n_cells,)."""
        alpha, beta, gamma, delta = parameters
        most = self.most + 1
        active = rising(alpha, most)[0][self.x] + rising(beta, most)[0][self.n - self.x]
        stay = rising(delta, most)[0] - rising(gamma + delta, most)[0]
        return np.asarray(active - rising(alpha + beta, most)[0][self.n] + stay[self.n])

    def _sums(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """R at the recency of each cell (n_cells,), and its gradient (4, n_cells)."""
        alpha, beta, gamma, delta = parameters
        sums, gradients = np.zeros(len(self.x)), np.zeros((4, len(self.x)))
        state, slope = np.zeros(len(self.chain_x)), np.zeros((4, len(self.chain_x)))
        for j in range(len(self.cells_at) - 1, -1, -1):
            begun = int(np.searchsorted(-self.chain_n, -j))
            tail, rise = state[:begun], slope[:, :begun]
            paused = beta + np.maximum(j - self.chain_x[:begun], 0)
            ratio = paused / (alpha + beta + j) * (delta + j) / (gamma + delta + j + 1.0)
            rise[0] -= tail / (alpha + beta + j)
            rise[1] += tail * (1.0 / paused - 1.0 / (alpha + beta + j))
            rise[2] -= tail / (gamma + delta + j + 1.0)
            rise[3] += tail * (1.0 / (delta + j) - 1.0 / (gamma + delta + j + 1.0))
            rise *= ratio
            tail *= ratio
            tail += 1.0
            here = self.cells_at[j]
            sums[here] = state[self.chain[here]]
            gradients[:, here] = slope[:, self.chain[here]]
        return sums, gradients


def _survival(end: FloatArray | float, stay: FloatArray, horizon: int) -> FloatArray:
    """B(end, stay + i) / B(end, stay) for i = 0..horizon, (n, horizon + 1)."""
    result = np.ones((len(stay), horizon + 1))
    for step in range(horizon):
        result[:, step + 1] = result[:, step] * (stay + step) / (end + stay + step)
    return result


def _active_counts(
    a: FloatArray, b: FloatArray, gamma: float, delta: FloatArray, horizon: int
) -> FloatArray:
    """P(k active periods | not gone at the start) for k = 0..horizon, (n, horizon + 1).

    Pólya's urn: after i periods the number of active ones is beta-binomial; each period either ends
    the customer, or draws from the urn once more.
    """
    stay = _survival(gamma, delta, horizon)
    count = np.arange(horizon + 1.0)
    urn = np.zeros((len(a), horizon + 1))
    urn[:, 0] = 1.0
    result = np.zeros_like(urn)
    for step in range(horizon):
        result += (stay[:, step] - stay[:, step + 1])[:, None] * urn
        total = (a + b + step)[:, None]
        active = urn * (a[:, None] + count) / total
        urn *= np.maximum(b[:, None] + step - count, 0.0) / total
        urn[:, 1:] += active[:, :-1]
    return np.asarray(result + stay[:, -1:] * urn)


def _weighted_sum(terms: FloatArray, weights: FloatArray) -> FloatArray:
    """Σ over columns in their order, the same for a row whatever the others are, (n,)."""
    result = np.zeros(len(terms))
    for column, weight in enumerate(weights.tolist()):
        result += weight * terms[:, column]
    return result


def _checked(
    frequency: ArrayLike, recency: ArrayLike, periods: ArrayLike, weights: ArrayLike | None = None
) -> Cells:
    cells = histories(frequency, recency, periods, weights)
    x, last, n = cells.columns
    impossible = {
        "recency or periods is no whole number": (last != np.floor(last)) | (n != np.floor(n)),
        "more active periods than there were up to the last": x > last,
    }
    for what, rows in impossible.items():
        if rows.any():
            raise ValueError(
                f"{int(rows[cells.index].sum())} of {len(cells.index)} customers: {what}"
            )
    return cells
