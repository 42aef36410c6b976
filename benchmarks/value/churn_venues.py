"""Venues whose traders leave at known rates, and an oracle that knows these rates.

Eight kinds of traders. A trader is on or off (pauses), then fades, then is gone; when, nobody sees.
Each week with activity has some active days. A venue-wide regime, an AR(1) process, moves how often
everybody trades and, in a slump, how many leave. The oracle knows each trader's true rates and the
regime so far, not who has left: it filters the hidden states from the same history that the product
has, and looks ahead with the mean of the regime.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

FIRST_DAY = dt.date(2025, 1, 6)
PAST_WEEKS = 70
HORIZON_WEEKS = 8
PERSISTENCE, SHOCK = 0.9, 0.15
LEAVING_IN_A_SLUMP = -0.8
"""By how much the log of the rate of leaving falls where the regime rises by one."""
FADE_ENDS = 0.3
"""Weekly probability that who fades is gone."""
FADE_ACTIVITY, FADE_DAYS = 0.35, 0.4
"""Of the usual probability and of the usual further days in a week."""
ON, OFF, FADING, GONE = range(4)


@dataclass(frozen=True)
class Kind:
    """Ranges of a kind's rates; each trader draws its own.

    Attributes
    ----------
    share : of the traders
    activity : (mean, concentration) of the beta distribution of a week's probability of activity
    more_days : (mean, concentration) of the chance of each further day of an active week
    leaving : (mean, shape) of the gamma distribution of the weekly rate of leaving
    pausing, returning : weekly probabilities
    period : weeks from one activity to the next where there is a rhythm, else 1
    ticket_usd, spread : median and log-deviation between traders of a fill's value
    """

    share: float
    activity: tuple[float, float]
    more_days: tuple[float, float]
    leaving: tuple[float, float]
    pausing: float
    returning: float
    period: int
    ticket_usd: float
    spread: float


KINDS = {
    "market_maker": Kind(0.01, (0.985, 80.0), (0.85, 20.0), (0.003, 1.0), 0.00, 1.0, 1, 2e4, 0.8),
    "high_frequency": Kind(0.01, (0.97, 60.0), (0.8, 15.0), (0.006, 1.0), 0.01, 0.6, 1, 5e3, 0.8),
    "whale": Kind(0.03, (0.6, 8.0), (0.25, 8.0), (0.008, 1.0), 0.05, 0.25, 1, 5e4, 1.0),
    "hedger": Kind(0.05, (0.93, 40.0), (0.1, 10.0), (0.008, 1.0), 0.00, 1.0, 4, 1e4, 0.8),
    "swing": Kind(0.15, (0.65, 8.0), (0.2, 8.0), (0.015, 1.0), 0.03, 0.3, 1, 2e3, 1.0),
    "regular": Kind(0.25, (0.75, 6.0), (0.3, 6.0), (0.025, 0.8), 0.03, 0.3, 1, 400.0, 1.0),
    "casual": Kind(0.35, (0.4, 4.0), (0.12, 6.0), (0.035, 0.8), 0.04, 0.2, 1, 120.0, 1.0),
    "burst": Kind(0.15, (0.9, 12.0), (0.5, 6.0), (0.03, 0.8), 0.25, 0.12, 1, 300.0, 1.2),
}


@dataclass(frozen=True)
class Traders:
    """True rates, (n,) each; `starts` is the first week."""

    kind: NDArray[np.int64]
    starts: NDArray[np.int64]
    activity: FloatArray
    more_days: FloatArray
    leaving: FloatArray
    pausing: FloatArray
    returning: FloatArray
    period: NDArray[np.int64]
    ticket_usd: FloatArray

    def take(self, rows: NDArray[np.int64]) -> Traders:
        """Some of the traders."""
        return Traders(*(getattr(self, field.name)[rows] for field in fields(self)))

    def active_probability(self, week: int, regime: float) -> FloatArray:
        """P(active in a week | on), (n,)."""
        odds = np.log(self.activity / (1.0 - self.activity)) + regime
        usual = 1.0 / (1.0 + np.exp(-odds))
        is_due = (week - self.starts) % self.period == 0
        return np.where(is_due, usual, 0.04)

    def leaving_probability(self, regime: float) -> FloatArray:
        """P(begins to fade before the next week), (n,)."""
        return np.minimum(self.leaving * np.exp(LEAVING_IN_A_SLUMP * regime), 0.9)


@dataclass(frozen=True)
class Venue:
    """What happened.

    Attributes
    ----------
    days : (n, weeks) active days in each week, the past's and the horizon's
    regime : (weeks,)
    """

    traders: Traders
    days: NDArray[np.int64]
    regime: FloatArray
    seed: int

    @classmethod
    def of(cls, seed: int, n: int) -> Venue:
        """Simulate a venue."""
        rng = np.random.default_rng(seed)
        weeks = PAST_WEEKS + HORIZON_WEEKS
        regime = np.zeros(weeks)
        for week in range(1, weeks):
            regime[week] = PERSISTENCE * regime[week - 1] + SHOCK * rng.standard_normal()
        traders = _traders(rng, n)
        state = np.full(n, ON)
        days = np.zeros((n, weeks), dtype=np.int64)
        for week in range(weeks):
            here = traders.starts <= week
            usual = traders.active_probability(week, regime[week])
            chance = usual * np.select([state == ON, state == FADING], [1.0, FADE_ACTIVITY], 0.0)
            further = traders.more_days * np.where(state == FADING, FADE_DAYS, 1.0)
            is_active = (rng.random(n) < chance) | (traders.starts == week)
            days[:, week] = np.where(here & is_active, 1 + rng.binomial(6, further), 0)
            state = np.where(here, _moved(rng, state, traders, regime[week]), state)
        return cls(traders, days, regime, seed)

    @property
    def has_churned(self) -> NDArray[np.bool_]:
        """Whether nothing happens within the horizon, (n,)."""
        return np.asarray(self.days[:, PAST_WEEKS:].sum(axis=1) == 0)

    def oracle(self) -> FloatArray:
        """P(nothing within the horizon | history, true rates, regime so far), (n,)."""
        traders, n = self.traders, len(self.traders.starts)
        belief = np.zeros((4, n))
        belief[ON] = 1.0
        for week in range(PAST_WEEKS):
            here = traders.starts <= week
            seen = _likelihood(traders, week, self.regime[week], self.days[:, week])
            seen[:, traders.starts == week] = 1.0
            seen[GONE, traders.starts == week] = 0.0
            updated = belief * seen
            updated /= np.maximum(updated.sum(axis=0), 1e-300)
            belief = np.where(here, _step(updated, traders, self.regime[week]), belief)
        quiet, regime = belief, self.regime[PAST_WEEKS - 1]
        for week in range(PAST_WEEKS, PAST_WEEKS + HORIZON_WEEKS):
            regime *= PERSISTENCE
            nothing = _likelihood(traders, week, regime, np.zeros(n, dtype=np.int64))
            quiet = _step(quiet * nothing, traders, regime)
        return np.asarray(quiet.sum(axis=0))

    def write(self, folder: Path) -> None:
        """Write the past as raw tables: a spot purchase and its fee on each active day."""
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng([self.seed, 1])
        trader, week = np.nonzero(self.days[:, :PAST_WEEKS])
        count = self.days[trader, week]
        places = np.argsort(rng.random((len(trader), 7)), axis=1)
        chosen = np.arange(7)[None, :] < count[:, None]
        row, column = np.nonzero(chosen)
        day = week[row] * 7 + places[row, column]
        value = self.traders.ticket_usd[trader[row]] * np.exp(0.8 * rng.standard_normal(len(row)))
        seconds = rng.integers(0, 86_400, len(row))
        fills = pd.DataFrame(
            {
                "fill_id": [f"F{number:08d}" for number in range(len(row))],
                "account_id": [f"T{number:06d}" for number in trader[row]],
                "instrument_id": "BTC_USDC",
                "executed_at": pd.Timestamp(FIRST_DAY)
                + pd.to_timedelta(day * 86_400 + seconds, unit="s"),
                "side": "buy",
                "quantity": np.round(value / 100.0, 6) + 1e-6,
                "price": 100.0,
                "fee": np.round(value * 5e-4, 6),
                "fee_currency": "USDC",
            }
        )
        fills.to_parquet(folder / "fills.parquet", index=False)
        pd.DataFrame(
            {
                "instrument_id": ["BTC_USDC"],
                "kind": ["spot"],
                "underlying": ["BTC"],
                "quote_currency": ["USDC"],
                "settlement_currency": ["USDC"],
                "is_inverse": [False],
                "contract_multiplier": [1.0],
            }
        ).to_parquet(folder / "instruments.parquet", index=False)


def _traders(rng: np.random.Generator, n: int) -> Traders:
    kinds = list(KINDS.values())
    kind = rng.choice(len(kinds), n, p=[each.share for each in kinds])

    def drawn(name: str) -> FloatArray:
        return np.array([getattr(each, name) for each in kinds])[kind]

    def beta(name: str) -> FloatArray:
        mean, concentration = drawn(name).T
        return np.clip(rng.beta(mean * concentration, (1 - mean) * concentration), 0.01, 0.99)

    mean, shape = drawn("leaving").T
    starts = rng.integers(0, PAST_WEEKS, n)
    return Traders(
        kind,
        starts,
        beta("activity"),
        beta("more_days"),
        rng.gamma(shape, mean / shape),
        drawn("pausing"),
        drawn("returning"),
        drawn("period").astype(np.int64),
        drawn("ticket_usd") * np.exp(drawn("spread") * rng.standard_normal(n)),
    )


def _moved(
    rng: np.random.Generator, state: NDArray[np.int64], traders: Traders, regime: float
) -> NDArray[np.int64]:
    n = len(state)
    leaves = rng.random(n) < traders.leaving_probability(regime)
    other = rng.random(n)
    moved = state.copy()
    moved[(state == ON) & (other < traders.pausing)] = OFF
    moved[(state == OFF) & (other < traders.returning)] = ON
    moved[((state == ON) | (state == OFF)) & leaves] = FADING
    moved[(state == FADING) & (other < FADE_ENDS)] = GONE
    return moved


def _step(belief: FloatArray, traders: Traders, regime: float) -> FloatArray:
    """Hidden states a week later, (4, n)."""
    leaves = traders.leaving_probability(regime)
    on, off, fading, gone = belief
    stay = 1.0 - leaves
    return np.array(
        [
            stay * (on * (1.0 - traders.pausing) + off * traders.returning),
            stay * (on * traders.pausing + off * (1.0 - traders.returning)),
            leaves * (on + off) + fading * (1.0 - FADE_ENDS),
            gone + fading * FADE_ENDS,
        ]
    )


def _likelihood(traders: Traders, week: int, regime: float, days: NDArray[np.int64]) -> FloatArray:
    """P(so many active days | each state), (4, n), but for a factor that all share."""
    usual = traders.active_probability(week, regime)
    further = np.maximum(days - 1, 0)
    result = np.zeros((4, len(days)))
    for state, activity, rest in ((ON, 1.0, 1.0), (FADING, FADE_ACTIVITY, FADE_DAYS)):
        chance, more = usual * activity, traders.more_days * rest
        seen = chance * more**further * (1.0 - more) ** (6 - further)
        result[state] = np.where(days > 0, seen, 1.0 - chance)
    result[OFF] = result[GONE] = days == 0
    return result
