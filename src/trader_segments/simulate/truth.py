"""What was planted: tables beside the raw ones, never in them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from trader_segments.simulate.archetypes import NAMES
from trader_segments.simulate.clients import group_wallet, service_wallet, wallets
from trader_segments.simulate.fills import Orders
from trader_segments.simulate.market import DAY_MS, REGIMES, Market
from trader_segments.simulate.population import Population, own_taste
from trader_segments.simulate.structures import EXECUTIONS, STRATEGIES
from trader_segments.simulate.tastes import ATTRIBUTE_MEAN, ATTRIBUTE_SCALE, ATTRIBUTES
from trader_segments.simulate.trades import Trades
from trader_segments.simulate.writer import dates, flags, identifiers, labels, plain_table


def truth_tables(
    population: Population, market: Market, trades: Trades, orders: Orders
) -> dict[str, pa.Table]:
    """The planted truth by name."""
    return {
        "traders": _traders(population),
        "taste_scales": plain_table(
            {
                "attribute": pa.array(ATTRIBUTES),
                "mean": ATTRIBUTE_MEAN,
                "scale": ATTRIBUTE_SCALE,
            }
        ),
        "regimes": plain_table(
            {
                "day": dates(market.grid_ms // DAY_MS + np.arange(len(market.regime))),
                "regime": labels(market.regime, REGIMES),
            }
        ),
        "wash_pairs": plain_table(
            {
                "trader_a": identifiers("T", population.wash_pairs[:, 0]),
                "trader_b": identifiers("T", population.wash_pairs[:, 1]),
            }
        ),
        "shared_addresses": _shared_addresses(population),
        "strategies": _strategies(population, trades, orders),
    }


def _traders(population: Population) -> pa.Table:
    roles = population.roles
    first = slice(0, len(population))
    moves = population.mover_day >= 0
    at_end = np.where(moves, population.archetype_after, population.archetype)
    taste = own_taste(population)
    unknown = np.isnan(taste[:, 0])
    return plain_table(
        {
            "trader_id": identifiers("T", np.arange(len(population))),
            "archetype": labels(population.archetype, NAMES),
            "secondary_archetype": labels(population.secondary, NAMES),
            "secondary_weight": population.secondary_weight,
            "mover_day": pa.array(population.mover_day, mask=~moves),
            "archetype_after": labels(population.archetype_after, NAMES),
            "archetype_at_end": labels(at_end, NAMES),
            "join_day": population.join_day,
            "leave_day": population.leave_day,
            "ticket_usd": population.ticket_usd,
            "leverage": roles.leverage[first],
            "sessions_per_week": roles.sessions_per_week[first],
            "trades_per_session": roles.trades_per_session[first],
            "hold_hours": roles.hold_hours[first],
            "maker_share": roles.maker_share[first],
            "bitcoin_share": population.asset_shares[:, 0],
            **{
                f"taste_{name}": pa.array(column, mask=unknown)
                for name, column in zip(ATTRIBUTES, taste.T, strict=True)
            },
        }
    )


def _shared_addresses(population: Population) -> pa.Table:
    """Traders who fund from one address, and customers of the exchange that sends for many."""
    grouped = np.flatnonzero(population.funding_group >= 0)
    grouped = grouped[np.argsort(population.funding_group[grouped], kind="stable")]
    served = np.flatnonzero(population.uses_service)
    address = np.concatenate(
        [
            group_wallet(population, grouped),
            np.full(len(served), service_wallet(population)),
        ]
    )
    return plain_table(
        {
            "address": wallets(address),
            "trader_id": identifiers("T", np.concatenate([grouped, served])),
            "is_service": flags(np.arange(len(address)) >= len(grouped)),
        }
    )


def _strategies(population: Population, trades: Trades, orders: Orders) -> pa.Table:
    """The orders that opened and closed the legs of each structure."""
    order = np.flatnonzero(trades.structure[orders.trade] >= 0)
    trade = orders.trade[order]
    rows = np.lexsort((order, trades.structure[trade]))
    order, trade = order[rows], trade[rows]
    return plain_table(
        {
            "strategy_id": trades.structure[trade],
            "trader_id": identifiers("T", population.roles.trader[trades.role[trade]]),
            "strategy": labels(trades.strategy[trade], STRATEGIES),
            "execution": labels(trades.execution[trade], EXECUTIONS),
            "order_id": identifiers("O", order, 9),
            "is_opening": flags(~orders.is_close[order]),
        }
    )
