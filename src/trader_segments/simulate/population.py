"""Who trades: traders, their styles and their accounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from trader_segments.simulate.archetypes import ARCHETYPES, INSTRUMENT_MIX, NAMES, Archetype
from trader_segments.simulate.market import BoolArray, FloatArray, IntArray
from trader_segments.simulate.tastes import ATTRIBUTES, HETEROGENEITY

HYBRID_SHARE: Final = 0.10
MULTI_ACCOUNT_SHARE: Final = 0.15
MOVER_SHARE: Final = 0.03
WASH_PAIRS_PER_THOUSAND: Final = 4
FUNDING_GROUPS_PER_THOUSAND: Final = 3
SERVICE_SHARE: Final = 0.08
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
_MOVING_STYLES: Final = (
    "volatility_seller",
    "volatility_buyer",
    "leveraged_directional",
    "position_trader",
    "opportunistic",
)
_WASHING_STYLES: Final = ("leveraged_directional", "opportunistic")
_RARE_MINIMUM: Final = 2
_DORMANT: Final = NAMES.index("dormant")


@dataclass(frozen=True)
class Roles:
    """One row per trader and style followed (`n_roles`): a hybrid or moving trader has two.

    The role is played on days `first_day <= day < last_day`. `weight` scales the activity; `mix`
    has shape `(n_roles, 5)` and sums to 1 in each row, and `taste`, `(n_roles, 5)`, holds the part-
    worths of `tastes.ATTRIBUTES`; of the two, the one that a style does without is NaN.
    """

    trader: IntArray
    archetype: IntArray
    weight: FloatArray
    first_day: IntArray
    last_day: IntArray
    leverage: FloatArray
    sessions_per_week: FloatArray
    trades_per_session: FloatArray
    hold_hours: FloatArray
    maker_share: FloatArray
    fills_per_order: FloatArray
    mix: FloatArray
    taste: FloatArray


@dataclass(frozen=True)
class Population:
    """Traders (`n_traders`) and their accounts (`n_accounts`).

    `archetypes` are the planted styles; `archetype`, `secondary` and `archetype_after` number them.
    Days count from the venue's first day; a trader acts on days `join_day <= day < leave_day`.
    The accounts of trader `i` are `first_account[i] + range(account_count[i])`, the main one first.
    `campaign_arm` has shape `(n_campaigns, n_traders)` and is `TREATMENT`, `CONTROL` or -1: treated
    traders have `CAMPAIGN_UPLIFT` more sessions for `CAMPAIGN_DAYS` from `campaign_day`.
    `has_vault` marks traders whose last account is a vault, in which nothing is traded.

    A mover follows `archetype_after` from `mover_day` on (both -1 for the rest). `asset_shares` has
    shape `(n_traders, n_assets)`. `wash_pairs` has shape `(n_pairs, 2)`; `funding_group` numbers
    groups that fund from one address, -1 for none; `uses_service` marks customers of one exchange.
    """

    archetypes: tuple[Archetype, ...]
    archetype: IntArray
    secondary: IntArray
    secondary_weight: FloatArray
    join_day: IntArray
    leave_day: IntArray
    opened_before_days: FloatArray
    ticket_usd: FloatArray
    leverage: FloatArray
    equity_tickets: FloatArray
    asset_shares: FloatArray
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
    mover_day: IntArray
    archetype_after: IntArray
    wash_pairs: IntArray
    funding_group: IntArray
    uses_service: BoolArray
    roles: Roles

    def __len__(self) -> int:
        return len(self.archetype)


def quiet_days(days: int) -> int:
    """Days at the end of the window in which dormant traders do nothing."""
    return max(min(65, days - 20), days // 2 if days < 40 else 0)


def simulate_population(
    rng: np.random.Generator,
    traders: int,
    days: int,
    archetypes: tuple[Archetype, ...] = ARCHETYPES,
    hybrid_share: float = HYBRID_SHARE,
) -> Population:
    """Draw traders, their styles, habits and accounts."""
    of = partial(_of, archetypes)
    archetype = rng.permutation(_archetype_counts(archetypes, traders))
    eligible = ~np.isin(archetype, [NAMES.index(name) for name in _NEVER_HYBRID])
    chance = hybrid_share / max(eligible.mean(), hybrid_share)
    drawn = rng.choice([NAMES.index(name) for name in _SECONDARY_STYLES], traders)
    is_hybrid = (rng.random(traders) < chance) & eligible & (drawn != archetype)
    secondary = np.where(is_hybrid, drawn, -1)
    secondary_weight = np.where(is_hybrid, rng.uniform(0.25, 0.4, traders), 0.0)

    join_day, leave_day = _lifetimes(rng, archetype, days)
    uses_api = rng.random(traders) < of(archetype, lambda a: a.api_share)
    is_entity = rng.random(traders) < of(archetype, lambda a: a.entity_share)

    campaign_day = np.array([days // 3, 2 * days // 3])
    alive = (join_day < campaign_day[:, None]) & (leave_day > campaign_day[:, None])
    arm = np.where(rng.random(alive.shape) < _CONTROL_SHARE, CONTROL, TREATMENT)
    is_reached = alive & (rng.random(alive.shape) < _CAMPAIGN_REACH)

    has_many = rng.random(traders) < MULTI_ACCOUNT_SHARE
    has_vault = (rng.random(traders) < 0.25) & is_entity & has_many
    account_count = np.where(has_many, rng.integers(2, 5, traders), 1) + has_vault

    mover_day, archetype_after = _movers(rng, archetype, is_hybrid, join_day, leave_day, days)
    bitcoin, solana = rng.beta(2.0, 1.3, traders), rng.beta(1.2, 9.0, traders)
    lifelong = (join_day == 0) & (leave_day == days) & (mover_day < 0)
    roles = _roles(
        rng,
        archetypes,
        archetype,
        secondary,
        secondary_weight,
        mover_day,
        archetype_after,
        join_day,
        leave_day,
    )
    roles = replace(
        roles,
        leverage=np.maximum(roles.leverage * rng.lognormal(0.0, 0.3, traders)[roles.trader], 1.0),
    )
    return Population(
        archetypes=archetypes,
        archetype=archetype,
        secondary=secondary,
        secondary_weight=secondary_weight,
        join_day=join_day,
        leave_day=leave_day,
        opened_before_days=np.where(
            join_day == 0, rng.uniform(1, 90, traders), rng.exponential(1.5, traders)
        ),
        ticket_usd=of(archetype, lambda a: a.ticket_usd)
        * np.exp(of(archetype, lambda a: a.ticket_spread) * rng.standard_normal(traders)),
        leverage=_least_leverage(roles, traders),
        equity_tickets=of(archetype, lambda a: a.equity_tickets),
        asset_shares=np.stack(
            [bitcoin * (1 - solana), (1 - bitcoin) * (1 - solana), solana], axis=1
        ),
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
        mover_day=mover_day,
        archetype_after=archetype_after,
        wash_pairs=_wash_pairs(rng, archetype, lifelong),
        funding_group=_funding_groups(rng, traders),
        uses_service=rng.random(traders) < SERVICE_SHARE,
        roles=roles,
    )


def _archetype_counts(archetypes: tuple[Archetype, ...], traders: int) -> IntArray:
    """Archetype of each trader, by largest share; every style has at least two traders."""
    shares = np.array([archetype.share for archetype in archetypes])
    counts = np.maximum(np.rint(shares / shares.sum() * traders).astype(np.int64), _RARE_MINIMUM)
    counts[NAMES.index("small")] += traders - counts.sum()
    if counts.min() < 1:
        raise ValueError(f"a venue needs at least 40 traders, got {traders}")
    return np.repeat(np.arange(len(archetypes)), counts)


def _of(
    archetypes: tuple[Archetype, ...], codes: IntArray, attribute: Callable[[Archetype], float]
) -> FloatArray:
    return np.array([float(attribute(archetype)) for archetype in archetypes])[codes]


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
    rng: np.random.Generator,
    archetypes: tuple[Archetype, ...],
    archetype: IntArray,
    secondary: IntArray,
    weight: FloatArray,
    mover_day: IntArray,
    archetype_after: IntArray,
    join_day: IntArray,
    leave_day: IntArray,
) -> Roles:
    """The first `n_traders` roles are each trader's main style, up to a move."""
    of = partial(_of, archetypes)
    hybrid, mover = np.flatnonzero(secondary >= 0), np.flatnonzero(mover_day >= 0)
    trader = np.concatenate([np.arange(len(archetype)), hybrid, mover])
    style = np.concatenate([archetype, secondary[hybrid], archetype_after[mover]])
    n = len(trader)
    until_moved = np.where(mover_day >= 0, mover_day, leave_day)
    main_leverage = of(archetype, lambda a: a.leverage)
    after_leverage = of(archetype_after[mover], lambda a: a.leverage)
    character = (rng.standard_normal((len(archetype), len(ATTRIBUTES))) @ HETEROGENEITY.T)[trader]
    taste = np.array([a.taste or (np.nan,) * len(ATTRIBUTES) for a in archetypes])[style]
    maker = of(style, lambda a: a.maker_share)
    logit = np.log(maker / (1 - maker)) + 0.5 * rng.standard_normal(n)
    mix = np.array([a.mix or (np.nan,) * len(INSTRUMENT_MIX) for a in archetypes])[style]
    gamma = np.where(mix > 0, rng.standard_gamma(np.nan_to_num(12.0 * mix) + 1e-3), 0.0)
    total = gamma.sum(axis=1, keepdims=True)
    return Roles(
        trader=trader,
        archetype=style,
        weight=np.concatenate([1 - weight, weight[hybrid], np.ones(len(mover))]),
        first_day=np.concatenate([join_day, join_day[hybrid], mover_day[mover]]),
        last_day=np.concatenate([until_moved, leave_day[hybrid], leave_day[mover]]),
        leverage=np.concatenate([main_leverage, main_leverage[hybrid], after_leverage]),
        sessions_per_week=of(style, lambda a: a.sessions_per_week)
        * np.where(of(style, lambda a: a.round_the_clock) > 0, 1.0, rng.lognormal(-0.12, 0.5, n)),
        trades_per_session=1
        + (of(style, lambda a: a.trades_per_session) - 1) * rng.lognormal(-0.08, 0.4, n),
        hold_hours=of(style, lambda a: a.hold_hours) * rng.lognormal(0.0, 0.4, n),
        maker_share=1 / (1 + np.exp(-logit)),
        fills_per_order=1
        + (of(style, lambda a: a.fills_per_order) - 1) * rng.lognormal(0.0, 0.3, n),
        mix=np.divide(gamma, total, out=np.full_like(gamma, np.nan), where=total > 0),
        taste=taste + of(style, lambda a: a.taste_spread)[:, None] * character,
    )


def _least_leverage(roles: Roles, traders: int) -> FloatArray:
    """Leverage that a trader's equity allows for: the lower one where a mover has two."""
    least = np.full(traders, np.inf)
    np.minimum.at(least, roles.trader, roles.leverage)
    return least


def _movers(
    rng: np.random.Generator,
    archetype: IntArray,
    is_hybrid: BoolArray,
    join_day: IntArray,
    leave_day: IntArray,
    days: int,
) -> tuple[IntArray, IntArray]:
    """Day from which a few traders follow another style, and that style; -1 for the rest."""
    styles = np.array([NAMES.index(name) for name in _MOVING_STYLES])
    stays_long = (join_day < 0.3 * days) & (leave_day == days)
    eligible = np.flatnonzero(np.isin(archetype, styles) & ~is_hybrid & stays_long)
    wanted = max(round(MOVER_SHARE * len(archetype)), 1)
    chosen = rng.permutation(eligible)[:wanted]
    mover_day, after = np.full(len(archetype), -1), np.full(len(archetype), -1)
    mover_day[chosen] = rng.integers(round(0.35 * days), round(0.65 * days), len(chosen))
    place = np.searchsorted(styles, archetype[chosen])
    shift = rng.integers(1, len(styles), len(chosen))
    after[chosen] = styles[(place + shift) % len(styles)]
    return mover_day, after


def _wash_pairs(rng: np.random.Generator, archetype: IntArray, lifelong: BoolArray) -> IntArray:
    """Pairs of traders who trade with one another, `(n_pairs, 2)`; none is in two pairs."""
    styles = [NAMES.index(name) for name in _WASHING_STYLES]
    eligible = rng.permutation(np.flatnonzero(lifelong & np.isin(archetype, styles)))
    wanted = max(round(WASH_PAIRS_PER_THOUSAND * len(archetype) / 1000), 2)
    return eligible[: 2 * min(wanted, len(eligible) // 2)].reshape(-1, 2)


def _funding_groups(rng: np.random.Generator, traders: int) -> IntArray:
    """Group of two to four traders that fund from one address; -1 for almost everybody."""
    groups = max(round(FUNDING_GROUPS_PER_THOUSAND * traders / 1000), 2)
    number = np.repeat(np.arange(groups), rng.integers(2, 5, groups))
    group = np.full(traders, -1)
    group[rng.permutation(traders)[: len(number)]] = number
    return group


def own_taste(population: Population) -> FloatArray:
    """Part-worths of each trader, `(n_traders, 5)`: those of a hybrid's two styles by weight.

    NaN where the main style sets the instrument by business.
    """
    roles, n = population.roles, len(population)
    counts = (np.arange(len(roles.trader)) < n) | (population.secondary[roles.trader] >= 0)
    weight = np.where(counts & ~np.isnan(roles.taste[:, 0]), roles.weight, 0.0)
    total = np.bincount(roles.trader, weight, n)
    taste = np.nan_to_num(roles.taste) * weight[:, None]
    summed = np.stack([np.bincount(roles.trader, column, n) for column in taste.T], axis=1)
    known = ~np.isnan(roles.taste[:n, :1])
    return np.where(known, summed / np.where(total > 0, total, 1.0)[:, None], np.nan)


def draw_accounts(rng: np.random.Generator, population: Population, trader: IntArray) -> IntArray:
    """Account of each trade: the main one most of the time, else a sub-account (no vault)."""
    tradable = population.account_count[trader] - population.has_vault[trader]
    sub = 1 + (rng.random(len(trader)) * (tradable - 1)).astype(np.int64)
    use_main = (rng.random(len(trader)) < 0.55) | (tradable == 1)
    return population.first_account[trader] + np.where(use_main, 0, sub)


def draw_assets(rng: np.random.Generator, population: Population, trader: IntArray) -> IntArray:
    """Underlying of each trade, an index into `ASSETS`."""
    edges = population.asset_shares.cumsum(axis=1)[trader, :-1]
    return np.asarray((rng.random(len(trader))[:, None] > edges).sum(axis=1))
