"""Raw tables of trading: fills, orders, quotes, positions, prices and funding."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
    QUOTE_STEP_MS,
    SPOT,
    WARM_UP_DAYS,
    IntArray,
    Market,
)
from trader_segments.simulate.structures import BLOCK, COMBO
from trader_segments.simulate.tastes import quoted_steps
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
_LATE_SHARE: Final = 0.001
_BLOCK_USD: Final = 500_000.0


def ingested_at(rng: np.random.Generator, event_ms: IntArray) -> IntArray:
    """When the hourly load picked each event up; one in a thousand arrives days late."""
    load = (event_ms // HOUR_MS + 1) * HOUR_MS + 5 * 60_000
    late = rng.random(len(event_ms)) < _LATE_SHARE
    return load + np.where(late, rng.integers(1, 4, len(event_ms)) * DAY_MS, 0)


def fills_table(
    rng: np.random.Generator,
    fills: Fills,
    orders: Orders,
    trades: Trades,
    ledger: Ledger,
    market: Market,
) -> pa.Table:
    """`fills`, in order of execution."""
    number = np.arange(len(fills))
    book = market.instruments
    combo, block = _combos_and_blocks(orders, trades)
    usd = fills.lots * book.lot_usd(fills.instrument, fills.index_price)
    is_large = (book.kind[fills.instrument] == OPTION) & (usd > _BLOCK_USD)
    block = np.where((block < 0)[fills.order] & is_large, fills.order, block[fills.order])
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
            "combo_id": identifiers("C", combo[fills.order]),
            "block_trade_id": identifiers("B", block, 9),
            "ingested_at": timestamps(ingested_at(rng, fills.executed_ms)),
        },
    )


def _combos_and_blocks(orders: Orders, trades: Trades) -> tuple[IntArray, IntArray]:
    """Combo and block of each opening order, -1 for none; a block is named by its first order."""
    opens = np.flatnonzero(~orders.is_close)
    structure, execution = (
        column[orders.trade[opens]] for column in (trades.structure, trades.execution)
    )
    combo, block = np.full(len(orders), -1), np.full(len(orders), -1)
    combo[opens] = np.where(execution == COMBO, structure, -1)
    at = np.flatnonzero(execution == BLOCK)
    _, first, number = np.unique(structure[at], return_index=True, return_inverse=True)
    block[opens[at]] = opens[at[first]][number]
    return combo, block


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
    """`quotes`: best quotes every six hours for options with a bid, every hour for the rest."""
    book = market.instruments
    is_option = book.kind == OPTION
    slow, fast = (quoted_steps(market, every) for every in (QUOTE_STEP_MS, HOUR_MS))
    instrument, ms = (
        np.concatenate([some[is_option[slow[0]]], others[~is_option[fast[0]]]])
        for some, others in zip(slow, fast, strict=True)
    )
    rows = np.lexsort((instrument, ms))
    instrument, ms = instrument[rows], ms[rows]
    quote = market.quote(instrument, ms)
    shown = np.flatnonzero(quote.is_two_sided)
    return raw_table(
        "quotes",
        {
            "instrument_id": labels(instrument[shown], book.names),
            "quoted_at": timestamps(ms[shown]),
            "bid": decimals(quote.bid[shown]),
            "ask": decimals(quote.ask[shown]),
            "mark_price": decimals(np.round(quote.mark[shown], 6)),
            "mark_iv": decimals(np.round(quote.volatility[shown], 4)),
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
