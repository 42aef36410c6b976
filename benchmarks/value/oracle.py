"""Who knows every simulated trader's true rates, but not who has left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from trader_segments.simulate.fills import execute
from trader_segments.simulate.market import (
    ASSETS,
    BASE_VOLATILITY,
    CURRENCIES,
    DAY_MS,
    Market,
    simulate_market,
)
from trader_segments.simulate.perturbation import Perturbation
from trader_segments.simulate.population import HYBRID_SHARE, Population, simulate_population
from trader_segments.simulate.trades import simulate_trades

LIVES = 4
"""Other lives of each trader whose mean is taken as the truth."""


def true_rates(seed: int, traders: int, days: int) -> pd.DataFrame:
    """What each trader of a simulated venue is and does in a week, in the mean.

    The same traders live on for the whole window, whenever they leave in truth, in other markets
    and with other luck; weeks count from the one after they came or took up their last style.

    Returns
    -------
    `trader_id`; `active_share`, of weeks with a fill; `weekly_fee`, fees less rebates on fills in
    USD in a week; `join_day`, `leave_day`
    """
    world = Perturbation(np.random.default_rng([seed, 8]), 0.0)
    population = simulate_population(
        np.random.default_rng([seed, 1]),
        traders,
        days,
        world.archetypes(),
        world.probability(HYBRID_SHARE),
    )
    staying = _staying(population, days)
    weeks = days // 7
    settled = np.maximum(population.join_day, np.maximum(population.mover_day, 0))
    counts = np.arange(weeks) >= -(-settled // 7)[:, None]
    active, fees = np.zeros((traders, weeks)), np.zeros((traders, weeks))
    for life in range(LIVES):
        stream = [np.random.default_rng([seed, 100 + life, part]) for part in range(3)]
        market = simulate_market(stream[0], days, world.amounts(BASE_VOLATILITY))
        trades = simulate_trades(stream[1], staying, market)
        _, fills = execute(stream[2], trades, staying, market)
        week = (fills.executed_ms - market.start_ms) // (7 * DAY_MS)
        inside = week < weeks
        cell = staying.account_trader[fills.account][inside] * weeks + week[inside]
        value = (fills.fee * _dollars(market, fills.fee_currency, fills.executed_ms))[inside]
        size = traders * weeks
        active += (np.bincount(cell, minlength=size) > 0).reshape(traders, weeks)
        fees += np.bincount(cell, value, size).reshape(traders, weeks)
    lived = np.maximum(counts.sum(axis=1), 1) * LIVES
    return pd.DataFrame(
        {
            "trader_id": [f"T{number:06d}" for number in range(traders)],
            "active_share": (active * counts).sum(axis=1) / lived,
            "weekly_fee": (fees * counts).sum(axis=1) / lived,
            "join_day": population.join_day,
            "leave_day": population.leave_day,
        }
    )


def _staying(population: Population, days: int) -> Population:
    """The same traders, of whom nobody leaves."""
    roles = population.roles
    ends = roles.last_day == population.leave_day[roles.trader]
    return replace(
        population,
        leave_day=np.full(len(population), days),
        roles=replace(roles, last_day=np.where(ends, days, roles.last_day)),
    )


def _dollars(market: Market, currency: np.ndarray, at_ms: np.ndarray) -> np.ndarray:
    """US dollars per unit of each fee's currency."""
    result = np.ones(len(currency))
    names = np.array(CURRENCIES)[currency]
    for number, asset in enumerate(ASSETS):
        rows = np.flatnonzero(names == asset)
        result[rows] = market.spot(np.full(len(rows), number), at_ms[rows])
    return result


def oracle_forecast(
    rates: pd.DataFrame, silence: np.ndarray, known_days: int, weeks: int
) -> tuple[np.ndarray, float]:
    """Expected net fees of the coming weeks by true rates, (n,), and the weekly rate of leaving.

    Parameters
    ----------
    rates : of n traders who have been active, as `true_rates` returns them
    silence : (n,) whole weeks since the last active one
    known_days : days that have passed
    weeks : to come

    The oracle knows how often somebody leaves, the same for all; a trader who is silent for as long
    as this one has left with the probability of Bayes.
    """
    left = rates["leave_day"] < known_days
    lived = np.minimum(rates["leave_day"], known_days) - rates["join_day"]
    leaving = float(left.sum() / (lived.sum() / 7))
    quiet = (1.0 - leaving) * (1.0 - np.clip(rates["active_share"].to_numpy(), 1e-3, 1 - 1e-3))
    there = quiet**silence
    gone = leaving * (1.0 - quiet**silence) / (1.0 - quiet)
    stay = sum((1.0 - leaving) ** week for week in range(1, weeks + 1))
    return there / (there + gone) * rates["weekly_fee"].to_numpy() * stay, leaving
