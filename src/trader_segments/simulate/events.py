"""Raw tables of trading: fills, orders, quotes, positions, prices and funding."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trader_segments.simulate.archetypes import ARCHETYPES
from trader_segments.simulate.fills import Fills, Orders
from trader_segments.simulate.ledger import Ledger
from trader_segments.simulate.market import (
    ASSETS,
    CURRENCIES,
    DAY_MS,
    HOUR_MS,
    KINDS,
    NEVER_MS,
    OPTION,
    SPOT,
    WARM_UP_DAYS,
    BoolArray,
    IntArray,
    Market,
)
from trader_segments.simulate.population import Population
from trader_segments.simulate.trades import Trades
from trader_segments.simulate.writer import (
    NULL_MS,
    dates,
    decimals,
    flags,
    identifiers,
    labels,
    raw_table,
    timestamps,
)

SIDES: Final = ("sell", "buy")
_EVENTS: Final = ("insert", "amend", "cancel", "fill", "reject", "expire")
_INSERT, _AMEND, _CANCEL, _FILL, _REJECT, _EXPIRE = range(6)
_ORDER_TYPES: Final = ("limit", "market", "stop")
_LIMIT, _MARKET, _STOP = range(3)
_TIMES_IN_FORCE: Final = ("gtc", "ioc", "fok", "post_only")
_GTC, _IOC, _FOK, _POST_ONLY = range(4)
_CHANNELS: Final = ("api", "web", "mobile")
_LATE_SHARE: Final = 0.001
_BLOCK_USD: Final = 500_000.0


def ingested_at(rng: np.random.Generator, event_ms: IntArray) -> IntArray:
    """When the hourly load picked each event up; one in a thousand arrives days late."""
    load = (event_ms // HOUR_MS + 1) * HOUR_MS + 5 * 60_000
    late = rng.random(len(event_ms)) < _LATE_SHARE
    return load + np.where(late, rng.integers(1, 4, len(event_ms)) * DAY_MS, 0)


def fills_table(
    rng: np.random.Generator, fills: Fills, orders: Orders, ledger: Ledger, market: Market
) -> pa.Table:
    """`fills`, in order of execution."""
    number = np.arange(len(fills))
    book = market.instruments
    combo = orders.combo[fills.order]
    usd = fills.lots * book.lot_usd(fills.instrument, fills.index_price)
    is_option = book.kind[fills.instrument] == OPTION
    is_block = is_option & (usd > _BLOCK_USD)
    return raw_table(
        "fills",
        {
            "fill_id": identifiers("F", number, 9),
            "account_id": identifiers("A", fills.account),
            "instrument_id": labels(fills.instrument, book.names),
            "executed_at": timestamps(fills.executed_ms),
            "side": labels(np.where(fills.side > 0, 1, 0), SIDES),
            "quantity": decimals(fills.quantity),
            "price": decimals(fills.price),
            "order_id": identifiers("O", fills.order, 9),
            "fee": decimals(fills.fee),
            "fee_currency": labels(fills.fee_currency, CURRENCIES),
            "liquidity_role": labels(np.where(fills.is_maker, 1, 0), ("taker", "maker")),
            "realized_pnl": decimals(ledger.realized_pnl),
            "index_price": decimals(fills.index_price),
            "mark_iv": decimals(fills.mark_iv),
            "is_liquidation": flags(orders.is_liquidation[fills.order]),
            "combo_id": identifiers("C", combo),
            "block_trade_id": identifiers("B", np.where(is_block, fills.order, -1), 9),
            "ingested_at": timestamps(ingested_at(rng, fills.executed_ms)),
        },
    )


def instruments_table(market: Market) -> pa.Table:
    """`instruments`: everything listed during the window."""
    book = market.instruments
    option_type = np.where(book.option_sign == 0, -1, np.where(book.option_sign > 0, 0, 1))
    return raw_table(
        "instruments",
        {
            "instrument_id": pa.array(book.names, pa.string()),
            "kind": labels(book.kind, KINDS),
            "underlying": labels(book.asset, ASSETS),
            "quote_currency": labels(book.quote, CURRENCIES),
            "settlement_currency": labels(book.settlement, CURRENCIES),
            "is_inverse": flags(book.is_inverse),
            "contract_multiplier": decimals(book.multiplier),
            "strike": decimals(np.where(book.option_sign == 0, np.nan, book.strike)),
            "option_type": labels(option_type, ("call", "put")),
            "expires_at": timestamps(
                np.where(book.expires_ms == NEVER_MS, NULL_MS, book.expires_ms)
            ),
            "listed_at": timestamps(book.listed_ms),
        },
    )


def orders_table(
    rng: np.random.Generator,
    orders: Orders,
    fills: Fills,
    trades: Trades,
    population: Population,
    market: Market,
) -> pa.Table:
    """`orders`: the events of executed orders, and of a sample of orders that never traded."""
    n = len(orders)
    is_first = np.zeros(len(fills), dtype=bool)
    is_first[np.unique(fills.order, return_index=True)[1]] = True
    first_fill = np.empty(n, dtype=np.int64)
    first_fill[fills.order[is_first]] = np.flatnonzero(is_first)

    role = trades.role[orders.trade]
    trader = population.roles.trader[role]
    unfilled = np.array([a.unfilled_per_order for a in ARCHETYPES])[
        population.roles.archetype[role]
    ]
    extra = np.repeat(np.arange(n), rng.poisson(unfilled))
    parent = np.concatenate([np.arange(n), extra])
    is_unfilled = np.arange(len(parent)) >= n
    reference = first_fill[parent]

    crosses = ~orders.is_maker[parent] & ~is_unfilled
    is_forced = orders.is_liquidation[parent] & ~is_unfilled
    order_type, force = _order_terms(rng, crosses, is_forced)
    wait = np.where(
        crosses, rng.integers(5, 300, len(parent)), rng.exponential(90_000, len(parent))
    )
    filled_ms = fills.executed_ms[reference]
    away = rng.integers(-2 * HOUR_MS, 2 * HOUR_MS, len(parent))
    around = np.clip(filled_ms + away, market.start_ms, market.end_ms - HOUR_MS // 2)
    book = market.instruments
    listed, expires = (x[orders.instrument[parent]] for x in (book.listed_ms, book.expires_ms))
    around = np.clip(around, listed, expires - HOUR_MS // 2)
    insert_ms = np.where(
        is_unfilled, around, np.maximum(filled_ms - wait.astype(np.int64), market.start_ms)
    )
    lots = orders.lots[parent]

    unfilled_rows = np.flatnonzero(is_unfilled)
    removed_ms = insert_ms[unfilled_rows] + np.minimum(
        rng.exponential(60_000, len(unfilled_rows)) + 50, HOUR_MS // 3
    ).astype(np.int64)
    ends = rng.choice([_CANCEL, _REJECT, _EXPIRE], len(unfilled_rows), p=[0.93, 0.04, 0.03])
    can_amend = ~crosses & ~is_unfilled & (wait > 2_000)
    amended = np.flatnonzero(can_amend & (rng.random(len(parent)) < 0.2))
    amended_ms = insert_ms[amended] + (
        (filled_ms - insert_ms)[amended] * rng.uniform(0.1, 0.9, len(amended))
    ).astype(np.int64)

    order = np.concatenate([np.arange(len(parent)), unfilled_rows, amended, fills.order])
    event = np.concatenate(
        [
            np.full(len(parent), _INSERT),
            ends,
            np.full(len(amended), _AMEND),
            np.full(len(fills), _FILL),
        ]
    )
    event_ms = np.concatenate([insert_ms, removed_ms, amended_ms, fills.executed_ms])
    quote = np.concatenate(
        [reference, reference[unfilled_rows], reference[amended], np.arange(len(fills))]
    )
    quantity = lots * book.lot[orders.instrument[parent]]
    quantity = np.concatenate(
        [quantity, quantity[unfilled_rows], quantity[amended], fills.quantity]
    )
    side = orders.side[parent][order]
    limit = np.where(side > 0, fills.bid[quote], fills.ask[quote])
    price = np.where(event == _FILL, fills.price[quote], limit)
    price = np.where((event != _FILL) & crosses[order], fills.price[quote], price)
    price = np.where((event != _FILL) & (order_type[order] == _MARKET), np.nan, price)
    by_api = population.uses_api[trader]
    device = np.where(rng.random(n) < 0.45, 1, 2)
    channel = np.where(by_api, 0, device)[parent]

    rows = np.lexsort((event, order, event_ms))
    order, event, event_ms, quote = order[rows], event[rows], event_ms[rows], quote[rows]
    return raw_table(
        "orders",
        {
            "order_event_id": identifiers("E", np.arange(len(rows)), 9),
            "order_id": identifiers("O", order, 9),
            "account_id": identifiers("A", orders.account[parent][order]),
            "instrument_id": labels(orders.instrument[parent][order], book.names),
            "event_type": labels(event, _EVENTS),
            "event_at": timestamps(event_ms),
            "side": labels(np.where(side[rows] > 0, 1, 0), SIDES),
            "price": decimals(price[rows]),
            "quantity": decimals(quantity[rows]),
            "order_type": labels(order_type[order], _ORDER_TYPES),
            "time_in_force": labels(force[order], _TIMES_IN_FORCE),
            "channel": labels(channel[order], _CHANNELS),
            "best_bid": decimals(fills.bid[quote]),
            "best_ask": decimals(fills.ask[quote]),
            "ingested_at": timestamps(ingested_at(rng, event_ms)),
        },
    )


def _order_terms(
    rng: np.random.Generator, crosses: BoolArray, is_forced: BoolArray
) -> tuple[IntArray, IntArray]:
    """Type and time in force of orders that cross the spread, are forced, or rest in the book."""
    n = len(crosses)
    order_type = np.where(crosses, rng.choice([_MARKET, _LIMIT, _STOP], n, p=[0.6, 0.35, 0.05]), 0)
    order_type = np.where(is_forced, _MARKET, order_type)
    immediate = rng.choice([_IOC, _FOK, _GTC], n, p=[0.6, 0.05, 0.35])
    resting = rng.choice([_POST_ONLY, _GTC], n, p=[0.55, 0.45])
    force = np.select(
        [order_type == _MARKET, order_type == _STOP, crosses], [_IOC, _GTC, immediate], resting
    )
    return order_type, force


def _live_days(market: Market) -> tuple[IntArray, IntArray]:
    """Instrument and day of every end of day at which an instrument is listed and not expired."""
    book = market.instruments
    first = np.maximum(-(-(book.listed_ms - market.start_ms) // DAY_MS), 0)
    last = np.minimum((book.expires_ms - market.start_ms) // DAY_MS, market.days)
    alive = np.maximum(last - first, 0)
    instrument = np.repeat(np.arange(len(book)), alive)
    day = first[instrument] + np.arange(len(instrument)) - np.repeat(alive.cumsum() - alive, alive)
    return instrument, day


def quotes_table(market: Market) -> pa.Table:
    """`quotes`: one best quote a day at 23:55 for options, and one an hour for the rest."""
    book = market.instruments
    instrument, day = _live_days(market)
    ms = market.start_ms + (day + 1) * DAY_MS - 5 * 60_000
    often = np.flatnonzero(book.kind[instrument] != OPTION)
    more = np.arange(1, 24) * HOUR_MS
    instrument = np.concatenate([instrument, np.repeat(instrument[often], len(more))])
    ms = np.concatenate([ms, (ms[often][:, None] - more).ravel()])
    rows = np.lexsort((instrument, ms))
    instrument, ms = instrument[rows], ms[rows]
    mark, volatility = market.mark(instrument, ms)
    tick = book.tick[instrument]
    half = np.where(book.kind[instrument] == OPTION, 0.02, 0.0001) * mark
    bid = np.maximum(np.floor((mark - half) / tick), 1) * tick
    ask = np.maximum(np.ceil((mark + half) / tick) * tick, bid + tick)
    return raw_table(
        "quotes",
        {
            "instrument_id": labels(instrument, book.names),
            "quoted_at": timestamps(ms),
            "bid": decimals(bid),
            "ask": decimals(ask),
            "mark_price": decimals(np.round(mark, 6)),
            "mark_iv": decimals(np.round(volatility, 4)),
        },
    )


def positions_table(ledger: Ledger, market: Market) -> pa.Table:
    """`positions`: what each account held of each derivative at the end of each day."""
    held = ledger.positions
    rows = np.lexsort((held.instrument, held.account, held.day))
    return raw_table(
        "positions",
        {
            "account_id": identifiers("A", held.account[rows]),
            "instrument_id": labels(held.instrument[rows], market.instruments.names),
            "snapshot_date": dates(held.day[rows] + market.start_ms // DAY_MS),
            "quantity": decimals(held.quantity[rows]),
            "mark_price": decimals(np.round(held.mark_price[rows], 6)),
            "average_entry_price": decimals(np.round(held.average_price[rows], 6)),
            "unrealized_pnl": decimals(held.unrealized_pnl[rows]),
        },
    )


def open_interest_table(ledger: Ledger, market: Market) -> pa.Table:
    """`open_interest`: all longs or all shorts, whichever is more."""
    book, held = market.instruments, ledger.positions
    instrument, day = _live_days(market)
    keep = book.kind[instrument] != SPOT
    instrument, day = instrument[keep], day[keep]
    cell = held.instrument * market.days + held.day
    size = len(book) * market.days
    longs = np.bincount(cell, np.maximum(held.quantity, 0), size)
    shorts = np.bincount(cell, np.maximum(-held.quantity, 0), size)
    rows = np.lexsort((instrument, day))
    instrument, day = instrument[rows], day[rows]
    return raw_table(
        "open_interest",
        {
            "instrument_id": labels(instrument, book.names),
            "snapshot_date": dates(day + market.start_ms // DAY_MS),
            "open_interest": decimals(np.maximum(longs, shorts)[instrument * market.days + day]),
        },
    )


def index_prices_table(market: Market) -> pa.Table:
    """`index_prices`, hourly from the first listing."""
    hours = np.arange((market.days + WARM_UP_DAYS) * 24)
    ms = np.repeat(market.grid_ms + hours * HOUR_MS, len(ASSETS))
    asset = np.tile(np.arange(len(ASSETS)), len(hours))
    return raw_table(
        "index_prices",
        {
            "asset": labels(asset, ASSETS),
            "priced_at": timestamps(ms),
            "price_usd": decimals(np.round(market.spot(asset, ms), 2)),
            "implied_volatility": decimals(np.round(market.atm_volatility(asset, ms), 4)),
        },
    )


def funding_table(ledger: Ledger, market: Market) -> pa.Table:
    """`funding_payments`, at midnight."""
    paid = ledger.funding
    rows = np.lexsort((paid.instrument, paid.account, paid.day))
    return raw_table(
        "funding_payments",
        {
            "account_id": identifiers("A", paid.account[rows]),
            "instrument_id": labels(paid.instrument[rows], market.instruments.names),
            "paid_at": timestamps(market.start_ms + paid.day[rows] * DAY_MS),
            "amount_usd": decimals(paid.amount_usd[rows]),
        },
    )


def planted_dirt(rng: np.random.Generator, fills: pa.Table) -> tuple[pa.Table, dict[str, int]]:
    """Append a sprinkle of broken and repeated fills.

    Returns the table and how many rows of each sort were added: exact duplicates, fills of zero
    quantity, fills of an instrument nobody listed, and repeats of an id with another price.
    """
    wanted = {"exact_duplicate": 20, "zero_quantity": 10, "unknown_instrument": 5, "other_price": 5}
    scale = min(1.0, len(fills) / 400)
    counts = {name: int(count * scale) for name, count in wanted.items()}
    total = sum(counts.values())
    picked = fills.take(pa.array(rng.choice(len(fills), total, replace=False)))
    sort = np.repeat(np.arange(len(counts)), list(counts.values()))
    new_id = identifiers("F", np.arange(total) + len(fills), 9)
    has_new_id = pa.array((sort == 1) | (sort == 2))

    def replace(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
        return table.set_column(table.schema.get_field_index(column), table.field(column), values)

    zero = decimals(np.zeros(total))
    dearer = decimals(2 * picked["price"].cast(pa.float64()).to_numpy())
    picked = replace(picked, "fill_id", pc.if_else(has_new_id, new_id, picked["fill_id"]))
    picked = replace(picked, "quantity", pc.if_else(pa.array(sort == 1), zero, picked["quantity"]))
    unknown = pa.scalar("DOGE-PERPETUAL")
    picked = replace(
        picked,
        "instrument_id",
        pc.if_else(pa.array(sort == 2), unknown, picked["instrument_id"]),
    )
    picked = replace(picked, "price", pc.if_else(pa.array(sort == 3), dearer, picked["price"]))
    return pa.concat_tables([fills, picked]).combine_chunks(), counts
