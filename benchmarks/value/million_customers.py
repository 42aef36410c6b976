"""CPU seconds to fit each model of customer value on a million customers, and to predict them all.

Run from the project's root: python benchmarks/value/million_customers.py [millions of customers]
A year of histories by day (by week for BG/BB). The floor is one pass of NumPy over the same three
columns; the bar for fit and predictions together is 10 seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from trader_segments.value import (
    BetaGeometricBetaBinomial,
    BetaGeoNBD,
    GammaGamma,
    LognormalValue,
    ModifiedBetaGeoNBD,
    ParetoNBD,
    ValueStatistics,
)

DAYS, WEEKS = 365, 52
Columns = tuple[np.ndarray, ...]


def daily_histories(rng: np.random.Generator, count: int) -> Columns:
    """Frequency, recency and duration in days: Poisson transactions until an unseen end."""
    duration = rng.integers(1, DAYS + 1, count)
    rate = rng.gamma(0.55, 1 / 74.0, count)
    lifetime = rng.exponential(1.0 / np.maximum(rng.gamma(0.6, 1 / 82.0, count), 1e-9))
    lived = np.minimum(duration, lifetime)
    frequency = rng.poisson(rate * lived)
    latest = lived * rng.random(count) ** (1.0 / np.maximum(frequency, 1))
    return frequency, np.where(frequency > 0, np.ceil(latest), 0), duration


def weekly_histories(rng: np.random.Generator, count: int) -> Columns:
    """Active weeks, the last of them, and weeks since the first."""
    weeks = rng.integers(0, WEEKS + 1, count)
    active, leave = rng.beta(1.0, 2.0, count), rng.beta(0.7, 15.0, count)
    frequency, recency = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    stays = np.ones(count, dtype=bool)
    for week in range(1, WEEKS + 1):
        stays &= rng.random(count) >= leave
        trades = stays & (week <= weeks) & (rng.random(count) < active)
        frequency += trades
        recency[trades] = week
    return frequency, recency, weeks


def spending(rng: np.random.Generator, frequency: np.ndarray) -> Columns:
    """Transactions and their mean value."""
    rate = rng.gamma(3.7, 1 / 15.4, len(frequency))
    shape = 6.25 * np.maximum(frequency, 1)
    return frequency, rng.gamma(shape, 1.0 / (rate * np.maximum(frequency, 1)))


def values(rng: np.random.Generator, frequency: np.ndarray) -> ValueStatistics:
    """Values of each active period, one in ten below zero, summed up by trader."""
    trader = np.repeat(np.arange(len(frequency)), frequency)
    level = rng.normal(3.0, 1.5, len(frequency))
    sign = np.where(rng.random(len(trader)) < 0.1, -1.0, 1.0)
    value = sign * np.exp(level[trader] + 0.8 * rng.standard_normal(len(trader)))
    return ValueStatistics.from_rows(trader, value, len(frequency))


def seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def main(count: int) -> None:
    rng = np.random.default_rng(0)
    days, weeks = daily_histories(rng, count), weekly_histories(rng, count)
    spent, worth = spending(rng, days[0]), values(rng, np.minimum(days[0], WEEKS))
    spend, value = GammaGamma(), LognormalValue()
    runs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        type(model).__name__: (
            lambda model=model: model.fit(*days),
            lambda model=model: (model.predict(182, *days), model.probability_alive(*days)),
        )
        for model in (BetaGeoNBD(), ModifiedBetaGeoNBD(), ParetoNBD())
    }
    periods = BetaGeometricBetaBinomial()
    runs["BetaGeometricBetaBinomial"] = (
        lambda: periods.fit(*weeks),
        lambda: (periods.predict(26, *weeks), periods.probability_alive(*weeks)),
    )
    runs["GammaGamma"] = (lambda: spend.fit(*spent), lambda: spend.expected_spend(*spent))
    runs["LognormalValue"] = (lambda: value.fit(worth), lambda: value.predict(worth))
    columns = np.array(days, dtype=np.float64)
    floor = min(seconds(lambda: np.log1p(columns).sum()) for _ in range(5))
    print(f"{count:,} customers; floor: one pass of NumPy over three columns, {floor:.3f} s")
    print(f"{'':<28}{'fit':>8}{'predict':>10}{'both / floor':>14}")
    for name, (fit, predict) in runs.items():
        fitted, predicted = seconds(fit), seconds(predict)
        ratio = (fitted + predicted) / floor
        print(f"{name:<28}{fitted:>8.2f}{predicted:>10.2f}{ratio:>14.0f}")


if __name__ == "__main__":
    main(int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 1_000_000)
