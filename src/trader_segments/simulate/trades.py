"""What traders set out to do: round trips, as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np

from trader_segments.simulate.archetypes import Archetype
from trader_segments.simulate.market import (
    DAY_MS,
    HOUR_MS,
    OPTION,
    PERPETUAL,
    SPOT,
    STEP_MS,
    FloatArray,
    IntArray,
    Market,
)
from trader_segments.simulate.population import (
    CAMPAIGN_DAYS,
    CAMPAIGN_UPLIFT,
    TREATMENT,
    Population,
    draw_accounts,
    draw_assets,
)
from trader_segments.simulate.structures import BLOCK, BUTTERFLY, LEGS, grow
from trader_segments.simulate.tastes import Board, choose, make_board

_INVERSE_PERPETUAL, _LINEAR_PERPETUAL, _FUTURE, _OPTION, _SPOT = range(5)
_HEDGE_PERPETUAL, _HEDGE_FUTURE, _HEDGE_PUT = range(3)
_LIQUIDATION_HORIZON_HOURS: Final = 120
_LIQUIDATION_LOSS: Final = 0.85
_LIQUIDATED_ABOVE_LEVERAGE: Final = 4.0
_LATEST_HOUR: Final = 23.0


@dataclass(frozen=True)
class Trades:
    """Round trips (`n_trades`): opened at `open_ms`, closed at `close_ms` unless still open.

    `side` is 1 for an opening purchase and -1 for an opening sale. `structure` numbers trades that
    are legs of one strategy, -1 for none; `strategy` and `execution` say which and how. `leverage`
    is 0 where the position cannot be liquidated. `children` is the intended number of executions
    of each order and `span_ms` their duration.
    """

    role: IntArray
    account: IntArray
    instrument: IntArray
    side: IntArray
    lots: IntArray
    open_ms: IntArray
    close_ms: IntArray
    maker: FloatArray
    children: IntArray
    span_ms: IntArray
    structure: IntArray
    strategy: IntArray
    execution: IntArray
    leverage: FloatArray

    def __len__(self) -> int:
        return len(self.role)


@dataclass(frozen=True)
class _Plan:
    """Decisions to trade, before an instrument is chosen (`n`)."""

    role: IntArray
    trader: IntArray
    account: IntArray
    asset: IntArray
    open_ms: IntArray
    usd: FloatArray

    def __len__(self) -> int:
        return len(self.role)

    def take(self, index: IntArray) -> _Plan:
        return _Plan(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


@dataclass(frozen=True)
class _Style:
    """The traders of one archetype and the world they trade in; `rows` are their roles."""

    rng: np.random.Generator
    population: Population
    market: Market
    board: Board
    archetype: Archetype
    rows: IntArray


def simulate_trades(rng: np.random.Generator, population: Population, market: Market) -> Trades:
    """Draw every trader's round trips over the window, in order of opening."""
    board = make_board(market)
    special: dict[str, Callable[[_Style], list[Trades]]] = {
        "volatility_seller": _volatility_trades,
        "volatility_buyer": _volatility_trades,
        "hedger": _hedger_trades,
        "basis_arbitrageur": _basis_trades,
    }
    parts: list[Trades] = []
    for code, archetype in enumerate(population.archetypes):
        rows = np.flatnonzero(population.roles.archetype == code)
        style = _Style(rng, population, market, board, archetype, rows)
        parts += special.get(archetype.name, _plain_trades)(style)
    parts.append(_wash_trades(rng, population, market))
    return _liquidated(_in_order(parts), market)


def _in_order(parts: list[Trades]) -> Trades:
    """Concatenate by opening time and number the structures as they first appear."""
    trades = _joined(parts)
    style = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = np.argsort(trades.open_ms, kind="stable")
    structure = np.where(trades.structure >= 0, trades.structure * len(parts) + style, -1)[order]
    _, first, number = np.unique(structure, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    trades = Trades(**{f.name: getattr(trades, f.name)[order] for f in fields(Trades)})
    return replace(trades, structure=np.where(structure >= 0, rank[number], -1))


def _joined(parts: list[Trades]) -> Trades:
    return Trades(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Trades)}
    )


def _plan(style: _Style) -> _Plan:
    """Sessions by day (more on volatile days), then trades within each session."""
    rng, population, market = style.rng, style.population, style.market
    roles, rows = population.roles, style.rows
    trader = roles.trader[rows]
    clock = _activity_clock(style)
    first, last = clock[roles.first_day[rows]], clock[roles.last_day[rows]]
    rate = roles.sessions_per_week[rows] / 7 * roles.weight[rows]
    sessions = np.maximum(rng.poisson(rate * (last - first)), 1)

    row = np.repeat(np.arange(len(rows)), sessions)
    drawn = first[row] + (last - first)[row] * rng.random(len(row))
    day = np.clip(np.searchsorted(clock, drawn, "right") - 1, 0, market.days - 1)
    again = _encouraged(style, trader[row], day)
    row, day = np.concatenate([row, row[again]]), np.concatenate([day, day[again]])
    account = draw_accounts(rng, population, trader[row])
    habit = population.hour_deviation[trader[row]] * rng.standard_normal(len(row))
    session_hour = (population.home_hour[trader[row]] + habit) % 24

    trades = 1 + rng.poisson(roles.trades_per_session[rows][row] - 1)
    each = np.repeat(np.arange(len(row)), trades)
    if style.archetype.round_the_clock:
        hour = rng.random(len(each)) * 24
    else:
        hour = session_hour[each] + rng.exponential(0.3, len(each))
    hour = np.minimum(hour, _LATEST_HOUR + 0.7 * rng.random(len(each)))
    who = trader[row[each]]
    return _Plan(
        role=rows[row[each]],
        trader=who,
        account=account[each],
        asset=draw_assets(rng, population, who),
        open_ms=market.start_ms + day[each] * DAY_MS + (hour * HOUR_MS).astype(np.int64),
        usd=population.ticket_usd[who] * rng.lognormal(0.0, 0.5, len(who)),
    )


def _activity_clock(style: _Style) -> FloatArray:
    """Cumulative expected activity at each midnight (`n_days + 1`), in units of a mean weekday."""
    market, archetype = style.market, style.archetype
    weekday = (market.start_ms // DAY_MS + 3 + np.arange(market.days)) % 7
    weight = market.attention**archetype.attention_exponent
    weight = weight / weight.mean() * np.where(weekday >= 5, archetype.weekend_factor, 1.0)
    return np.concatenate([[0.0], weight.cumsum()])


def _encouraged(style: _Style, trader: IntArray, day: IntArray) -> IntArray:
    """Sessions that treated traders hold twice, a share of those just after a campaign starts."""
    population = style.population
    extra = []
    for starts, arm in zip(population.campaign_day, population.campaign_arm, strict=True):
        since = day - starts
        falls = (arm[trader] == TREATMENT) & (since >= 0) & (since < CAMPAIGN_DAYS)
        extra.append(np.flatnonzero(falls & (style.rng.random(len(day)) < CAMPAIGN_UPLIFT)))
    return np.concatenate(extra)


def _trades(
    style: _Style,
    plan: _Plan,
    instrument: IntArray,
    side: IntArray,
    close_ms: IntArray,
    *,
    leverage: FloatArray | None = None,
) -> Trades:
    """Complete a plan with the execution habits of its role, which closes out when it ends."""
    rng, population, market, n = style.rng, style.population, style.market, len(plan)
    left = population.roles.last_day[plan.role]
    leave_ms = market.start_ms + left * DAY_MS + plan.open_ms % DAY_MS
    close_ms = np.where(left < market.days, np.minimum(close_ms, leave_ms), close_ms)
    span = style.archetype.execution_minutes * 60_000 * rng.lognormal(0.0, 0.7, n)
    spot = market.spot(market.instruments.asset[instrument], plan.open_ms)
    lots = np.rint(plan.usd / market.instruments.lot_usd(instrument, spot))
    return Trades(
        role=plan.role,
        account=plan.account,
        instrument=instrument,
        side=side,
        lots=np.maximum(lots, 1).astype(np.int64),
        open_ms=plan.open_ms,
        close_ms=close_ms,
        maker=population.roles.maker_share[plan.role],
        children=1 + rng.poisson(population.roles.fills_per_order[plan.role] - 1),
        span_ms=np.minimum(span, np.maximum((close_ms - plan.open_ms) * 0.3, 1)).astype(np.int64),
        structure=np.full(n, -1),
        strategy=np.full(n, -1),
        execution=np.full(n, -1),
        leverage=np.zeros(n) if leverage is None else leverage,
    )


def _option_trades(
    style: _Style, plan: _Plan, anchor: IntArray, side: IntArray, close_ms: IntArray
) -> Trades:
    """Options, some of them with further legs: at once as a combo or block, or within a minute."""
    rng, market, book = style.rng, style.market, style.market.instruments
    strategy, execution, side, legs = grow(
        rng, market, style.archetype.structures, anchor, side, plan.open_ms
    )
    is_single = strategy < 0
    structure = np.where(is_single, -1, np.arange(len(plan)))
    at_once = np.where(is_single, -1, execution)
    single = _trades(style, plan, anchor, side, close_ms)
    first = _in_one_go(
        replace(
            single,
            lots=np.where(strategy == BUTTERFLY, 2 * ((single.lots + 1) // 2), single.lots),
            structure=structure,
            strategy=strategy,
            execution=at_once,
        )
    )
    at = legs.decision
    spot = market.spot(plan.asset[at], plan.open_ms[at])
    lot_usd = book.lot_usd(legs.instrument, spot)
    units = first.lots[at] * book.lot_usd(anchor[at], spot) * legs.units
    apart = np.where(execution[at] == LEGS, legs.number * rng.integers(3_000, 15_000, len(at)), 0)
    further = _trades(
        style,
        plan.take(at),
        legs.instrument,
        legs.side,
        first.close_ms[at] + 30_000 * legs.number,
    )
    further = replace(
        further,
        lots=np.maximum(np.rint(units / lot_usd), 1).astype(np.int64),
        open_ms=plan.open_ms[at] + apart,
        structure=structure[at],
        strategy=strategy[at],
        execution=at_once[at],
    )
    return _joined([first, _in_one_go(further)])


def _in_one_go(trades: Trades) -> Trades:
    """Legs of a structure trade within two seconds, those of a block in one execution."""
    is_leg, is_block = trades.structure >= 0, trades.execution == BLOCK
    span = np.where(is_leg, np.minimum(trades.span_ms, 2_000), trades.span_ms)
    return replace(
        trades,
        span_ms=np.where(is_block, 1, span),
        children=np.where(is_block, 1, trades.children),
    )


def _by_taste(style: _Style, plan: _Plan) -> IntArray:
    """Instrument of each trade by its role's tastes."""
    taste = style.population.roles.taste[plan.role]
    return choose(style.rng, style.board, style.market, plan.asset, plan.open_ms, taste)


def _choose(style: _Style, plan: _Plan) -> IntArray:
    """Place in `INSTRUMENT_MIX` of each trade, by the trader's own mix."""
    edges = style.population.roles.mix[plan.role].cumsum(axis=1)[:, :-1]
    return np.asarray((style.rng.random(len(plan))[:, None] > edges).sum(axis=1))


def _delta_one(style: _Style, plan: _Plan, choice: IntArray) -> IntArray:
    """Perpetual, future or spot instrument for each trade."""
    market = style.market
    instrument = market.perpetual(plan.asset, inverse=choice == _INVERSE_PERPETUAL)
    instrument = np.where(choice == _SPOT, market.spot_pair(plan.asset), instrument)
    dated = np.flatnonzero(choice == _FUTURE)
    tenor = style.rng.lognormal(np.log(40.0), 0.5, len(dated)) * DAY_MS
    instrument[dated] = market.future(plan.asset[dated], plan.open_ms[dated], tenor)
    return instrument


def _closing(style: _Style, plan: _Plan, spread: float) -> IntArray:
    """When each trade is closed, by the trader's own holding time and a lognormal spread."""
    median = style.population.roles.hold_hours[plan.role]
    hours = median * style.rng.lognormal(0.0, spread, len(plan))
    return plan.open_ms + np.maximum(hours * HOUR_MS, 2_000).astype(np.int64)


def _by_mix(style: _Style, plan: _Plan) -> IntArray:
    """Instrument of each trade by its role's mix of kinds, options around the money."""
    rng, market = style.rng, style.market
    choice = _choose(style, plan)
    instrument = _delta_one(style, plan, choice)
    options = np.flatnonzero(choice == _OPTION)
    instrument[options] = market.option(
        plan.asset[options],
        plan.open_ms[options],
        rng.lognormal(np.log(12.0), 0.6, len(options)) * DAY_MS,
        rng.normal(0.0, 0.8, len(options)),
        rng.random(len(options)) < 0.55,
    )
    return instrument


def _plain_trades(style: _Style) -> list[Trades]:
    """Round trips in the right direction slightly or not, and options bought or sold."""
    rng, market, archetype = style.rng, style.market, style.archetype
    plan = _plan(style)
    instrument = (_by_taste if archetype.taste else _by_mix)(style, plan)
    kind = market.instruments.kind[instrument]
    close_ms = _closing(style, plan, 0.8)
    if archetype.flat_by_night:
        midnight = (plan.open_ms // DAY_MS + 1) * DAY_MS
        ends = np.minimum(midnight, market.instruments.expires_ms[instrument])
        close_ms = np.minimum(close_ms, ends - rng.integers(60_000, 660_000, len(plan)))
    price_then = market.spot(plan.asset, np.minimum(close_ms, market.end_ms))
    rises = price_then > market.spot(plan.asset, plan.open_ms)
    is_right = rng.random(len(plan)) < 0.5 + archetype.skill
    buys = rng.random(len(plan)) < archetype.buys_options
    goes_long = np.where(kind == OPTION, buys, (rises == is_right) | (kind == SPOT))
    can_fail = (kind == PERPETUAL) & (not archetype.flat_by_night)
    leverage = np.where(can_fail, style.population.roles.leverage[plan.role], 0.0)
    side = np.where(goes_long, 1, -1)
    outright, option = np.flatnonzero(kind != OPTION), np.flatnonzero(kind == OPTION)
    return [
        _trades(
            style,
            plan.take(outright),
            instrument[outright],
            side[outright],
            close_ms[outright],
            leverage=leverage[outright],
        ),
        _option_trades(
            style, plan.take(option), instrument[option], side[option], close_ms[option]
        ),
    ]


def _volatility_trades(style: _Style) -> list[Trades]:
    """Options and structures of them, often held to expiry, beside a few outright trades."""
    rng, book = style.rng, style.market.instruments
    everything = _plan(style)
    chosen = _by_taste(style, everything)
    is_option = book.kind[chosen] == OPTION
    outright, option = np.flatnonzero(~is_option), np.flatnonzero(is_option)
    plain, plan = everything.take(outright), everything.take(option)
    anchor, n = chosen[option], len(option)
    side = np.where(rng.random(n) < style.archetype.buys_options, 1, -1)
    life = np.where(rng.random(n) < 0.6, 1.0, rng.uniform(0.15, 0.9, n))
    to_expiry = book.expires_ms[anchor] - plan.open_ms
    return [
        _trades(
            style,
            plain,
            chosen[outright],
            np.where(book.kind[chosen[outright]] == SPOT, 1, rng.choice([-1, 1], len(plain))),
            _closing(style, plain, 0.6),
        ),
        _option_trades(
            style, plan, anchor, side, plan.open_ms + (to_expiry * life).astype(np.int64)
        ),
    ]


def _hedger_trades(style: _Style) -> list[Trades]:
    """A standing hedge of coin held as collateral, rolled monthly, with small adjustments.

    A third of hedgers each short the perpetual, short dated futures and buy puts.
    """
    rng, population, market = style.rng, style.population, style.market
    roles = population.roles
    tool = rng.integers(0, 3, len(roles.trader))
    asset = draw_assets(rng, population, roles.trader)

    expiries = market.expiries_ms[market.future_of_expiry[0] >= 0]
    expiries = expiries[expiries > market.start_ms + 2 * DAY_MS]
    role = np.repeat(style.rows, len(expiries))
    until = np.tile(expiries, len(style.rows))
    since = np.tile(np.concatenate([[market.start_ms], expiries[:-1]]), len(style.rows))
    trader = roles.trader[role]
    joined, left = (
        market.start_ms + day[role] * DAY_MS for day in (roles.first_day, roles.last_day)
    )
    rolled = since - rng.integers(DAY_MS, 3 * DAY_MS, len(role))
    opened = np.maximum(np.maximum(rolled, joined), market.start_ms)
    opened += rng.integers(8 * HOUR_MS, 20 * HOUR_MS, len(role))
    is_live = opened < np.minimum(np.minimum(until - 3 * DAY_MS, left), market.end_ms - HOUR_MS)
    month = np.flatnonzero(is_live)
    standing = _Plan(
        role=role[month],
        trader=trader[month],
        account=population.first_account[trader[month]],
        asset=asset[role[month]],
        open_ms=opened[month],
        usd=population.ticket_usd[trader[month]]
        * roles.weight[role[month]]
        * rng.lognormal(0.3, 0.15, len(month)),
    )
    tenor = (until[month] - standing.open_ms).astype(np.float64)
    moneyness = rng.uniform(-0.9, -0.2, len(month))
    is_call = np.zeros(len(month), dtype=bool)
    choices = [
        market.perpetual(standing.asset, inverse=~is_call),
        market.future(standing.asset, standing.open_ms, tenor),
        market.option(standing.asset, standing.open_ms, tenor, moneyness, is_call),
    ]
    uses = tool[standing.role]
    roll_ms = until[month] - rng.integers(DAY_MS, 3 * DAY_MS, len(month))
    close_ms = np.where(uses == _HEDGE_PUT, until[month], roll_ms)

    visits = _plan(style)
    adjustment = replace(
        visits,
        account=population.first_account[visits.trader],
        asset=asset[visits.role],
        usd=0.12 * visits.usd,
    )
    choice = np.where(tool[visits.role] == _HEDGE_FUTURE, _FUTURE, _INVERSE_PERPETUAL)
    return [
        _trades(
            style,
            standing,
            np.choose(uses, choices),
            np.where(uses == _HEDGE_PUT, 1, -1),
            np.maximum(close_ms, standing.open_ms + DAY_MS),
        ),
        _trades(
            style,
            adjustment,
            _delta_one(style, adjustment, choice),
            np.where(rng.random(len(visits)) < 0.93, -1, 1),
            _closing(style, adjustment, 0.5),
        ),
    ]


def _basis_trades(style: _Style) -> list[Trades]:
    """Long spot against a short perpetual or future, opened and closed together."""
    plan = _plan(style)
    short = _delta_one(style, plan, _choose(style, plan))
    expires = style.market.instruments.expires_ms[short]
    close_ms = np.minimum(_closing(style, plan, 0.5), expires - HOUR_MS)
    sides = np.ones(len(plan), dtype=np.int64)
    return [
        _trades(style, plan, style.market.spot_pair(plan.asset), sides, close_ms),
        _trades(style, plan, short, -sides, close_ms + 20_000),
    ]


def _wash_trades(rng: np.random.Generator, population: Population, market: Market) -> Trades:
    """Round trips of pairs with one another: each buys what the other sells, and back."""
    bursts = rng.integers(8, 21, len(population.wash_pairs))
    pair = np.repeat(np.arange(len(bursts)), bursts)
    starts = market.start_ms + rng.integers(0, market.days, len(pair)) * DAY_MS
    starts += rng.integers(6 * HOUR_MS, 20 * HOUR_MS, len(pair))
    asset = draw_assets(rng, population, population.wash_pairs[:, 0])
    inverse = rng.random(len(bursts)) < 0.5
    rounds = rng.integers(3, 9, len(pair))
    burst = np.repeat(np.arange(len(pair)), rounds)
    number = np.arange(len(burst)) - np.repeat(rounds.cumsum() - rounds, rounds)
    open_ms = starts[burst] + number * 240_000 + rng.integers(0, 120_000, len(burst))
    close_ms = open_ms + rng.integers(15_000, 100_000, len(burst))
    two = population.wash_pairs[pair[burst]]
    instrument = market.perpetual(asset, inverse=inverse)[pair[burst]]
    usd = np.exp(np.log(population.ticket_usd[two]).mean(axis=1))
    usd *= rng.lognormal(0.0, 0.3, len(burst))
    lot_usd = market.instruments.lot_usd(
        instrument, market.spot(market.instruments.asset[instrument], open_ms)
    )
    lots = np.maximum(np.rint(usd / lot_usd), 1).astype(np.int64)
    side = rng.choice([-1, 1], len(burst))
    n = 2 * len(burst)
    return Trades(
        role=two.T.ravel(),
        account=population.first_account[two.T.ravel()],
        instrument=np.tile(instrument, 2),
        side=np.concatenate([side, -side]),
        lots=np.tile(lots, 2),
        open_ms=np.tile(open_ms, 2),
        close_ms=np.tile(close_ms, 2),
        maker=np.repeat([1.0, 0.0], len(burst)),
        children=np.ones(n, dtype=np.int64),
        span_ms=np.ones(n, dtype=np.int64),
        structure=np.full(n, -1),
        strategy=np.full(n, -1),
        execution=np.full(n, -1),
        leverage=np.zeros(n),
    )


def _liquidated(trades: Trades, market: Market) -> Trades:
    """Close leveraged trades at the first hour whose loss exceeds the margin.

    The venue closes a position once `leverage * adverse return` passes `_LIQUIDATION_LOSS`; the
    trade then ends on that hour. In the result `leverage` is -1 for those and 0 for all others.
    """
    at = np.flatnonzero(trades.leverage > _LIQUIDATED_ABOVE_LEVERAGE)
    asset = market.instruments.asset[trades.instrument[at]]
    first_hour = (trades.open_ms[at] - market.grid_ms) // HOUR_MS + 1
    hour = first_hour[:, None] + np.arange(_LIQUIDATION_HORIZON_HOURS)
    step = np.minimum(hour * (HOUR_MS // STEP_MS), market.log_spot.shape[1] - 1)
    opening = np.log(market.spot(asset, trades.open_ms[at]))
    moved = market.log_spot[asset[:, None], step] - opening[:, None]
    ends_ms = market.grid_ms + hour * HOUR_MS
    in_time = ends_ms < np.minimum(trades.close_ms[at], market.end_ms - HOUR_MS)[:, None]
    loss = -(trades.side * trades.leverage)[at][:, None] * moved
    fails = in_time & (loss > _LIQUIDATION_LOSS)
    failed = fails.any(axis=1)
    close_ms, leverage = trades.close_ms.copy(), np.zeros(len(trades))
    close_ms[at[failed]] = ends_ms[np.arange(len(at)), fails.argmax(axis=1)][failed]
    leverage[at[failed]] = -1.0
    return replace(trades, close_ms=close_ms, leverage=leverage)
