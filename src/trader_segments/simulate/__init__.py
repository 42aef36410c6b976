"""A sample venue: synthetic traders whose styles are known, in the raw contract's tables."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from trader_segments.simulate import clients, events
from trader_segments.simulate.fills import execute
from trader_segments.simulate.ledger import keep_books
from trader_segments.simulate.market import BASE_VOLATILITY, simulate_market
from trader_segments.simulate.orders import orders_table
from trader_segments.simulate.perturbation import Perturbation
from trader_segments.simulate.population import HYBRID_SHARE, simulate_population
from trader_segments.simulate.trades import simulate_trades
from trader_segments.simulate.truth import truth_tables
from trader_segments.simulate.writer import SCHEMAS, replaced_venue, write_table

__all__ = ["SimulationResult", "simulate", "simulate_tables"]


@dataclass(frozen=True)
class SimulationResult:
    """What was written.

    Attributes
    ----------
    out
        Folder that holds `raw/<table>.parquet` and `truth/<table>.parquet`.
    rows
        Rows of each raw table, planted dirt included.
    planted
        Rows added to `fills` on purpose to exercise rejection, by sort: `exact_duplicate`,
        `zero_quantity`, `unknown_instrument`, `other_price`.
    seconds
        Time taken.
    """

    out: Path
    rows: dict[str, int]
    planted: dict[str, int]
    seconds: float


def simulate(
    out: Path, *, traders: int = 2000, days: int = 180, seed: int = 7, perturbation: float = 0.0
) -> SimulationResult:
    """Write a sample venue's raw tables and, apart from them, the planted truth.

    The last day is always 2026-06-30. The folder appears, or replaces an earlier venue, in one
    rename. `perturbation` moves every number of the styles, the share of traders with two of them
    and the assets' volatility by deviates of so many standard deviations (`Perturbation`).

    Raises
    ------
    FileExistsError
        Where `out` holds anything but an earlier venue.
    ValueError
        Where `traders` is below 40, `days` below 30 or `perturbation` below 0.
    """
    started = time.perf_counter()
    raw, truth, planted = simulate_tables(
        traders=traders, days=days, seed=seed, perturbation=perturbation
    )
    with replaced_venue(out) as fresh:
        for name, table in raw.items():
            write_table(table, fresh / "raw" / f"{name}.parquet")
        for name, table in truth.items():
            write_table(table, fresh / "truth" / f"{name}.parquet")
    rows = {name: table.num_rows for name, table in raw.items()}
    return SimulationResult(Path(out), rows, planted, time.perf_counter() - started)


def simulate_tables(
    *, traders: int, days: int, seed: int, perturbation: float = 0.0
) -> tuple[dict[str, pa.Table], dict[str, pa.Table], dict[str, int]]:
    """The raw tables and the planted truth by name, and the planted dirt by sort."""
    if traders < 40 or days < 30:
        raise ValueError(f"a venue needs 40 traders and 30 days, got {traders} and {days}")
    stream = [np.random.default_rng([seed, part]) for part in range(8)]
    world = Perturbation(np.random.default_rng([seed, len(stream)]), perturbation)
    market = simulate_market(stream[0], days, world.amounts(BASE_VOLATILITY))
    population = simulate_population(
        stream[1], traders, days, world.archetypes(), world.probability(HYBRID_SHARE)
    )
    trades = simulate_trades(stream[2], population, market)
    orders, fills = execute(stream[3], trades, population, market)
    ledger = keep_books(fills, market, len(population.account_trader))
    fills_table, planted = events.planted_dirt(
        stream[5], events.fills_table(stream[4], fills, orders, trades, ledger, market)
    )
    tables = {
        "fills": fills_table,
        "instruments": events.instruments_table(market),
        "orders": orders_table(stream[6], orders, fills, trades, population, market),
        "quotes": events.quotes_table(market),
        "positions": events.positions_table(ledger, market),
        "open_interest": events.open_interest_table(ledger, market),
        "index_prices": events.index_prices_table(market),
        "funding_payments": events.funding_table(ledger, market),
        **clients.client_tables(stream[7], population, fills, ledger, market),
    }
    truth = truth_tables(population, market, trades, orders)
    return {name: tables[name] for name in SCHEMAS}, truth, planted
