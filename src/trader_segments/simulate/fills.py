"""Executions of the trades: orders split into fills, priced off the mark, with fees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from trader_segments.simulate.market import (
    OPTION,
    BoolArray,
    FloatArray,
    IntArray,
    Market,
    Quote,
)
from trader_segments.simulate.population import Population
from trader_segments.simulate.trades import Trades

_OPTION_FEE: Final = 0.0003
_OPTION_FEE_CAP: Final = 0.125
_LIQUIDATION_FEE: Final = 0.0075


@dataclass(frozen=True)
class Orders:
    """Executed orders (`n_orders`): the opening and the closing order of each trade."""

    trade: IntArray
    account: IntArray
    instrument: IntArray
    side: IntArray
    lots: IntArray
    start_ms: IntArray
    span_ms: IntArray
    children: IntArray
    is_maker: BoolArray
    is_liquidation: BoolArray
    is_close: BoolArray

    def __len__(self) -> int:
        return len(self.trade)


@dataclass(frozen=True)
class Fills:
    """Executions in order of time (`n_fills`); `fee` is in `fee_currency`."""

    order: IntArray
    account: IntArray
    instrument: IntArray
    side: IntArray
    lots: IntArray
    quantity: FloatArray
    executed_ms: IntArray
    price: FloatArray
    index_price: FloatArray
    mark_iv: FloatArray
    fee: FloatArray
    fee_currency: IntArray
    is_maker: BoolArray

    def __len__(self) -> int:
        return len(self.order)


def execute(
    rng: np.random.Generator, trades: Trades, population: Population, market: Market
) -> tuple[Orders, Fills]:
    """Turn trades into orders and fills inside the venue's window."""
    orders = _orders(rng, trades, market)
    count = np.minimum(orders.children, orders.lots)
    order = np.repeat(np.arange(len(orders)), count)
    child = np.arange(len(order)) - np.repeat(count.cumsum() - count, count)
    cumulative = (child + 1) * orders.lots[order] // count[order]
    lots = cumulative - child * orders.lots[order] // count[order]
    step = (child + rng.random(len(order))) / count[order]
    executed_ms = orders.start_ms[order] + (step * orders.span_ms[order]).astype(np.int64)

    by_time = np.lexsort((child, order, executed_ms))
    order, lots, executed_ms = order[by_time], lots[by_time], executed_ms[by_time]
    book = market.instruments
    instrument, side = orders.instrument[order], orders.side[order]
    is_maker = orders.is_maker[order]
    quote = market.quote(instrument, executed_ms)
    price = np.where((side > 0) == is_maker, quote.bid, quote.ask)
    quantity = lots * book.lot[instrument]
    fee = _fees(orders, order, trades, population, market, quote, price, quantity)
    return orders, Fills(
        order=order,
        account=orders.account[order],
        instrument=instrument,
        side=side,
        lots=lots,
        quantity=quantity,
        executed_ms=executed_ms,
        price=price,
        index_price=np.round(quote.spot, 4),
        mark_iv=np.round(quote.volatility, 4),
        fee=np.round(fee, 8),
        fee_currency=book.settlement[instrument],
        is_maker=is_maker,
    )


def _orders(rng: np.random.Generator, trades: Trades, market: Market) -> Orders:
    book = market.instruments
    expires = book.expires_ms[trades.instrument]
    last = np.minimum(expires, market.end_ms) - trades.span_ms - 1_000
    opened = np.flatnonzero(trades.open_ms < last)
    closed = np.flatnonzero((trades.open_ms < last) & (trades.close_ms < last))
    trade = np.concatenate([opened, closed])
    is_close = np.arange(len(trade)) >= len(opened)
    is_liquidation = is_close & (trades.leverage[trade] < 0)
    start_ms = np.where(is_close, trades.close_ms[trade], trades.open_ms[trade])
    instrument = trades.instrument[trade]
    is_maker = (rng.random(len(trade)) < trades.maker[trade]) & ~is_liquidation
    rows = np.lexsort((trade, start_ms))
    trade = trade[rows]
    return Orders(
        trade=trade,
        account=trades.account[trade],
        instrument=instrument[rows],
        side=np.where(is_close[rows], -trades.side[trade], trades.side[trade]),
        lots=trades.lots[trade],
        start_ms=start_ms[rows],
        span_ms=trades.span_ms[trade],
        children=trades.children[trade],
        is_maker=is_maker[rows],
        is_liquidation=is_liquidation[rows],
        is_close=is_close[rows],
    )


def _fees(
    orders: Orders,
    order: IntArray,
    trades: Trades,
    population: Population,
    market: Market,
    quote: Quote,
    price: FloatArray,
    quantity: FloatArray,
) -> FloatArray:
    """Fee of each fill in the settlement currency; negative for a rebate.

    Delta-one instruments pay basis points of notional, options a rate of their underlying capped
    at 12.5 % of the option's price; liquidations pay a further fee.
    """
    book = market.instruments
    instrument = orders.instrument[order]
    archetype = population.archetype[population.roles.trader[trades.role[orders.trade[order]]]]
    maker_bps, taker_bps, option_maker = (
        np.array([getattr(a, name) for a in population.archetypes])[archetype]
        for name in ("maker_fee_bps", "taker_fee_bps", "option_maker_fee")
    )
    is_maker = orders.is_maker[order]
    rate = np.where(is_maker, maker_bps, taker_bps) / 1e4
    rate = rate + np.where(orders.is_liquidation[order], _LIQUIDATION_FEE, 0.0)
    notional = quantity * np.abs(book.value(instrument, price))
    option_rate = np.where(is_maker, option_maker, _OPTION_FEE)
    unit = np.where(book.is_inverse[instrument], 1.0, quote.spot)
    per_unit = np.minimum(np.abs(option_rate) * unit, _OPTION_FEE_CAP * price)
    option_fee = quantity * book.multiplier[instrument] * np.sign(option_rate) * per_unit
    return np.where(book.kind[instrument] == OPTION, option_fee, notional * rate)
