"""Option structures: the legs that a decision to trade an option may grow into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from trader_segments.simulate.market import STRIKES, BoolArray, FloatArray, IntArray, Market

STRATEGIES: Final = (
    "straddle",
    "strangle",
    "vertical",
    "calendar",
    "butterfly",
    "risk_reversal",
    "covered_call",
    "delta_hedged",
)
(
    STRADDLE,
    STRANGLE,
    VERTICAL,
    CALENDAR,
    BUTTERFLY,
    RISK_REVERSAL,
    COVERED_CALL,
    DELTA_HEDGED,
) = range(len(STRATEGIES))
EXECUTIONS: Final = ("combo", "block", "legs")
COMBO, BLOCK, LEGS = range(len(EXECUTIONS))
_EXECUTION_SHARES: Final = (0.5, 0.2, 0.3)
_NEAR_THE_MONEY: Final = 0.4
_EXPIRIES_AHEAD: Final = 8


@dataclass(frozen=True)
class Legs:
    """Further legs of structures (`n_legs`), beside the option chosen first.

    `decision` is the row of the decision, `units` the amount of the underlying relative to the
    first leg's, and `number` 1 or 2.
    """

    decision: IntArray
    instrument: IntArray
    side: IntArray
    units: FloatArray
    number: IntArray


def grow(
    rng: np.random.Generator,
    market: Market,
    shares: tuple[float, ...],
    anchor: IntArray,
    side: IntArray,
    ms: IntArray,
) -> tuple[IntArray, IntArray, IntArray, Legs]:
    """Draw a strategy for each option trade and list its further legs.

    Parameters
    ----------
    shares
        Probability of each of `STRATEGIES`; what remains are single options.
    anchor, side, ms
        Option, side and time of each decision, `(n,)`.

    Returns
    -------
    strategy, execution, side, legs
        Strategy of each decision, -1 where it stays single because none was drawn or its legs are
        not listed; how it is executed; the side of the option chosen first, which in a calendar is
        the opposite of the later one's; and the further legs.
    """
    n = len(anchor)
    edges = np.cumsum(shares) if shares else np.zeros(1)
    drawn = np.searchsorted(edges, rng.random(n), side="right")
    strategy = np.where(drawn < len(shares), drawn, -1)
    execution = rng.choice(len(EXECUTIONS), n, p=_EXECUTION_SHARES)
    step = rng.integers(1, 3, n)

    book = market.instruments
    asset, expiry = book.asset[anchor], market.expiry_of[anchor]
    base = market.option_base[asset, expiry]
    place, put = np.divmod(anchor - base, 2)
    spot = market.spot(asset, ms)
    chain = book.strike[base[:, None] + 2 * np.arange(STRIKES)]
    middle = np.abs(np.log(chain / spot[:, None])).argmin(axis=1)
    outward = np.where(put == 1, -1, 1)
    out_of_money = (place - middle) * outward
    quote = market.quote(anchor, ms)
    mirror = 2 * middle - place
    later = _same_strike_later(market, anchor, ms)
    is_near = np.abs(np.abs(quote.delta) - 0.5) < _NEAR_THE_MONEY / 2

    def option(at: IntArray, type_: IntArray) -> tuple[IntArray, BoolArray]:
        return base + 2 * np.clip(at, 0, STRIKES - 1) + type_, (at >= 0) & (at < STRIKES)

    perpetual = market.perpetual(asset, inverse=np.ones(n, dtype=bool))
    against = -np.sign(side * quote.delta).astype(np.int64)
    one = np.ones(n)
    other_type, _ = option(place, 1 - put)
    mirrored, has_mirror = option(mirror, 1 - put)
    further, has_further = option(place + outward * step, put)
    lower, has_lower = option(place - 1, put)
    upper, has_upper = option(place + 1, put)
    is_out = out_of_money > 0
    plans: dict[int, tuple[BoolArray, list[tuple[IntArray, IntArray, FloatArray]]]] = {
        STRADDLE: (is_near, [(other_type, side, one)]),
        STRANGLE: (is_out & has_mirror, [(mirrored, side, one)]),
        VERTICAL: (has_further, [(further, -side, one)]),
        CALENDAR: (later >= 0, [(later, side, one)]),
        BUTTERFLY: (has_lower & has_upper, [(lower, -side, one / 2), (upper, -side, one / 2)]),
        RISK_REVERSAL: (is_out & has_mirror, [(mirrored, -side, one)]),
        COVERED_CALL: (
            (put == 0) & (out_of_money >= 0) & (side < 0),
            [(market.spot_pair(asset), -side, one)],
        ),
        DELTA_HEDGED: (np.ones(n, dtype=bool), [(perpetual, against, np.abs(quote.delta))]),
    }
    parts = []
    for code, (is_possible, legs) in plans.items():
        strategy = np.where((strategy == code) & ~is_possible, -1, strategy)
        rows = np.flatnonzero(strategy == code)
        for number, (instrument, leg_side, units) in enumerate(legs, start=1):
            parts.append(
                (rows, instrument[rows], leg_side[rows], units[rows], np.full(len(rows), number))
            )
    leg_by_leg = np.isin(strategy, [COVERED_CALL, DELTA_HEDGED])
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return (
        strategy,
        np.where(leg_by_leg, LEGS, execution),
        np.where(strategy == CALENDAR, -side, side),
        Legs(*columns),
    )


def _same_strike_later(market: Market, anchor: IntArray, ms: IntArray) -> IntArray:
    """Option of the same type and strike with the next later expiry listed, -1 for none."""
    book = market.instruments
    asset, expiry = book.asset[anchor], market.expiry_of[anchor]
    put = (anchor - market.option_base[asset, expiry]) % 2
    found = np.full(len(anchor), -1)
    for ahead in range(1, _EXPIRIES_AHEAD + 1):
        at = expiry + ahead
        exists = at < len(market.expiries_ms)
        base = market.option_base[asset, np.where(exists, at, 0)]
        exists &= book.listed_ms[base] <= ms
        strikes = book.strike[base[:, None] + 2 * np.arange(STRIKES)]
        same = np.abs(strikes - book.strike[anchor][:, None]) < 1e-9
        usable = exists & same.any(axis=1) & (found < 0)
        found = np.where(usable, base + 2 * same.argmax(axis=1) + put, found)
    return found
