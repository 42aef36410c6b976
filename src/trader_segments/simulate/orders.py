"""The raw table of order events: how orders came, waited, changed, traded and were withdrawn."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from trader_segments.simulate.events import SIDES, ingested_at
from trader_segments.simulate.fills import Fills, Orders
from trader_segments.simulate.market import HOUR_MS, BoolArray, FloatArray, IntArray, Market
from trader_segments.simulate.population import Population
from trader_segments.simulate.trades import Trades
from trader_segments.simulate.writer import (
    decimals,
    identifiers,
    labels,
    raw_table,
    timestamps,
)

_EVENTS: Final = ("insert", "amend", "cancel", "fill", "reject", "expire")
_INSERT, _AMEND, _CANCEL, _FILL, _REJECT, _EXPIRE = range(6)
_ORDER_TYPES: Final = ("limit", "market", "stop")
_LIMIT, _MARKET, _STOP = range(3)
_TIMES_IN_FORCE: Final = ("gtc", "ioc", "fok", "post_only")
_GTC, _IOC, _FOK, _POST_ONLY = range(4)
_CHANNELS: Final = ("api", "web", "mobile")
_BURST: Final = 6
_MACHINE_POST_ONLY: Final = 0.9
_PERSON_POST_ONLY: Final = 0.3


def orders_table(
    rng: np.random.Generator,
    orders: Orders,
    fills: Fills,
    trades: Trades,
    population: Population,
    market: Market,
) -> pa.Table:
    """`orders`: the events of executed orders, and of a sample of orders that never traded.

    Best bid and ask are those at each event. Orders that rest come in at the touch or, where they
    never trade, some ticks or a few percent behind it; those of machines come in bursts.
    """
    n = len(orders)
    first_fill = np.full(n, len(fills))
    np.minimum.at(first_fill, fills.order, np.arange(len(fills)))

    style = population.roles.archetype[trades.role[orders.trade]]
    by_api = population.uses_api[population.roles.trader[trades.role[orders.trade]]]
    unfilled, amends, seconds, deep = (
        np.array([getattr(a, name) for a in population.archetypes])[style]
        for name in ("unfilled_per_order", "amend_share", "quote_seconds", "deep_share")
    )
    extra = np.repeat(np.arange(n), rng.poisson(unfilled))
    parent = np.concatenate([np.arange(n), extra])
    m = len(parent)
    is_unfilled = np.arange(m) >= n
    instrument = orders.instrument[parent]

    crosses = ~orders.is_maker[parent] & ~is_unfilled
    is_forced = orders.is_liquidation[parent] & ~is_unfilled
    order_type, force = _order_terms(rng, crosses, is_forced, by_api[parent])
    rest_ms = rng.exponential(1000 * seconds[parent]) + 20
    wait = np.where(crosses, rng.integers(5, 300, m), rest_ms).astype(np.int64)
    filled_ms = fills.executed_ms[first_fill][parent]
    insert_ms = np.where(
        is_unfilled,
        _unfilled_times(rng, orders, filled_ms, parent, by_api, market),
        np.maximum(filled_ms - wait, market.start_ms),
    )
    best = market.quote(instrument, insert_ms)
    tick = market.instruments.tick[instrument]
    buys = orders.side[parent] > 0
    touch = np.where(buys, best.bid, best.ask)
    behind = np.rint(rng.exponential(2.0, m)) * tick
    far = np.ceil(touch * rng.uniform(0.01, 0.06, m) / tick) * tick
    behind = np.where(rng.random(m) < deep[parent], far, behind)
    passive = np.maximum(touch - np.where(buys, behind, -behind), tick)
    traded = fills.price[first_fill][parent]
    resting = np.where(
        buys, np.minimum(traded, best.ask - tick), np.maximum(traded, best.bid + tick)
    )
    limit = np.select([is_unfilled, crosses], [passive, traded], np.maximum(resting, tick))

    gone = np.flatnonzero(is_unfilled)
    removed_ms = insert_ms[gone] + np.minimum(rest_ms[gone], HOUR_MS // 3).astype(np.int64)
    ends = rng.choice([_CANCEL, _REJECT, _EXPIRE], len(gone), p=[0.93, 0.04, 0.03])
    amended = np.flatnonzero(~crosses & ~is_unfilled & (rng.random(m) < amends[parent]))
    amended_ms = insert_ms[amended] + (
        (filled_ms - insert_ms)[amended] * rng.uniform(0.1, 0.9, len(amended))
    ).astype(np.int64)

    order = np.concatenate([np.arange(m), gone, amended, fills.order])
    event = np.repeat([_INSERT, -1, _AMEND, _FILL], [m, len(gone), len(amended), len(fills)])
    event[m : m + len(gone)] = ends
    event_ms = np.concatenate([insert_ms, removed_ms, amended_ms, fills.executed_ms])
    price = np.concatenate([limit, limit[gone], traded[amended], fills.price])
    price = np.where((event != _FILL) & (order_type[order] == _MARKET), np.nan, price)
    whole = orders.lots * market.instruments.lot[orders.instrument]
    quantity = np.concatenate(
        [whole[parent], whole[parent[gone]], whole[parent[amended]], fills.quantity]
    )
    device = np.where(rng.random(n) < 0.45, 1, 2)
    channel = np.where(by_api, 0, device)[parent]

    rows = np.lexsort((event, order, event_ms))
    order, event, event_ms = order[rows], event[rows], event_ms[rows]
    bid, ask = _book(market, instrument[order], event_ms)
    return raw_table(
        "orders",
        {
            "order_event_id": identifiers("E", np.arange(len(rows)), 9),
            "order_id": identifiers("O", order, 9),
            "account_id": identifiers("A", orders.account[parent][order]),
            "instrument_id": labels(instrument[order], market.instruments.names),
            "event_type": labels(event, _EVENTS),
            "event_at": timestamps(event_ms),
            "side": labels(np.where(buys[order], 1, 0), SIDES),
            "price": decimals(price[rows]),
            "quantity": decimals(quantity[rows]),
            "order_type": labels(order_type[order], _ORDER_TYPES),
            "time_in_force": labels(force[order], _TIMES_IN_FORCE),
            "channel": labels(channel[order], _CHANNELS),
            "best_bid": decimals(bid),
            "best_ask": decimals(ask),
            "ingested_at": timestamps(ingested_at(rng, event_ms)),
        },
    )


def _book(market: Market, instrument: IntArray, ms: IntArray) -> tuple[FloatArray, FloatArray]:
    """Best bid and ask, in chunks that bound the memory."""
    parts = [
        (quote.bid, quote.ask)
        for at in np.array_split(np.arange(len(ms)), len(ms) // 500_000 + 1)
        for quote in [market.quote(instrument[at], ms[at])]
    ]
    bids, asks = zip(*parts, strict=True)
    return np.concatenate(bids), np.concatenate(asks)


def _unfilled_times(
    rng: np.random.Generator,
    orders: Orders,
    filled_ms: IntArray,
    parent: IntArray,
    by_api: BoolArray,
    market: Market,
) -> IntArray:
    """When orders that never traded came in: near those that did, from machines in bursts."""
    m, n = len(parent), len(orders)
    ms = filled_ms + rng.integers(-2 * HOUR_MS, 2 * HOUR_MS, m)
    machine = np.flatnonzero((np.arange(m) >= n) & by_api[parent])
    machine = machine[np.lexsort((machine, orders.account[parent[machine]]))]
    account = orders.account[parent[machine]]
    first = np.flatnonzero(np.diff(account, prepend=-1))
    within = np.arange(len(machine)) - np.repeat(first, np.diff(first, append=len(machine)))
    leader = machine[np.arange(len(machine)) - within % _BURST]
    ms[machine] = ms[leader] + within % _BURST * rng.integers(1, 40, len(machine))
    book = market.instruments
    listed, expires = (x[orders.instrument[parent]] for x in (book.listed_ms, book.expires_ms))
    ms = np.clip(ms, market.start_ms, market.end_ms - HOUR_MS // 2)
    return np.asarray(np.clip(ms, listed, expires - HOUR_MS // 2))


def _order_terms(
    rng: np.random.Generator, crosses: BoolArray, is_forced: BoolArray, by_api: BoolArray
) -> tuple[IntArray, IntArray]:
    """Type and time in force of orders that cross the spread, are forced, or rest in the book."""
    n = len(crosses)
    order_type = np.where(crosses, rng.choice([_MARKET, _LIMIT, _STOP], n, p=[0.6, 0.35, 0.05]), 0)
    order_type = np.where(is_forced, _MARKET, order_type)
    immediate = rng.choice([_IOC, _FOK, _GTC], n, p=[0.6, 0.05, 0.35])
    post_only = np.where(by_api, _MACHINE_POST_ONLY, _PERSON_POST_ONLY)
    resting = np.where(rng.random(n) < post_only, _POST_ONLY, _GTC)
    force = np.select(
        [order_type == _MARKET, order_type == _STOP, crosses], [_IOC, _GTC, immediate], resting
    )
    return order_type, force
