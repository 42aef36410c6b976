"""Who trades: traders, their styles and their accounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from trader_segments.simulate.archetypes import ARCHETYPES, NAMES, Archetype
from trader_segments.simulate.market import ASSETS, BoolArray, FloatArray, IntArray

HYBRID_SHARE: Final = 0.10
MULTI_ACCOUNT_SHARE: Final = 0.15
TREATMENT, CONTROL = range(2)
CAMPAIGN_DAYS: Final = 28
CAMPAIGN_UPLIFT: Final = 0.25
_CAMPAIGN_REACH: Final = 0.35
_CONTROL_SHARE: Final = 0.2
_NEVER_HYBRID: Final = ("small", "dormant")
_SECONDARY_STYLES: Final = (
    "volatility_seller",
    "volatility_buyer",
    "hedger",
    "basis_arbitrageur",
    "leveraged_directional",
    "opportunistic",
)
_RARE_MINIMUM: Final = 2
_DORMANT: Final = NAMES.index("dormant")


@dataclass(frozen=True)
class Roles:
    """One row per trader and style followed (`n_roles`): a hybrid trader has two.

    `weight` scales the activity; `mix` has shape `(n_roles, 5)` and sums to 1 in each row.
    """

    trader: IntArray
    archetype: IntArray
    weight: FloatArray
    sessions_per_week: FloatArray
    trades_per_session: FloatArray
    hold_hours: FloatArray
    maker_share: FloatArray
    fills_per_order: FloatArray
    mix: FloatArray


@dataclass(frozen=True)
class Population:
    """Traders (`n_traders`) and their accounts (`n_accounts`).

    Days count from the venue's first day; a trader acts on days `join_day <= day < leave_day`.
    The accounts of trader `i` are `first_account[i] + range(account_count[i])`, the main one first.
    `campaign_arm` has shape `(n_campaigns, n_traders)` and is `TREATMENT`, `CONTROL` or -1: treated
    traders have `CAMPAIGN_UPLIFT` more sessions for `CAMPAIGN_DAYS` from `campaign_day`.
    `has_vault` marks traders whose last account is a vault, in which nothing is traded.
    """

    archetype: IntArray
    secondary: IntArray
    secondary_weight: FloatArray
    join_day: IntArray
    leave_day: IntArray
    opened_before_days: FloatArray
    ticket_usd: FloatArray
    leverage: FloatArray
    equity_tickets: FloatArray
    bitcoin_share: FloatArray
    home_hour: FloatArray
    hour_deviation: FloatArray
    uses_api: BoolArray
    is_entity: BoolArray
    first_account: IntArray
    account_count: IntArray
    has_vault: BoolArray
    account_trader: IntArray
    campaign_day: IntArray
    campaign_arm: IntArray
    roles: Roles

    def __len__(self) -> int:
        return len(self.archetype)


def quiet_days(days: int) -> int:
    """Days at the end of the window in which dormant traders do nothing."""
    return max(min(65, days - 20), days // 2 if days < 40 else 0)


def simulate_population(rng: np.random.Generator, traders: int, days: int) -> Population:
    """Draw traders, their styles, habits and accounts."""
    archetype = rng.permutation(_archetype_counts(traders))
    eligible = ~np.isin(archetype, [NAMES.index(name) for name in _NEVER_HYBRID])
    chance = HYBRID_SHARE / max(eligible.mean(), HYBRID_SHARE)
    drawn = rng.choice([NAMES.index(name) for name in _SECONDARY_STYLES], traders)
    is_hybrid = (rng.random(traders) < chance) & eligible & (drawn != archetype)
    secondary = np.where(is_hybrid, drawn, -1)
    secondary_weight = np.where(is_hybrid, rng.uniform(0.25, 0.4, traders), 0.0)

    join_day, leave_day = _lifetimes(rng, archetype, days)
    leverage = _of(archetype, lambda a: a.leverage) * rng.lognormal(0.0, 0.3, traders)
    uses_api = rng.random(traders) < _of(archetype, lambda a: a.api_share)
    is_entity = rng.random(traders) < _of(archetype, lambda a: a.entity_share)

    campaign_day = np.array([days // 3, 2 * days // 3])
    alive = (join_day < campaign_day[:, None]) & (leave_day > campaign_day[:, None])
    arm = np.where(rng.random(alive.shape) < _CONTROL_SHARE, CONTROL, TREATMENT)
    is_reached = alive & (rng.random(alive.shape) < _CAMPAIGN_REACH)

    has_many = rng.random(traders) < MULTI_ACCOUNT_SHARE
    has_vault = (rng.random(traders) < 0.25) & is_entity & has_many
    account_count = np.where(has_many, rng.integers(2, 5, traders), 1) + has_vault
    return Population(
        archetype=archetype,
        secondary=secondary,
        secondary_weight=secondary_weight,
        join_day=join_day,
        leave_day=leave_day,
        opened_before_days=np.where(
            join_day == 0, rng.uniform(1, 90, traders), rng.exponential(1.5, traders)
        ),
        ticket_usd=_of(archetype, lambda a: a.ticket_usd)
        * np.exp(_of(archetype, lambda a: a.ticket_spread) * rng.standard_normal(traders)),
        leverage=np.maximum(leverage, 1.0),
        equity_tickets=_of(archetype, lambda a: a.equity_tickets),
        bitcoin_share=rng.beta(2.0, 1.3, traders),
        home_hour=rng.choice([7.0, 14.0, 19.0, 1.0], traders, p=[0.25, 0.35, 0.25, 0.15])
        + rng.normal(0.0, 2.0, traders),
        hour_deviation=np.where(uses_api, 6.0, rng.uniform(1.0, 4.0, traders)),
        uses_api=uses_api,
        is_entity=is_entity,
        first_account=np.concatenate([[0], account_count.cumsum()[:-1]]),
        account_count=account_count,
        has_vault=has_vault,
        account_trader=np.repeat(np.arange(traders), account_count),
        campaign_day=campaign_day,
        campaign_arm=np.where(is_reached, arm, -1),
        roles=_roles(rng, archetype, secondary, secondary_weight),
    )


def _archetype_counts(traders: int) -> IntArray:
    """Archetype of each trader, by largest share; every style has at least two traders."""
    shares = np.array([archetype.share for archetype in ARCHETYPES])
    counts = np.maximum(np.rint(shares / shares.sum() * traders).astype(np.int64), _RARE_MINIMUM)
    counts[NAMES.index("small")] += traders - counts.sum()
    if counts.min() < 1:
        raise ValueError(f"a venue needs at least 40 traders, got {traders}")
    return np.repeat(np.arange(len(ARCHETYPES)), counts)


def _of(codes: IntArray, attribute: Callable[[Archetype], float]) -> FloatArray:
    return np.array([float(attribute(archetype)) for archetype in ARCHETYPES])[codes]


def _lifetimes(
    rng: np.random.Generator, archetype: IntArray, days: int
) -> tuple[IntArray, IntArray]:
    """First and last (exclusive) day of activity; dormant traders stop early."""
    traders = len(archetype)
    is_dormant = archetype == _DORMANT
    last_join = np.where(is_dormant, (days - quiet_days(days)) // 2, days - max(days // 6, 1))
    share_joined_before = np.where(is_dormant, 0.8, 0.6)
    late_joiner = rng.random(traders) > share_joined_before
    join_day = np.where(late_joiner, rng.random(traders) * last_join, 0).astype(np.int64)

    stop = days - quiet_days(days)
    shortest = np.minimum(join_day + 5, stop)
    dormant_leave = shortest + np.rint(rng.random(traders) * (stop - shortest)).astype(np.int64)
    churns = rng.random(traders) < 0.1
    churned_leave = days - np.rint(rng.random(traders) * min(45, days // 6)).astype(np.int64)
    leave_day = np.where(is_dormant, dormant_leave, np.where(churns, churned_leave, days))
    return join_day, np.maximum(leave_day, join_day + 1)


def _roles(
    rng: np.random.Generator, archetype: IntArray, secondary: IntArray, weight: FloatArray
) -> Roles:
    hybrid = np.flatnonzero(secondary >= 0)
    trader = np.concatenate([np.arange(len(archetype)), hybrid])
    style = np.concatenate([archetype, secondary[hybrid]])
    n = len(trader)
    maker = _of(style, lambda a: a.maker_share)
    logit = np.log(maker / (1 - maker)) + 0.5 * rng.standard_normal(n)
    mix = np.array([archetype.mix for archetype in ARCHETYPES])[style]
    gamma = rng.standard_gamma(12.0 * mix + 1e-3) * (mix > 0)
    return Roles(
        trader=trader,
        archetype=style,
        weight=np.concatenate([1 - weight, weight[hybrid]]),
        sessions_per_week=_of(style, lambda a: a.sessions_per_week)
        * np.where(_of(style, lambda a: a.round_the_clock) > 0, 1.0, rng.lognormal(-0.12, 0.5, n)),
        trades_per_session=1
        + (_of(style, lambda a: a.trades_per_session) - 1) * rng.lognormal(-0.08, 0.4, n),
        hold_hours=_of(style, lambda a: a.hold_hours) * rng.lognormal(0.0, 0.4, n),
        maker_share=1 / (1 + np.exp(-logit)),
        fills_per_order=1
        + (_of(style, lambda a: a.fills_per_order) - 1) * rng.lognormal(0.0, 0.3, n),
        mix=gamma / gamma.sum(axis=1, keepdims=True),
    )


def draw_accounts(rng: np.random.Generator, population: Population, trader: IntArray) -> IntArray:
    """Account of each trade: the main one most of the time, else a sub-account (no vault)."""
    tradable = population.account_count[trader] - population.has_vault[trader]
    sub = 1 + (rng.random(len(trader)) * (tradable - 1)).astype(np.int64)
    use_main = (rng.random(len(trader)) < 0.55) | (tradable == 1)
    return population.first_account[trader] + np.where(use_main, 0, sub)


def draw_assets(rng: np.random.Generator, population: Population, trader: IntArray) -> IntArray:
    """Underlying of each trade, an index into `ASSETS`."""
    is_bitcoin = rng.random(len(trader)) < population.bitcoin_share[trader]
    return np.where(is_bitcoin, ASSETS.index("BTC"), ASSETS.index("ETH"))
