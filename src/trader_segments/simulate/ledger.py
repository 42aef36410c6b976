"""Bookkeeping: average cost, end-of-day positions, funding and equity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trader_segments.simulate.fills import Fills
from trader_segments.simulate.market import (
    CURRENCIES,
    DAY_MS,
    PERPETUAL,
    SPOT,
    USDC,
    FloatArray,
    IntArray,
    Market,
)


def average_cost(
    group: IntArray, signed_quantity: FloatArray, value: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Realised profit by average cost, for many positions at once.

    Walks the n-th fill of every group together, so the number of steps is the length of the longest
    group. A fill against the position realises profit on the part it closes and leaves the average
    unchanged; one that crosses zero opens the rest at its own value.

    Parameters
    ----------
    group
        Position each fill belongs to, `(n_fills,)`; fills of a group must be in order of time.
    signed_quantity
        Contracts bought (positive) or sold (negative), `(n_fills,)`.
    value
        Value of one contract in the settlement currency at the fill's price, `(n_fills,)`.

    Returns
    -------
    realized_pnl, position, average_value
        Each `(n_fills,)`: profit realised by the fill, and contracts held and their average value
        after it (0 where nothing is held).
    """
    n = len(group)
    realized, position, average = np.zeros(n), np.zeros(n), np.zeros(n)
    if n == 0:
        return realized, position, average
    by_group = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[by_group], prepend=group[by_group[0]] - 1))
    lengths = np.diff(starts, append=n)
    longest_first = np.argsort(-lengths, kind="stable")
    starts, lengths = starts[longest_first], lengths[longest_first]
    alive = np.searchsorted(-lengths, -np.arange(lengths[0]), side="left")
    held, mean = np.zeros(len(starts)), np.zeros(len(starts))
    for step, count in enumerate(alive.tolist()):
        fill = by_group[starts[:count] + step]
        traded, at, before, cost = signed_quantity[fill], value[fill], held[:count], mean[:count]
        opposite = before * traded < 0
        closed = np.where(opposite, np.minimum(np.abs(traded), np.abs(before)), 0.0)
        after = before + traded
        realized[fill] = np.sign(before) * closed * (at - cost)
        blended = (before * cost + traded * at) / np.where(after == 0, 1.0, after)
        crossed = opposite & (np.abs(traded) > np.abs(before))
        kept = np.where(opposite, np.where(crossed, at, cost), blended)
        mean[:count] = np.where(after == 0, 0.0, kept)
        held[:count] = after
        position[fill], average[fill] = held[:count], mean[:count]
    return realized, position, average


@dataclass(frozen=True)
class Positions:
    """End-of-day positions (`n_positions`); `day` counts from the venue's first."""

    account: IntArray
    instrument: IntArray
    day: IntArray
    quantity: FloatArray
    mark_price: FloatArray
    average_price: FloatArray
    unrealized_pnl: FloatArray
    notional_usd: FloatArray


@dataclass(frozen=True)
class Funding:
    """Daily funding of perpetual positions (`n_payments`), positive when received."""

    account: IntArray
    instrument: IntArray
    day: IntArray
    amount_usd: FloatArray


@dataclass(frozen=True)
class Ledger:
    """What the fills amount to.

    `realized_pnl` has one element per fill; `profit` has shape `(n_accounts, n_currencies, n_days)`
    and is what each account has gained in each currency by each day's end, deposits apart.
    """

    realized_pnl: FloatArray
    positions: Positions
    funding: Funding
    profit: FloatArray


def keep_books(fills: Fills, market: Market, accounts: int) -> Ledger:
    """Compute realised profit, positions, funding and profit per currency from the fills."""
    book, days = market.instruments, market.days
    group = fills.account * len(book) + fills.instrument
    value = book.value(fills.instrument, fills.price)
    lot = book.lot[fills.instrument]
    realized, lots_held, average = average_cost(
        group, (fills.side * fills.lots).astype(np.float64), value
    )
    realized = np.round(realized * lot, 8)
    held = lots_held * lot

    day = (fills.executed_ms - market.start_ms) // DAY_MS
    order = np.lexsort((np.arange(len(fills)), group))
    g, d = group[order], day[order]
    last_of_day = np.append((g[1:] != g[:-1]) | (d[1:] != d[:-1]), True)
    at = order[last_of_day]
    same_next = np.append(group[at][1:] == group[at][:-1], False)
    expires = book.expires_ms[fills.instrument[at]]
    expiry_day = np.where(expires < market.end_ms, (expires - market.start_ms) // DAY_MS, days)
    until = np.where(same_next, np.append(day[at][1:], days), expiry_day)
    is_held = (lots_held[at] != 0) & (book.kind[fills.instrument[at]] != SPOT)

    final = ~same_next & is_held & (expires < market.end_ms)
    ended, ended_on = at[final], expiry_day[final]
    settled = fills.instrument[ended]
    settlement = held[ended] * (
        book.value(settled, market.settlement_price(settled)) - average[ended]
    )

    at, until = at[is_held], until[is_held]
    nights = np.maximum(until - day[at], 0)
    row = np.repeat(at, nights)
    night = day[row] + np.arange(len(row)) - np.repeat(nights.cumsum() - nights, nights)
    instrument, account = fills.instrument[row], fills.account[row]
    mark = _closing_marks(market, instrument, night)
    spot = market.spot(book.asset[instrument], market.start_ms + (night + 1) * DAY_MS)
    unrealized = held[row] * (book.value(instrument, mark) - average[row])
    notional = np.rint(lots_held[row]) * book.lot_usd(instrument, spot)
    positions = Positions(
        account=account,
        instrument=instrument,
        day=night,
        quantity=held[row],
        mark_price=mark,
        average_price=book.price(instrument, average[row]),
        unrealized_pnl=unrealized,
        notional_usd=notional,
    )
    funding = _funding(positions, market)

    profit = np.zeros((accounts, len(CURRENCIES) - 1, days))
    settle = book.settlement[fills.instrument]
    is_spot = book.kind[fills.instrument] == SPOT
    cash = np.where(is_spot, -fills.side * fills.quantity * fills.price, realized) - fills.fee
    np.add.at(profit, (fills.account, settle, day), cash)
    bought = np.flatnonzero(is_spot)
    np.add.at(
        profit,
        (fills.account[bought], book.asset[fills.instrument[bought]], day[bought]),
        (fills.side * fills.quantity)[bought],
    )
    np.add.at(profit, (fills.account[ended], book.settlement[settled], ended_on), settlement)
    paid = funding.instrument
    rate = np.where(
        book.settlement[paid] == USDC,
        1.0,
        market.spot(book.asset[paid], market.start_ms + funding.day * DAY_MS),
    )
    np.add.at(
        profit, (funding.account, book.settlement[paid], funding.day), funding.amount_usd / rate
    )
    profit = profit.cumsum(axis=2)
    np.add.at(profit, (account, book.settlement[instrument], night), unrealized)
    return Ledger(realized, positions, funding, profit)


def _closing_marks(market: Market, instrument: IntArray, day: IntArray) -> FloatArray:
    key, back = np.unique(instrument * market.days + day, return_inverse=True)
    price, _ = market.mark(key // market.days, market.start_ms + (key % market.days + 1) * DAY_MS)
    return price[back]


def _funding(positions: Positions, market: Market) -> Funding:
    """Pay at midnight what the position held then owes; the last midnight is outside the window."""
    book = market.instruments
    rows = np.flatnonzero(
        (book.kind[positions.instrument] == PERPETUAL) & (positions.day + 1 < market.days)
    )
    instrument, day = positions.instrument[rows], positions.day[rows] + 1
    rate = market.funding_rate(book.asset[instrument], market.start_ms + day * DAY_MS)
    amount = np.round(-positions.notional_usd[rows] * rate, 4)
    return Funding(positions.account[rows], instrument, day, amount)
