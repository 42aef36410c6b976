"""What traders set out to do: round trips, as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from trader_segments.simulate.archetypes import ARCHETYPES, NAMES, Archetype
from trader_segments.simulate.market import (
    DAY_MS,
    HOUR_MS,
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

_INVERSE_PERPETUAL, _LINEAR_PERPETUAL, _FUTURE, _OPTION, _SPOT = range(5)
_LIQUIDATION_HORIZON_HOURS: Final = 120
_LIQUIDATION_LOSS: Final = 0.85
_LIQUIDATED_ABOVE_LEVERAGE: Final = 4.0
_NIGHT_HOUR: Final = 23.0


@dataclass(frozen=True)
class Trades:
    """Round trips (`n_trades`): opened at `open_ms`, closed at `close_ms` unless still open.

    `side` is 1 for an opening purchase and -1 for an opening sale. `combo` numbers trades executed
    as one structure, -1 for none. `leverage` is 0 where the position cannot be liquidated.
    `children` is the intended number of executions of each order and `span_ms` their duration.
    """

    role: IntArray
    account: IntArray
    instrument: IntArray
    side: IntArray
    usd: FloatArray
    open_ms: IntArray
    close_ms: IntArray
    maker: FloatArray
    children: IntArray
    span_ms: IntArray
    combo: IntArray
    leverage: FloatArray

    def __len__(self) -> int:
        return len(self.role)

    def take(self, index: IntArray) -> Trades:
        """Rows at `index`, in that order."""
        return Trades(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


def join_trades(parts: list[Trades]) -> Trades:
    """Concatenate, numbering the combos of each part apart."""
    combos, base = [], 0
    for part in parts:
        combos.append(np.where(part.combo >= 0, part.combo + base, -1))
        base += int(part.combo.max(initial=-1)) + 1
    columns = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Trades)}
    return Trades(**(columns | {"combo": np.concatenate(combos)}))


@dataclass(frozen=True)
class _Style:
    """An archetype and the world it trades in."""

    rng: np.random.Generator
    population: Population
    market: Market
    archetype: Archetype


@dataclass(frozen=True)
class _Plan:
    """Decisions to trade, before an instrument is chosen (`n`)."""

    role: IntArray
    trader: IntArray
    account: IntArray
    asset: IntArray
    open_ms: IntArray
    usd: FloatArray

    def take(self, index: IntArray) -> _Plan:
        return _Plan(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


def simulate_trades(rng: np.random.Generator, population: Population, market: Market) -> Trades:
    """Draw every trader's round trips over the window."""
    special: dict[str, Callable[[_Style, _Plan], list[Trades]]] = {
        "volatility_seller": _volatility_trades,
        "volatility_buyer": _volatility_trades,
        "hedger": _hedger_trades,
        "basis_arbitrageur": _basis_trades,
    }
    parts: list[Trades] = []
    for code, archetype in enumerate(ARCHETYPES):
        rows = np.flatnonzero(population.roles.archetype == code)
        style = _Style(rng, population, market, archetype)
        draw = special.get(archetype.name, _plain_trades)
        parts += draw(style, _plan(style, rows))
    return _liquidated(join_trades(parts), market)


def _plan(
    style: _Style,
    rows: IntArray,
) -> _Plan:
    """Sessions by day (more on volatile days), then trades within each session."""
    roles = population.roles
    trader = roles.trader[rows]
    day = np.arange(market.days)
    weekday = (market.start_ms // DAY_MS + 3 + day) % 7
    weight = market.attention**archetype.attention_exponent
    weight = weight / weight.mean() * np.where(weekday >= 5, archetype.weekend_factor, 1.0)
    clock = np.concatenate([[0.0], weight.cumsum()])
    first, last = clock[population.join_day[trader]], clock[population.leave_day[trader]]
    rate = roles.sessions_per_week[rows] / 7 * roles.weight[rows]
    sessions = np.maximum(rng.poisson(rate * (last - first)), 1)

    row = np.repeat(np.arange(len(rows)), sessions)
    drawn = first[row] + (last - first)[row] * rng.random(len(row))
    session_day = np.clip(np.searchsorted(clock, drawn, "right") - 1, 0, market.days - 1)
    row, session_day = _with_campaigns(rng, population, trader, row, session_day)
    home, deviation = population.home_hour[trader[row]], population.hour_deviation[trader[row]]
    habit = np.where(np.isinf(deviation), 0.0, deviation) * rng.standard_normal(len(row))
    session_hour = (home + habit) % 24

    mean_trades = roles.trades_per_session[rows][row]
    count = 1 + rng.poisson(np.maximum(mean_trades - 1, 0.0))
    each = np.repeat(np.arange(len(row)), count)
    later = session_hour[each] + rng.exponential(0.4, len(each)) * (rng.random(len(each)) < 0.8)
    anytime = rng.random(len(each)) * 24
    hour = np.where(np.isinf(deviation[each]), anytime, later)
    hour = np.minimum(hour, _NIGHT_HOUR + 0.7 * rng.random(len(each)))
    who = trader[row[each]]
    session_account = draw_accounts(rng, population, trader[row])
    return _Plan(
        role=rows[row[each]],
        trader=who,
        account=session_account[each],
        asset=draw_assets(rng, population, who),
        open_ms=market.start_ms + session_day[each] * DAY_MS + (hour * HOUR_MS).astype(np.int64),
        usd=population.ticket_usd[who] * rng.lognormal(0.0, 0.5, len(who)),
    )


def _with_campaigns(
    rng: np.random.Generator,
    population: Population,
    trader: IntArray,
    row: IntArray,
    day: IntArray,
) -> tuple[IntArray, IntArray]:
    """Repeat a share of the sessions that treated traders have just after a campaign starts."""
    extra = []
    for starts, treated in zip(
        population.campaign_day, population.campaign_arm == TREATMENT, strict=True
    ):
        since = day - starts
        falls = treated[trader[row]] & (since >= 0) & (since < CAMPAIGN_DAYS)
        extra.append(np.flatnonzero(falls & (rng.random(len(row)) < CAMPAIGN_UPLIFT)))
    again = np.concatenate(extra)
    return np.concatenate([row, row[again]]), np.concatenate([day, day[again]])


def _trades(
    style: _Style,
    plan: _Plan,
    *,
    instrument: IntArray,
    side: IntArray,
    close_ms: IntArray,
    combo: IntArray | None = None,
    leverage: FloatArray | None = None,
) -> Trades:
    """Complete a plan with the execution habits of its role; whoever leaves closes out that day."""
    n = len(plan.role)
    left = population.leave_day[plan.trader]
    leave_ms = market.start_ms + left * DAY_MS + plan.open_ms % DAY_MS
    close_ms = np.where(left < market.days, np.minimum(close_ms, leave_ms), close_ms)
    span = archetype.execution_minutes * 60_000 * rng.lognormal(0.0, 0.7, n)
    return Trades(
        role=plan.role,
        account=plan.account,
        instrument=instrument,
        side=side,
        usd=plan.usd,
        open_ms=plan.open_ms,
        close_ms=close_ms,
        maker=population.roles.maker_share[plan.role],
        children=1 + rng.poisson(population.roles.fills_per_order[plan.role] - 1),
        span_ms=np.minimum(span, np.maximum((close_ms - plan.open_ms) * 0.3, 1)).astype(np.int64),
        combo=np.full(n, -1) if combo is None else combo,
        leverage=np.zeros(n) if leverage is None else leverage,
    )


def _delta_one(style: _Style, plan: _Plan, choice: IntArray) -> IntArray:
    """Perpetual, future or spot instrument for each trade, by its place in `INSTRUMENT_MIX`."""
    instrument = market.perpetual(plan.asset, inverse=choice == _INVERSE_PERPETUAL)
    instrument = np.where(choice == _SPOT, market.spot_pair(plan.asset), instrument)
    dated = np.flatnonzero(choice == _FUTURE)
    tenor = rng.lognormal(np.log(40.0), 0.5, len(dated)) * DAY_MS
    instrument[dated] = market.future(plan.asset[dated], plan.open_ms[dated], tenor)
    return instrument


def _draw_choice(rng: np.random.Generator, mix: FloatArray) -> IntArray:
    return np.asarray((rng.random(len(mix))[:, None] > mix.cumsum(axis=1)[:, :-1]).sum(axis=1))


def _hold(style: _Style, plan: _Plan, spread: float) -> IntArray:
    median = style.population.roles.hold_hours[plan.role]
    hours = median * style.rng.lognormal(0.0, spread, len(plan.role))
    return np.maximum(hours * HOUR_MS, 2_000).astype(np.int64)


def _plain_trades(
    style: _Style,
    plan: _Plan,
) -> list[Trades]:
    """Round trips in the style's mix of instruments, in the right direction slightly or not."""
    choice = _draw_choice(rng, population.roles.mix[plan.role])
    instrument = _delta_one(style, plan, choice)
    options = np.flatnonzero(choice == _OPTION)
    instrument[options] = market.option(
        plan.asset[options],
        plan.open_ms[options],
        rng.lognormal(np.log(12.0), 0.6, len(options)) * DAY_MS,
        rng.normal(0.0, 0.8, len(options)),
        rng.random(len(options)) < 0.55,
    )
    close_ms = plan.open_ms + _hold(style, plan, 0.8)
    if archetype.flat_by_night:
        night = (plan.open_ms // DAY_MS + 1) * DAY_MS - 60_000
        close_ms = np.minimum(close_ms, night - rng.integers(0, 600_000, len(night)))
    move = market.spot(plan.asset, np.minimum(close_ms, market.end_ms)) - market.spot(
        plan.asset, plan.open_ms
    )
    is_right = rng.random(len(move)) < 0.5 + archetype.skill
    side = np.where((move > 0) == is_right, 1, -1)
    buys = rng.random(len(move)) < archetype.buys_options
    side = np.where(choice == _OPTION, np.where(buys, 1, -1), side)
    side = np.where(choice == _SPOT, 1, side)
    can_fail = (choice == _INVERSE_PERPETUAL) | (choice == _LINEAR_PERPETUAL)
    leverage = np.where(can_fail, population.leverage[plan.trader], 0.0)
    if archetype.flat_by_night:
        leverage[:] = 0.0
    return [
        _trades(style,
            plan,
            instrument=instrument,
            side=side,
            close_ms=close_ms,
            leverage=leverage,
        )
    ]


def _volatility_trades(
    style: _Style,
    plan: _Plan,
) -> list[Trades]:
    """Single options and strangles, often held to expiry, some hedged with a perpetual."""
    choice = _draw_choice(rng, population.roles.mix[plan.role])
    is_option = choice == _OPTION
    plain = plan.take(np.flatnonzero(~is_option))
    parts = [
        _trades(style,
            plain,
            instrument=_delta_one(style, plain, choice[~is_option]),
            side=rng.choice([-1, 1], len(plain.role)),
            close_ms=plain.open_ms + _hold(style, plain, 0.6),
        )
    ]
    plan = plan.take(np.flatnonzero(is_option))
    n = len(plan.role)
    side = np.where(rng.random(n) < archetype.buys_options, 1, -1)
    tenor = rng.lognormal(np.log(16.0), 0.6, n) * DAY_MS
    distance = np.abs(rng.normal(0.0, 0.35, n)) + rng.choice([0.0, 0.5, 1.0], n, p=[0.3, 0.4, 0.3])
    is_strangle = rng.random(n) < 0.35
    is_call = (rng.random(n) < 0.5) | is_strangle
    first = market.option(
        plan.asset, plan.open_ms, tenor, np.where(is_call, distance, -distance), is_call
    )
    expires = market.instruments.expires_ms[first]
    to_expiry = rng.random(n) < 0.6
    early = plan.open_ms + ((expires - plan.open_ms) * rng.uniform(0.15, 0.9, n)).astype(np.int64)
    close_ms = np.where(to_expiry, expires, early)
    combo = np.where(is_strangle, is_strangle.cumsum() - 1, -1)
    common = {"combo": combo, "close_ms": close_ms, "side": side}
    parts.append(_trades(style, plan, instrument=first, **common))

    second = np.flatnonzero(is_strangle)
    legs = plan.take(second)
    puts = market.option(
        legs.asset, legs.open_ms, tenor[second], -distance[second], np.zeros(len(second), bool)
    )
    both = {name: column[second] for name, column in common.items()}
    strangle_puts = _trades(style, legs, instrument=puts, **both)
    parts[1] = join_combos(parts[1], strangle_puts)

    hedged = np.flatnonzero(~is_strangle & (rng.random(n) < 0.3))
    hedge = plan.take(hedged)
    delta = market.delta(first[hedged], hedge.open_ms) * side[hedged]
    hedge = _Plan(
        role=hedge.role,
        trader=hedge.trader,
        account=hedge.account,
        asset=hedge.asset,
        open_ms=hedge.open_ms + 5_000,
        usd=hedge.usd * np.abs(delta),
    )
    parts.append(
        _trades(style,
            hedge,
            instrument=market.perpetual(hedge.asset, inverse=np.ones(len(hedged), bool)),
            side=np.where(delta > 0, -1, 1),
            close_ms=np.minimum(close_ms[hedged], expires[hedged]) + 30_000,
        )
    )
    return parts


def join_combos(first: Trades, second: Trades) -> Trades:
    """Concatenate the legs of the same structures, keeping their combo numbers."""
    return Trades(
        **{
            f.name: np.concatenate([getattr(first, f.name), getattr(second, f.name)])
            for f in fields(Trades)
        }
    )


def _hedger_trades(
    style: _Style,
    plan: _Plan,
) -> list[Trades]:
    """A standing short against coin held elsewhere, rolled monthly, with small adjustments.

    A third each hedge with the perpetual, with dated futures, and with bought puts.
    """
    roles = population.roles
    rows = np.flatnonzero(roles.archetype == NAMES.index(archetype.name))
    tool = rng.integers(0, 3, len(roles.trader))
    main_asset = draw_assets(rng, population, roles.trader)

    monthly = np.flatnonzero(market.future_of_expiry[0] >= 0)
    expiry = market.expiries_ms[monthly]
    live = expiry[expiry > market.start_ms + 2 * DAY_MS]
    row = np.repeat(rows, len(live))
    until = np.tile(live, len(rows))
    since = np.tile(np.concatenate([[market.start_ms], live[:-1]]), len(rows))
    trader = roles.trader[row]
    joined = market.start_ms + population.join_day[trader] * DAY_MS
    left = market.start_ms + population.leave_day[trader] * DAY_MS
    jitter = rng.uniform(1.0, 3.0, len(row)) * DAY_MS
    opened = np.maximum(since - jitter.astype(np.int64), joined) + rng.integers(
        8 * HOUR_MS, 20 * HOUR_MS, len(row)
    )
    opened = np.maximum(opened, market.start_ms + HOUR_MS)
    valid = np.flatnonzero(
        (opened < np.minimum(until - 3 * DAY_MS, left)) & (opened < market.end_ms - HOUR_MS)
    )
    core = _Plan(
        role=row[valid],
        trader=trader[valid],
        account=population.first_account[trader[valid]],
        asset=main_asset[row[valid]],
        open_ms=opened[valid],
        usd=population.ticket_usd[trader[valid]]
        * roles.weight[row[valid]]
        * rng.lognormal(0.3, 0.15, len(valid)),
    )
    core_tool = tool[core.role]
    remaining = (until[valid] - core.open_ms).astype(np.float64)
    perpetual = market.perpetual(core.asset, inverse=np.ones(len(valid), bool))
    future = market.future(core.asset, core.open_ms, remaining)
    put = market.option(
        core.asset,
        core.open_ms,
        remaining,
        rng.uniform(-0.9, -0.2, len(valid)),
        np.zeros(len(valid), bool),
    )
    roll = until[valid] - rng.integers(DAY_MS, 3 * DAY_MS, len(valid))
    close_ms = np.where(core_tool == 2, until[valid], np.maximum(roll, core.open_ms + DAY_MS))
    standing = _trades(style,
        core,
        instrument=np.choose(core_tool, [perpetual, future, put]),
        side=np.where(core_tool == 2, 1, -1),
        close_ms=close_ms,
    )
    asset = main_asset[plan.role]
    adjustment = _Plan(
        role=plan.role,
        trader=plan.trader,
        account=population.first_account[plan.trader],
        asset=asset,
        open_ms=plan.open_ms,
        usd=plan.usd * 0.12,
    )
    choice = np.where(tool[plan.role] == 1, _FUTURE, _INVERSE_PERPETUAL)
    tuned = _trades(style,
        adjustment,
        instrument=_delta_one(style, adjustment, choice),
        side=np.where(rng.random(len(asset)) < 0.93, -1, 1),
        close_ms=plan.open_ms + _hold(style, plan, 0.5),
    )
    return [standing, tuned]


def _basis_trades(
    style: _Style,
    plan: _Plan,
) -> list[Trades]:
    """Long spot against a short perpetual or future, opened and closed together."""
    choice = _draw_choice(rng, population.roles.mix[plan.role])
    short = _delta_one(style, plan, choice)
    close_ms = np.minimum(
        plan.open_ms + _hold(style, plan, 0.5),
        market.instruments.expires_ms[short] - HOUR_MS,
    )
    n = len(plan.role)
    return [
        _trades(style,
            plan,
            instrument=instrument,
            side=np.full(n, side),
            close_ms=close_ms + delay,
        )
        for instrument, side, delay in ((market.spot_pair(plan.asset), 1, 0), (short, -1, 20_000))
    ]


def _liquidated(trades: Trades, market: Market) -> Trades:
    """Close leveraged trades at the first hour whose loss exceeds the margin.

    The venue closes a position once `leverage * adverse return` passes `_LIQUIDATION_LOSS`; the
    trade then ends on that hour, and its `leverage` is set to minus one as a mark.
    """
    at = np.flatnonzero(trades.leverage > _LIQUIDATED_ABOVE_LEVERAGE)
    asset = market.instruments.asset[trades.instrument[at]]
    hour = (trades.open_ms[at] - market.grid_ms) // HOUR_MS + 1
    steps = np.arange(_LIQUIDATION_HORIZON_HOURS)
    step = (hour[:, None] + steps) * (HOUR_MS // STEP_MS)
    step = np.minimum(step, market.log_spot.shape[1] - 1)
    moved = market.log_spot[asset[:, None], step] - np.log(
        market.spot(asset, trades.open_ms[at])
    ).reshape(-1, 1)
    ends_ms = market.grid_ms + (hour[:, None] + steps) * HOUR_MS
    too_late = ends_ms >= np.minimum(trades.close_ms[at], market.end_ms - HOUR_MS)[:, None]
    loss = -trades.side[at][:, None] * moved * trades.leverage[at][:, None]
    fails = (loss > _LIQUIDATION_LOSS) & ~too_late
    failed = fails.any(axis=1)
    when = ends_ms[np.arange(len(at)), fails.argmax(axis=1)]
    close_ms, leverage = trades.close_ms.copy(), np.zeros(len(trades))
    close_ms[at[failed]] = when[failed]
    leverage[at[failed]] = -1.0
    columns = {f.name: getattr(trades, f.name) for f in fields(Trades)}
    return Trades(**(columns | {"close_ms": close_ms, "leverage": leverage}))
