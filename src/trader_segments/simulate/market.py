"""Prices, implied volatility and listed instruments of the sample venue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter
from scipy.special import ndtr

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

LAST_DAY: Final = np.datetime64("2026-06-30")
HOUR_MS: Final = 3_600_000
STEP_MS: Final = HOUR_MS // 12
DAY_MS: Final = 24 * HOUR_MS
YEAR_MS: Final = 365 * DAY_MS
NEVER_MS: Final = 1 << 61
WARM_UP_DAYS: Final = 100

CURRENCIES: Final = ("BTC", "ETH", "SOL", "USDC", "USD")
USDC, USD = 3, 4
ASSETS: Final = CURRENCIES[:3]
REGIMES: Final = ("calm", "stressed")
CALM, STRESSED = range(2)
KINDS: Final = ("option", "future", "perpetual", "spot")
OPTION, FUTURE, PERPETUAL, SPOT = range(4)

_FIRST_PRICE: Final = (88_000.0, 3_000.0, 150.0)
BASE_VOLATILITY: Final = np.array([0.45, 0.62, 0.80])
_CORRELATION: Final = (1.0, 0.8, 0.7)
_JUMP_BETA: Final = (1.0, 1.2, 1.3)
_IS_COIN_SETTLED: Final = np.array([True, True, False])
_FIRST_INSTRUMENT: Final = np.array([0, 3, 6])
_STRIKES_EACH_WAY: Final = 8
STRIKES: Final = 2 * _STRIKES_EACH_WAY + 1
_INVERSE_MULTIPLIER: Final = (10.0, 1.0)
_LINEAR_MULTIPLIER: Final = (0.0001, 0.001, 0.01)
_LINEAR_OPTION_MULTIPLIER: Final = 10.0
_SPOT_LOT: Final = (0.0001, 0.001, 0.01)
_TICK: Final = (0.5, 0.05, 0.005)
_OPTION_LOT: Final = (0.001, 0.001, 0.01)
_OPTION_TICK: Final = (0.0001, 0.0001, 0.01)
_HALF_SPREAD: Final = np.array([0.0, 0.0001, 0.00005, 0.0002])
_OPTION_HALF_SPREAD_VOLATILITY: Final = 0.005
_REGIME_LEAVES: Final = (0.03, 0.10)
_REGIME_LOG_VOLATILITY: Final = np.array([-0.15, 0.55])
QUOTE_STEP_MS: Final = 6 * HOUR_MS
_MIN_TENOR_MS: Final = DAY_MS
_EXPIRY_HOUR_MS: Final = 8 * HOUR_MS


@dataclass(frozen=True)
class Instruments:
    """Listed instruments, one array element each (`n_instruments`).

    `lot` is the smallest quantity; `multiplier` is USD per contract for inverse delta-one
    instruments and base units per contract for linear ones; `option_sign` is 1 for a call, -1 for
    a put and 0 otherwise; `expires_ms` is `NEVER_MS` where there is no expiry.
    """

    names: list[str]
    kind: IntArray
    asset: IntArray
    quote: IntArray
    settlement: IntArray
    is_inverse: BoolArray
    multiplier: FloatArray
    lot: FloatArray
    tick: FloatArray
    listed_ms: IntArray
    strike: FloatArray
    option_sign: IntArray
    expires_ms: IntArray

    def __len__(self) -> int:
        return len(self.names)

    def value(self, instrument: IntArray, price: FloatArray) -> FloatArray:
        """Settlement-currency value of one contract, up to a constant.

        Profit of `q` contracts between two prices is `q * (value(p1) - value(p0))`: linear in the
        price, except inverse delta-one contracts, which are worth `-multiplier / price` in coin.
        """
        reciprocal = self.is_inverse[instrument] & (self.kind[instrument] != OPTION)
        return self.multiplier[instrument] * np.where(
            reciprocal, -1.0 / np.where(reciprocal, price, 1.0), price
        )

    def price(self, instrument: IntArray, value: FloatArray) -> FloatArray:
        """Price of a contract of the given value: the inverse of `value`."""
        unit = value / self.multiplier[instrument]
        reciprocal = self.is_inverse[instrument] & (self.kind[instrument] != OPTION)
        return np.where(reciprocal, -1.0 / np.where(unit == 0, np.nan, unit), unit)

    def lot_usd(self, instrument: IntArray, spot: FloatArray) -> FloatArray:
        """Notional of one lot in USD at the given spot price of its underlying."""
        size = self.lot[instrument] * self.multiplier[instrument]
        in_usd = self.is_inverse[instrument] & (self.kind[instrument] != OPTION)
        return np.where(in_usd, size, size * spot)


@dataclass(frozen=True)
class Market:
    """Hourly price and volatility paths, and what is listed.

    `log_spot` has shape `(n_assets, n_steps)` in steps of `STEP_MS`; `implied_volatility`,
    `premium` and `width` (how wide books are, 1 in calm) have shape `(n_assets, n_hours)` and
    `basis` `(n_hours,)`; `regime` has one element a day, `CALM` or `STRESSED`. All start at
    `grid_ms`, `WARM_UP_DAYS` before the venue's first day. `attention` has
    shape `(n_days,)`: how unsettled each day was, with mean 1.

    Options of expiry `e` and asset `a` are `option_base[a, e] + 2 * k + type`, strikes upwards,
    type 0 for calls and 1 for puts; `expiry_of` gives `e` of each instrument, -1 for the rest.
    """

    start_ms: int
    days: int
    grid_ms: int
    log_spot: FloatArray
    implied_volatility: FloatArray
    premium: FloatArray
    width: FloatArray
    basis: FloatArray
    regime: IntArray
    attention: FloatArray
    instruments: Instruments
    expiries_ms: IntArray
    option_base: IntArray
    future_of_expiry: IntArray
    expiry_of: IntArray

    @property
    def end_ms(self) -> int:
        """First millisecond after the venue's last day."""
        return self.start_ms + self.days * DAY_MS

    def _at(
        self, path: FloatArray, asset: IntArray, ms: IntArray, step_ms: int = HOUR_MS
    ) -> FloatArray:
        position = (ms - self.grid_ms) / step_ms
        step = np.clip(position.astype(np.int64), 0, path.shape[1] - 2)
        weight = np.clip(position - step, 0.0, 1.0)
        return np.asarray(path[asset, step] * (1 - weight) + path[asset, step + 1] * weight)

    def spot(self, asset: IntArray, ms: IntArray) -> FloatArray:
        """Index price in USD; log-linear between steps."""
        return np.exp(self._at(self.log_spot, asset, ms, STEP_MS))

    def atm_volatility(self, asset: IntArray, ms: IntArray) -> FloatArray:
        """Thirty-day at-the-money implied volatility (annual, decimal)."""
        return self._at(self.implied_volatility, asset, ms)

    def funding_rate(self, asset: IntArray, ms: IntArray) -> FloatArray:
        """Share of a perpetual's notional that longs pay shorts per day."""
        return 0.0002 + self._at(self.premium, asset, ms)

    def quote(self, instrument: IntArray, ms: IntArray) -> Quote:
        """Mark price, mark volatility and the best bid and ask around them.

        Options are priced with Black (1976), undiscounted, on the forward of their expiry. A delta-
        one book is a few hundredths of a percent wide; an option's is some points of volatility,
        more in the wings, so that cheap options have the widest books relative to their price.
        """
        book = self.instruments
        asset, kind = book.asset[instrument], book.kind[instrument]
        spot = self.spot(asset, ms)
        years = np.where(
            book.expires_ms[instrument] < NEVER_MS,
            np.maximum(book.expires_ms[instrument] - ms, 1_000) / YEAR_MS,
            0.0,
        )
        forward = spot * np.exp(self._at(self.basis[None, :], np.zeros_like(asset), ms) * years)
        perpetual = spot * (1 + self._at(self.premium, asset, ms))
        price = np.where(kind == PERPETUAL, perpetual, np.where(kind == FUTURE, forward, spot))
        half = price * _HALF_SPREAD[kind]
        volatility, delta, vega = (np.full(len(price), np.nan) for _ in range(3))
        is_option = kind == OPTION
        if is_option.any():
            at, f, t = instrument[is_option], forward[is_option], years[is_option]
            strike, sign = book.strike[at], book.option_sign[at]
            sigma = smile(np.log(strike / f), t, self.atm_volatility(asset, ms)[is_option])
            width = sigma * np.sqrt(t)
            d1 = np.log(f / strike) / width + width / 2
            unit = np.where(book.is_inverse[at], f, 1.0)
            volatility[is_option] = sigma
            delta[is_option] = sign * ndtr(sign * d1)
            vega[is_option] = np.exp(-d1 * d1 / 2) / np.sqrt(2 * np.pi) * np.sqrt(t)
            price[is_option] = black_76(f, strike, t, sigma, sign) / unit
            points = _OPTION_HALF_SPREAD_VOLATILITY * (1 + 0.4 * np.abs(d1))
            half[is_option] = points * vega[is_option] * f / unit
        half *= self._at(self.width, asset, ms)
        tick = book.tick[instrument]
        bid_ticks = np.floor((price - np.maximum(half, tick / 2)) / tick + 1e-9)
        bid = np.maximum(bid_ticks, 1) * tick
        ask = np.maximum(
            np.ceil((price + np.maximum(half, tick / 2)) / tick - 1e-9) * tick, bid + tick
        )
        return Quote(price, volatility, bid, ask, bid_ticks >= 1, spot, delta, vega)

    def mark(self, instrument: IntArray, ms: IntArray) -> tuple[FloatArray, FloatArray]:
        """Mark price in the quote currency and mark volatility (NaN unless an option)."""
        quote = self.quote(instrument, ms)
        return quote.mark, quote.volatility

    def settlement_price(self, instrument: IntArray) -> FloatArray:
        """Price at which an expired instrument settles, in its quote currency."""
        book = self.instruments
        spot = self.spot(book.asset[instrument], book.expires_ms[instrument])
        payoff = np.maximum(book.option_sign[instrument] * (spot - book.strike[instrument]), 0.0)
        payoff = np.where(book.is_inverse[instrument], payoff / spot, payoff)
        return np.where(book.kind[instrument] == OPTION, payoff, spot)

    def perpetual(self, asset: IntArray, *, inverse: BoolArray) -> IntArray:
        """Instrument index of each asset's inverse perpetual, where there is one, or linear one."""
        is_inverse = inverse & _IS_COIN_SETTLED[asset]
        return np.asarray(_FIRST_INSTRUMENT[asset] + (_IS_COIN_SETTLED[asset] & ~is_inverse))

    def spot_pair(self, asset: IntArray) -> IntArray:
        """Instrument index of each asset's spot pair against USDC."""
        return np.asarray(_FIRST_INSTRUMENT[asset] + 1 + _IS_COIN_SETTLED[asset])

    def _nearest_expiry(self, ms: IntArray, tenor_ms: FloatArray, listed: IntArray) -> IntArray:
        left = self.expiries_ms[None, :] - ms[:, None]
        distance = np.abs(np.log(np.maximum(left, 1) / tenor_ms[:, None]))
        distance[(left < _MIN_TENOR_MS) | (listed[None, :] > ms[:, None])] = np.inf
        return np.asarray(distance.argmin(axis=1))

    def future(self, asset: IntArray, ms: IntArray, tenor_ms: FloatArray) -> IntArray:
        """Dated future listed at `ms` whose time to expiry is nearest to `tenor_ms`."""
        first = self.future_of_expiry[0]
        listed = np.where(first >= 0, self.instruments.listed_ms[np.maximum(first, 0)], NEVER_MS)
        return self.future_of_expiry[asset, self._nearest_expiry(ms, tenor_ms, listed)]

    def option(
        self,
        asset: IntArray,
        ms: IntArray,
        tenor_ms: FloatArray,
        moneyness: FloatArray,
        is_call: BoolArray,
    ) -> IntArray:
        """Option listed at `ms` nearest to a time to expiry and a moneyness.

        `moneyness` is `ln(K / S) / (sigma sqrt(T))`.
        """
        listed = self.instruments.listed_ms[self.option_base[0]]
        expiry = self._nearest_expiry(ms, tenor_ms, listed)
        years = (self.expiries_ms[expiry] - ms) / YEAR_MS
        target = np.log(self.spot(asset, ms)) + moneyness * self.atm_volatility(
            asset, ms
        ) * np.sqrt(years)
        first = self.option_base[asset, expiry]
        strikes = self.instruments.strike[first[:, None] + 2 * np.arange(STRIKES)]
        nearest = np.abs(np.log(strikes) - target[:, None]).argmin(axis=1)
        return np.asarray(first + 2 * nearest + np.where(is_call, 0, 1))


@dataclass(frozen=True)
class Quote:
    """Book and greeks of instruments at points in time (`n`).

    `is_two_sided` is false where the mark is too low for a bid. `delta` and `vega` (per 1.00 of
    volatility, over the price of the underlying) are NaN unless an option's.
    """

    mark: FloatArray
    volatility: FloatArray
    bid: FloatArray
    ask: FloatArray
    is_two_sided: BoolArray
    spot: FloatArray
    delta: FloatArray
    vega: FloatArray


def black_76(
    forward: FloatArray,
    strike: FloatArray,
    years: FloatArray,
    sigma: FloatArray,
    sign: IntArray,
) -> FloatArray:
    """Undiscounted option value, Black (1976); `sign` is 1 for calls and -1 for puts."""
    width = sigma * np.sqrt(years)
    d1 = np.log(forward / strike) / width + width / 2
    return np.asarray(sign * (forward * ndtr(sign * d1) - strike * ndtr(sign * (d1 - width))))


def smile(log_moneyness: FloatArray, years: FloatArray, atm: FloatArray) -> FloatArray:
    """Implied volatility across strikes: a skewed parabola in standardised moneyness."""
    x = np.clip(log_moneyness / (atm * np.sqrt(years + 7 / 365)), -4.0, 4.0)
    return np.clip(atm * (1 - 0.04 * x + 0.035 * x * x), 0.1, 3.0)


def simulate_market(
    rng: np.random.Generator, days: int, base_volatility: FloatArray = BASE_VOLATILITY
) -> Market:
    """Simulate prices for the `days` days that end on `LAST_DAY` and list instruments on them.

    `base_volatility` is the annual volatility around which each asset's moves, `(n_assets,)`.
    """
    start_ms = int((LAST_DAY - np.timedelta64(days - 1, "D")).astype("datetime64[ms]").astype(int))
    grid_ms = start_ms - WARM_UP_DAYS * DAY_MS
    hours = (days + WARM_UP_DAYS) * 24 + 1
    regime = _regimes(rng, days + WARM_UP_DAYS)
    log_spot, volatility = _price_paths(rng, regime, hours, base_volatility)
    smooth = _smoothed(volatility, half_life=24.0)
    base = base_volatility[:, None]
    noise = np.exp(_autoregression(rng, (len(ASSETS), hours), half_life=12.0, deviation=0.03))
    implied = (1.2 * smooth**0.8 * base**0.2 + 0.04) * noise
    returns = np.diff(log_spot[0, -days * DAY_MS // STEP_MS - 1 :]).reshape(days, -1)
    realised = np.sqrt((returns**2).sum(axis=1))
    depth = np.exp(_autoregression(rng, (len(ASSETS), hours), half_life=6.0, deviation=0.15))
    instruments, expiries, option_base, future_of_expiry, expiry_of = _listings(
        log_spot, start_ms, days
    )
    return Market(
        start_ms=start_ms,
        days=days,
        grid_ms=grid_ms,
        log_spot=log_spot,
        implied_volatility=implied,
        premium=_autoregression(rng, (len(ASSETS), hours), half_life=8.0, deviation=0.0002),
        width=depth * (implied / base) ** 0.7,
        basis=0.07 + _autoregression(rng, (1, hours), half_life=240.0, deviation=0.03)[0],
        regime=regime,
        attention=realised / realised.mean(),
        instruments=instruments,
        expiries_ms=expiries,
        option_base=option_base,
        future_of_expiry=future_of_expiry,
        expiry_of=expiry_of,
    )


def _autoregression(
    rng: np.random.Generator, shape: tuple[int, int], *, half_life: float, deviation: float
) -> FloatArray:
    phi = 0.5 ** (1.0 / half_life)
    shocks = rng.standard_normal(shape) * deviation * np.sqrt(1 - phi**2)
    shocks[:, 0] = rng.standard_normal(shape[0]) * deviation
    return np.asarray(lfilter([1.0], [1.0, -phi], shocks, axis=1))


def _smoothed(path: FloatArray, *, half_life: float) -> FloatArray:
    phi = 0.5 ** (1.0 / half_life)
    start = path[:, :1] * phi
    return np.asarray(lfilter([1 - phi], [1.0, -phi], path, axis=1, zi=start)[0])


def _regimes(rng: np.random.Generator, days: int) -> IntArray:
    """Calm or stressed, day by day: a Markov chain that leaves either with a fixed chance."""
    regime = np.zeros(days, dtype=np.int64)
    for day, draw in enumerate(rng.random(days).tolist()):
        before = int(regime[day - 1]) if day else CALM
        regime[day] = 1 - before if draw < _REGIME_LEAVES[before] else before
    return regime


def _price_paths(
    rng: np.random.Generator, regime: IntArray, hours: int, base_volatility: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Log prices by step and volatility by hour.

    Volatility follows the regime within hours, with shared and own noise in its logarithm; prices
    also jump.
    """
    assets = len(ASSETS)
    level = np.append(np.repeat(_REGIME_LOG_VOLATILITY[regime], 24), 0.0)
    level[-1] = level[-2]
    level = _smoothed(level[None, :], half_life=6.0)
    shared = _autoregression(rng, (1, hours), half_life=24 * 6.0, deviation=0.2)
    own = _autoregression(rng, (assets, hours), half_life=24 * 2.0, deviation=0.15)
    variance = 0.2**2 + 0.15**2
    base = base_volatility[:, None]
    volatility = base * np.exp(level + shared + own - variance / 2)
    per_hour = HOUR_MS // STEP_MS
    steps = (hours - 1) * per_hour
    z = rng.standard_normal((assets, steps))
    loading = np.array(_CORRELATION)[:, None]
    z = loading * z[0] + np.sqrt(1 - loading**2) * z
    jumps = (rng.random(steps) < 0.03 * STEP_MS / DAY_MS) * rng.normal(0.0, 0.035, steps)
    step = np.repeat(volatility[:, :-1], per_hour, axis=1) * np.sqrt(STEP_MS / YEAR_MS)
    returns = step * z - step**2 / 2 + jumps * np.array(_JUMP_BETA)[:, None]
    first = np.log(_FIRST_PRICE)[:, None]
    return np.concatenate([first, first + returns.cumsum(axis=1)], axis=1), volatility


def _round_step(target: float) -> float:
    scale = 10.0 ** np.floor(np.log10(target))
    return float(min((1.0, 2.0, 2.5, 5.0, 10.0), key=lambda m: abs(m * scale - target)) * scale)


class _Listing(NamedTuple):
    """One row of `Instruments`, its fields in the same order."""

    name: str
    kind: int
    asset: int
    quote: int
    settlement: int
    is_inverse: bool
    multiplier: float
    lot: float
    tick: float
    listed_ms: int
    strike: float = 0.0
    option_sign: int = 0
    expires_ms: int = NEVER_MS


def _listings(
    log_spot: FloatArray, start_ms: int, days: int
) -> tuple[Instruments, IntArray, IntArray, IntArray, IntArray]:
    """List perpetuals, spot pairs, dated futures and option chains.

    BTC and ETH have inverse and linear perpetuals, inverse futures and options settled in coin;
    everything on SOL is linear and settled in USDC.

    Options expire on Fridays at 08:00 UTC: weeklies are listed 35 days before, the month's last
    Friday and its future 92 days before.
    """
    grid_ms, end_ms = start_ms - WARM_UP_DAYS * DAY_MS, start_ms + days * DAY_MS
    first_friday = start_ms + ((4 - (start_ms // DAY_MS + 3) % 7) % 7) * DAY_MS
    fridays = np.arange(first_friday, end_ms + 92 * DAY_MS, 7 * DAY_MS)
    month = fridays.astype("datetime64[ms]").astype("datetime64[M]")
    next_month = (fridays + 7 * DAY_MS).astype("datetime64[ms]").astype("datetime64[M]")
    is_monthly = month != next_month
    expiries = fridays + _EXPIRY_HOUR_MS
    listed = expiries - np.where(is_monthly, 92, 35) * DAY_MS
    keep = listed < end_ms
    expiries, listed, is_monthly = expiries[keep], listed[keep], is_monthly[keep]

    rows: list[_Listing] = []
    for asset, name in enumerate(ASSETS):
        linear = (False, _LINEAR_MULTIPLIER[asset], 1.0, _TICK[asset], grid_ms)
        pair = (False, 1.0, _SPOT_LOT[asset], _TICK[asset], grid_ms)
        if _IS_COIN_SETTLED[asset]:
            inverse = (True, _INVERSE_MULTIPLIER[asset], 1.0, _TICK[asset], grid_ms)
            rows.append(_Listing(f"{name}-PERPETUAL", PERPETUAL, asset, USD, asset, *inverse))
        rows += [
            _Listing(f"{name}_USDC-PERPETUAL", PERPETUAL, asset, USDC, USDC, *linear),
            _Listing(f"{name}_USDC", SPOT, asset, USDC, USDC, *pair),
        ]
    shape = (len(ASSETS), len(expiries))
    option_base, future_of_expiry = np.full(shape, -1), np.full(shape, -1)
    for asset, expiry in np.ndindex(shape):
        expires, since = int(expiries[expiry]), int(listed[expiry])
        is_coin = bool(_IS_COIN_SETTLED[asset])
        label = f"{ASSETS[asset]}{'' if is_coin else '_USDC'}-{_expiry_label(expires)}"
        settled = asset if is_coin else USDC
        if is_monthly[expiry]:
            future_of_expiry[asset, expiry] = len(rows)
            size = _INVERSE_MULTIPLIER[asset] if is_coin else _LINEAR_MULTIPLIER[asset]
            terms = (is_coin, size, 1.0, _TICK[asset], since)
            quote = USD if is_coin else USDC
            rows.append(_Listing(label, FUTURE, asset, quote, settled, *terms, expires_ms=expires))
        spot = float(np.exp(log_spot[asset, (since - grid_ms) // STEP_MS]))
        step = _round_step(spot * (0.05 if is_monthly[expiry] else 0.025))
        option_base[asset, expiry] = len(rows)
        for offset in range(-_STRIKES_EACH_WAY, _STRIKES_EACH_WAY + 1):
            strike = (round(spot / step) + offset) * step
            size = 1.0 if is_coin else _LINEAR_OPTION_MULTIPLIER
            terms = (is_coin, size, _OPTION_LOT[asset], _OPTION_TICK[asset], since)
            rows += [
                _Listing(
                    f"{label}-{strike:.10g}-{letter}".replace(".", "d"),
                    OPTION,
                    asset,
                    settled,
                    settled,
                    *terms,
                    strike,
                    sign,
                    expires,
                )
                for letter, sign in (("C", 1), ("P", -1))
            ]
    names, *columns = zip(*rows, strict=True)
    expiry_of = np.full(len(rows), -1)
    chain = option_base.ravel()[:, None] + np.arange(2 * STRIKES)
    expiry_of[chain] = np.tile(np.arange(len(expiries)), len(ASSETS))[:, None]
    return (
        Instruments(list(names), *map(np.array, columns)),
        expiries,
        option_base,
        future_of_expiry,
        expiry_of,
    )


def _expiry_label(ms: int) -> str:
    moment = np.datetime64(ms, "ms").item()
    return f"{moment.day}{moment:%b}{moment:%y}".upper()
