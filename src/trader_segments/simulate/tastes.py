"""Choice of an instrument by taste: a conditional logit over what is listed and quoted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from trader_segments.simulate.market import (
    ASSETS,
    DAY_MS,
    FUTURE,
    KINDS,
    NEVER_MS,
    OPTION,
    PERPETUAL,
    QUOTE_STEP_MS,
    FloatArray,
    IntArray,
    Market,
    Quote,
)

ATTRIBUTES: Final = ("volatility", "leverage", "correlation", "tenor", "liquidity")
ATTRIBUTE_MEAN: Final = np.array([0.04, 2.5, 0.97, 2.0, 5.0])
ATTRIBUTE_SCALE: Final = np.array([0.04, 1.2, 0.04, 1.6, 2.5])
HETEROGENEITY: Final = np.array(
    [
        [1.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.7, 0.0, 0.0, 0.0],
        [-0.66, 0.0, 0.42, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.25, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.25],
    ]
)
VOLATILITY_OF_VOLATILITY: Final = 0.8
_MARGIN_RATE: Final = 0.02
_LARGEST_LEVERAGE: Final = 100.0
_SMALLEST_PREMIUM: Final = 1e-9

_POPULARITY: Final = {"option": -0.5, "future": 0.0, "perpetual": 1.5, "spot": 1.5}
_NEAR_THE_MONEY: Final = 0.5
_NEAR_EXPIRY: Final = 0.8
_IN_THE_MONEY: Final = -1.0
_LARGEST_CHUNK: Final = 1_000_000


@dataclass(frozen=True)
class Board:
    """What can be chosen (`n`), ordered by underlying and quarter of a day.

    `first` has shape `(n_assets * n_steps + 1,)`: the choice set of an asset in a step are the rows
    from `first[asset * n_steps + step]` up to the next. `attributes` are standardised, `(n, 5)`;
    `popularity` is what all traders share of an instrument's utility.
    """

    instrument: IntArray
    attributes: FloatArray
    popularity: FloatArray
    first: IntArray
    steps: int


def quoted_steps(market: Market, every_ms: int) -> tuple[IntArray, IntArray]:
    """Instrument and time of every step at which an instrument is listed and not expired."""
    book = market.instruments
    steps = market.days * DAY_MS // every_ms
    first = np.maximum(-(-(book.listed_ms - market.start_ms) // every_ms), 0)
    last = np.minimum(-(-(book.expires_ms - market.start_ms) // every_ms), steps)
    alive = np.maximum(last - first, 0)
    instrument = np.repeat(np.arange(len(book)), alive)
    step = first[instrument] + np.arange(len(instrument)) - np.repeat(alive.cumsum() - alive, alive)
    return instrument, market.start_ms + step * every_ms


def make_board(market: Market) -> Board:
    """The choice sets: instruments with two-sided quotes that outlive the step."""
    book = market.instruments
    instrument, ms = quoted_steps(market, QUOTE_STEP_MS)
    lives = book.expires_ms[instrument] > ms + QUOTE_STEP_MS
    instrument, ms = instrument[lives], ms[lives]
    quote = market.quote(instrument, ms)
    steps = market.days * DAY_MS // QUOTE_STEP_MS
    cell = book.asset[instrument] * steps + (ms - market.start_ms) // QUOTE_STEP_MS
    rows = np.lexsort((instrument, cell))
    rows = rows[quote.is_two_sided[rows]]
    measured = attributes(market, instrument, ms, quote)
    return Board(
        instrument=instrument[rows],
        attributes=((measured - ATTRIBUTE_MEAN) / ATTRIBUTE_SCALE)[rows],
        popularity=_popularity(market, instrument, ms, quote)[rows],
        first=np.searchsorted(cell[rows], np.arange(len(ASSETS) * steps + 1)),
        steps=steps,
    )


def attributes(market: Market, instrument: IntArray, ms: IntArray, quote: Quote) -> FloatArray:
    """Attributes of instruments in the order of `ATTRIBUTES`, `(n, 5)`.

    Volatility exposure is vega per 1.00 of volatility over notional; leverage is the logarithm of
    |delta| times the underlying price over the capital a unit ties up (premium of an option,
    initial margin of a perpetual or future, all of spot), at most 100 times; correlation is that
    of an instrument's price with its underlying where implied volatility moves independently with
    `VOLATILITY_OF_VOLATILITY`; tenor is `ln(1 + days to expiry)`; liquidity is minus the logarithm
    of the relative spread.
    """
    book = market.instruments
    kind = book.kind[instrument]
    is_option = kind == OPTION
    expires = book.expires_ms[instrument]
    vega = np.where(is_option, quote.vega, 0.0)
    delta = np.where(is_option, np.abs(quote.delta), 1.0)
    unit = np.where(book.is_inverse[instrument], 1.0, quote.spot)
    capital = np.where((kind == PERPETUAL) | (kind == FUTURE), _MARGIN_RATE, 1.0)
    capital = np.where(is_option, np.maximum(quote.mark / unit, _SMALLEST_PREMIUM), capital)
    leverage = np.minimum(delta / capital, _LARGEST_LEVERAGE)
    from_price = delta * np.where(is_option, quote.volatility, 1.0)
    from_volatility = vega * np.where(is_option, quote.volatility, 0.0) * VOLATILITY_OF_VOLATILITY
    days = np.where(expires < NEVER_MS, (expires - ms) / DAY_MS, 0.0)
    spread = (quote.ask - quote.bid) / ((quote.ask + quote.bid) / 2)
    columns = [
        vega,
        np.log(np.maximum(leverage, 1e-3)),
        from_price / np.maximum(np.hypot(from_price, from_volatility), 1e-12),
        np.log1p(days),
        -np.log(spread),
    ]
    return np.stack(columns, axis=1)


def _popularity(market: Market, instrument: IntArray, ms: IntArray, quote: Quote) -> FloatArray:
    """Utility that all traders share: perpetuals, and options near the money that expire soon."""
    book = market.instruments
    base = np.array([_POPULARITY[kind] for kind in KINDS])[book.kind[instrument]]
    is_option = book.kind[instrument] == OPTION
    days = np.where(is_option, (book.expires_ms[instrument] - ms) / DAY_MS, 1.0)
    strike = np.where(is_option, book.strike[instrument], quote.spot)
    width = np.where(is_option, quote.volatility, 1.0) * np.sqrt(days / 365)
    distance = np.log(strike / quote.spot) / width
    depth = np.maximum(-book.option_sign[instrument] * distance, 0.0)
    return np.asarray(
        base
        - _NEAR_THE_MONEY * np.abs(distance)
        - _NEAR_EXPIRY * np.log(days)
        + _IN_THE_MONEY * np.minimum(depth, 1.0)
    )


def choose(
    rng: np.random.Generator,
    board: Board,
    market: Market,
    asset: IntArray,
    ms: IntArray,
    taste: FloatArray,
) -> IntArray:
    """Instrument of each decision, drawn with its logit probability.

    Parameters
    ----------
    asset, ms
        Underlying and time of each decision, `(n,)`.
    taste
        Part-worths of the standardised attributes, `(n, 5)`.
    """
    cell = asset * board.steps + (ms - market.start_ms) // QUOTE_STEP_MS
    order = np.argsort(cell, kind="stable")
    draw = rng.random(len(cell))
    starts = np.flatnonzero(np.diff(cell[order], prepend=-1))
    chosen = np.empty(len(cell), dtype=np.int64)
    for start, stop in zip(starts, np.append(starts[1:], len(cell)), strict=True):
        first, last = board.first[cell[order[start]] : cell[order[start]] + 2]
        shared, offered = board.popularity[first:last], board.attributes[first:last].T
        width = max(_LARGEST_CHUNK // (last - first), 1)
        for since in range(start, stop, width):
            rows = order[since : min(since + width, stop)]
            utility = taste[rows] @ offered + shared
            weight = np.exp(utility - utility.max(axis=1, keepdims=True)).cumsum(axis=1)
            place = (weight < draw[rows, None] * weight[:, -1:]).sum(axis=1)
            chosen[rows] = board.instrument[first + place]
    return chosen
