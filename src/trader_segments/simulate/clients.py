"""Raw tables of clients: accounts, people, verification, transfers, balances and campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trader_segments.simulate.archetypes import NAMES
from trader_segments.simulate.events import ingested_at
from trader_segments.simulate.fills import Fills
from trader_segments.simulate.ledger import Ledger
from trader_segments.simulate.market import (
    CURRENCIES,
    DAY_MS,
    HOUR_MS,
    OPTION,
    USDC,
    BoolArray,
    FloatArray,
    IntArray,
    Market,
)
from trader_segments.simulate.population import Population
from trader_segments.simulate.writer import (
    NULL_MS,
    dates,
    decimals,
    identifiers,
    labels,
    raw_table,
    timestamps,
)

_ACCOUNT_TYPES: Final = ("main", "sub", "vault")
_MARGIN_MODES: Final = ("cross", "isolated", "portfolio")
_COUNTRIES: Final = ("SG", "GB", "DE", "FR", "CH", "JP", "KR", "AU", "CA", "BR", "TR", "VN", "NG")
_COUNTRY_WEIGHTS: Final = (10, 9, 10, 8, 6, 8, 10, 7, 6, 8, 7, 7, 4)
_CHANNELS: Final = ("direct", "referral", "partner", "api")
_WEALTH: Final = ("salary", "business", "investments", "mining", "inheritance")
_TRANSFER_KINDS: Final = ("deposit", "withdrawal", "internal")
_DEPOSIT, _WITHDRAWAL, _INTERNAL = range(3)
_FLOOR_SHARE: Final = 0.1
_CLOSING_DAYS: Final = 40
_DUST: Final = 1e-9
_DELTA_ONE_MARGIN: Final = 0.04
_SHORT_OPTION_MARGIN: Final = 0.12
_LARGEST_MARGIN_SHARE: Final = 0.9
_CAMPAIGNS: Final = ("spring-options-education", "fee-holiday-perpetuals")


def client_tables(
    rng: np.random.Generator,
    population: Population,
    fills: Fills,
    ledger: Ledger,
    market: Market,
) -> dict[str, pa.Table]:
    """The seven tables about clients, by name."""
    opened_ms = _opened_ms(rng, population, market)
    mode = _margin_modes(rng, population)
    closed_day = _closed_day(rng, population, market)
    cash = _cash(rng, population, fills, ledger, market, opened_ms)
    return {
        "accounts": _accounts(rng, population, market, opened_ms, closed_day, mode),
        "transfers": _transfers(rng, population, market, cash, opened_ms),
        "balances": _balances(cash, ledger, market, opened_ms, closed_day, mode),
        "customers": _customers(rng, population, market),
        "verification_events": _verification(rng, population, market, opened_ms),
        "incentives": _incentives(rng, population, market),
        "campaign_assignments": _campaigns(population, market),
    }


def _opened_ms(rng: np.random.Generator, population: Population, market: Market) -> IntArray:
    """Main accounts open before the trader's first day, sub-accounts within days after."""
    trader = population.account_trader
    before = population.opened_before_days[trader] * DAY_MS
    start = market.start_ms + population.join_day[trader] * DAY_MS
    delay = np.where(_is_main(population), 0.0, rng.uniform(0.01, 0.9, len(trader)))
    return np.asarray(start - before * (1 - delay), dtype=np.int64)


def _closed_day(rng: np.random.Generator, population: Population, market: Market) -> IntArray:
    """Day on which each account is closed, long after its trader left; `n_days` where it is not."""
    trader = population.account_trader
    closed_day = population.leave_day[trader] + _CLOSING_DAYS
    closes = (closed_day < market.days) & (rng.random(len(trader)) < 0.15)
    return np.where(closes, closed_day, market.days)


def _is_main(population: Population) -> BoolArray:
    is_main = np.zeros(len(population.account_trader), dtype=bool)
    is_main[population.first_account] = True
    return is_main


def _is_vault(population: Population) -> BoolArray:
    is_vault = np.zeros(len(population.account_trader), dtype=bool)
    last = population.first_account + population.account_count - 1
    is_vault[last[population.has_vault]] = True
    return is_vault


def _margin_modes(rng: np.random.Generator, population: Population) -> IntArray:
    trader = population.account_trader
    mode = np.where(rng.random(len(trader)) < 0.8, 0, 1)
    wants_portfolio = np.isin(
        population.archetype[trader],
        [NAMES.index(n) for n in ("market_maker", "volatility_seller", "basis_arbitrageur")],
    )
    mode = np.where(wants_portfolio & (rng.random(len(trader)) < 0.6), 2, mode)
    return np.where(_is_vault(population), 1, mode)


def _accounts(
    rng: np.random.Generator,
    population: Population,
    market: Market,
    opened_ms: IntArray,
    closed_day: IntArray,
    mode: IntArray,
) -> pa.Table:
    trader = population.account_trader
    n, is_main = len(trader), _is_main(population)
    kind = np.where(is_main, 0, np.where(_is_vault(population), 2, 1))
    closed_ms = market.start_ms + closed_day * DAY_MS + 12 * HOUR_MS
    main_opened = opened_ms[population.first_account]
    by_age = np.lexsort((np.arange(len(main_opened)), main_opened))
    rank = np.empty(len(by_age), dtype=np.int64)
    rank[by_age] = np.arange(len(by_age))
    referrer = by_age[(rng.random(len(rank)) * rank).astype(np.int64)]
    referred = (rng.random(len(rank)) < 0.2) & (rank > 0)
    return raw_table(
        "accounts",
        {
            "account_id": identifiers("A", np.arange(n)),
            "trader_id": identifiers("T", trader),
            "parent_account_id": identifiers(
                "A", np.where(is_main, -1, population.first_account[trader])
            ),
            "account_type": labels(kind, _ACCOUNT_TYPES),
            "margin_mode": labels(mode, _MARGIN_MODES),
            "opened_at": timestamps(opened_ms),
            "closed_at": timestamps(np.where(closed_day < market.days, closed_ms, NULL_MS)),
            "referrer_trader_id": identifiers(
                "T", np.where(is_main & referred[trader], referrer[trader], -1)
            ),
        },
    )


@dataclass(frozen=True)
class _Cash:
    """Money in and out of each account and currency (`n_cells`, accounts by currencies).

    `opening` is deposited when the account opens, `top_ups` (`n_cells, n_days`) by day, and
    `withdrawn` on `withdrawal_day`; `equity` (`n_cells, n_days`) is what remains with the profit.
    """

    account: IntArray
    currency: IntArray
    opening: FloatArray
    top_ups: FloatArray
    withdrawn: FloatArray
    withdrawal_day: IntArray
    equity: FloatArray


def _cash(
    rng: np.random.Generator,
    population: Population,
    fills: Fills,
    ledger: Ledger,
    market: Market,
    opened_ms: IntArray,
) -> _Cash:
    """Deposits that keep every account solvent, and withdrawals of what is not needed later.

    Each account starts with a deposit sized to its positions and tops up by halves of it whenever
    its equity in a currency would fall below a tenth of it. Most of those who left take nearly all.
    """
    accounts, currencies, days = ledger.profit.shape
    cells = accounts * currencies
    account, currency = np.divmod(np.arange(cells), currencies)
    wanted_usd = _wanted_usd(population, fills, ledger, market)
    wanted_usd = wanted_usd * rng.lognormal(0.0, 0.25, cells)
    opening = _round_up(wanted_usd / _price_usd(market, currency, opened_ms[account]), currency)
    unit = _round_up(opening / 2, currency)
    floor = _FLOOR_SHARE * opening
    profit = ledger.profit.reshape(cells, days)
    missing = (floor - opening)[:, None] - profit
    units = np.ceil(missing / np.where(unit > 0, unit, np.inf)[:, None])
    units = np.maximum.accumulate(np.maximum(units, 0.0), axis=1)
    top_ups = np.diff(units, axis=1, prepend=0.0) * unit[:, None]
    equity = opening[:, None] + units * unit[:, None] + profit

    leave_day = population.leave_day[population.account_trader[account]]
    has_left = leave_day < days - _CLOSING_DAYS
    day = np.where(has_left, leave_day + rng.integers(1, 6, cells), rng.integers(0, days, cells))
    share = np.where(has_left, rng.uniform(0.85, 0.97, cells), rng.uniform(0.1, 0.4, cells))
    takes = rng.random(cells) < np.where(has_left, 0.8, 0.3)
    takes &= market.start_ms + day * DAY_MS > opened_ms[account]
    least_later = np.minimum.accumulate(equity[:, ::-1], axis=1)[:, ::-1][np.arange(cells), day]
    spare = np.where(takes, np.maximum(least_later - floor / 2, 0.0), 0.0)
    withdrawn = np.floor(share * spare * 1e4) / 1e4
    equity = equity - withdrawn[:, None] * (np.arange(days) >= day[:, None])
    return _Cash(account, currency, opening, top_ups, withdrawn, day, equity)


def _balances(
    cash: _Cash,
    ledger: Ledger,
    market: Market,
    opened_ms: IntArray,
    closed_day: IntArray,
    mode: IntArray,
) -> pa.Table:
    """`balances` of open accounts in the currencies that they were funded in or bought."""
    calendar = np.arange(market.days)
    opened_day = (opened_ms - market.start_ms) // DAY_MS
    is_open = calendar >= opened_day[cash.account, None]
    is_open &= calendar < closed_day[cash.account, None]
    is_used = (cash.opening > 0)[:, None] | (cash.equity > _DUST)
    day, cell = np.nonzero((is_open & is_used).T)
    account, currency = cash.account[cell], cash.currency[cell]
    equity = cash.equity[cell, day]
    equity_usd = equity * _price_usd(market, currency, market.start_ms + (day + 1) * DAY_MS)
    margin = np.minimum(_margin_usd(ledger, market)[cell, day], _LARGEST_MARGIN_SHARE * equity_usd)
    pools = [f"pool-{c}{mode}" for mode in ("", "-isolated") for c in CURRENCIES[:-1]]
    is_isolated = mode[account] == _MARGIN_MODES.index("isolated")
    return raw_table(
        "balances",
        {
            "account_id": identifiers("A", account),
            "asset": labels(currency, CURRENCIES),
            "snapshot_date": dates(day + market.start_ms // DAY_MS),
            "equity": decimals(equity),
            "equity_usd": decimals(np.round(equity_usd, 4)),
            "initial_margin_usd": decimals(np.round(margin, 2)),
            "maintenance_margin_usd": decimals(np.round(margin / 2, 2)),
            "pool_id": labels(
                np.where(is_isolated, currency + len(CURRENCIES) - 1, currency), pools
            ),
        },
    )


def _price_usd(market: Market, currency: IntArray, ms: IntArray) -> FloatArray:
    asset = np.where(currency == USDC, 0, currency)
    return np.where(currency == USDC, 1.0, market.spot(asset, ms))


def _round_up(amount: FloatArray, currency: IntArray) -> FloatArray:
    step = np.where(currency == USDC, 1e2, 1e5)
    return np.ceil(amount * step) / step


def _wanted_usd(population: Population, fills: Fills, ledger: Ledger, market: Market) -> FloatArray:
    """USD equity each account wants in each currency: its peak positions over its leverage."""
    book, held = market.instruments, ledger.positions
    accounts, currencies, days = ledger.profit.shape
    cells = accounts * currencies
    cell = held.account * currencies + book.settlement[held.instrument]
    by_day = np.bincount(cell * days + held.day, np.abs(held.notional_usd), cells * days)
    peak = by_day.reshape(cells, days).max(axis=1)
    traded = fills.account * currencies + book.settlement[fills.instrument]
    is_used = np.bincount(traded, minlength=cells) > 0
    trader = np.repeat(population.account_trader, currencies)
    ticket = (population.ticket_usd * population.equity_tickets)[trader]
    vault = np.repeat(_is_vault(population), currencies) & (np.arange(cells) % currencies == USDC)
    wanted = (peak + ticket) / population.leverage[trader]
    return np.where(is_used, wanted, np.where(vault, 5 * population.ticket_usd[trader], 0.0))


def _margin_usd(ledger: Ledger, market: Market) -> FloatArray:
    """Initial margin by account and currency, and by day, `(n_cells, n_days)`."""
    book, held = market.instruments, ledger.positions
    accounts, currencies, days = ledger.profit.shape
    cells = accounts * currencies
    is_option = book.kind[held.instrument] == OPTION
    rate = np.where(
        is_option, np.where(held.quantity < 0, _SHORT_OPTION_MARGIN, 0.0), _DELTA_ONE_MARGIN
    )
    cell = held.account * currencies + book.settlement[held.instrument]
    margin = np.bincount(cell * days + held.day, np.abs(held.notional_usd) * rate, cells * days)
    return np.asarray(margin.reshape(cells, days))


def _transfers(
    rng: np.random.Generator,
    population: Population,
    market: Market,
    cash: _Cash,
    opened_ms: IntArray,
) -> pa.Table:
    """Opening deposits, top-ups and withdrawals; sub-accounts are funded through the main one."""
    funded = np.flatnonzero(cash.opening > 0)
    topped, top_day = np.nonzero(cash.top_ups > 0)
    leaving = np.flatnonzero(cash.withdrawn > 0)
    cell = np.concatenate([funded, topped, leaving])
    account, currency = cash.account[cell], cash.currency[cell]
    amount = np.concatenate(
        [cash.opening[funded], cash.top_ups[topped, top_day], -cash.withdrawn[leaving]]
    )
    within = rng.integers(60_000, 20 * 60_000, len(cell))
    earliest = np.concatenate(
        [
            np.zeros(len(funded), dtype=np.int64),
            market.start_ms + top_day * DAY_MS,
            market.start_ms + cash.withdrawal_day[leaving] * DAY_MS + 22 * HOUR_MS,
        ]
    )
    ms = within + np.maximum(earliest, opened_ms[account])
    main = population.first_account[population.account_trader[account]]
    is_inside = account != main

    through_main = np.flatnonzero(is_inside)
    row = np.concatenate([np.arange(len(cell)), through_main, through_main])
    leg = np.repeat([0, 1, 2], [len(cell), len(through_main), len(through_main)])
    ms = ms[row] + np.where(leg == 2, np.where(amount[row] > 0, -30_000, 30_000), 0)
    by_time = np.lexsort((leg, row, ms))
    row, leg, ms = row[by_time], leg[by_time], ms[by_time]
    is_internal = is_inside[row] & (leg < 2)
    kind = np.where(is_internal, _INTERNAL, np.where(amount[row] > 0, _DEPOSIT, _WITHDRAWAL))
    other = np.where(is_internal, np.where(leg == 0, main[row], account[row]), -1)
    signed = np.where(leg == 1, -amount[row], amount[row])
    account, currency = np.where(leg == 0, account[row], main[row]), currency[row]
    trader = population.account_trader[account]
    wallet = trader * 10 + rng.choice(3, len(row), p=[0.8, 0.15, 0.05])
    opens = (row < len(funded)) & (signed > 0)
    uses_service = population.uses_service[trader] & (opens | (rng.random(len(row)) < 0.5))
    wallet = np.where(uses_service, service_wallet(population), wallet)
    in_group = (population.funding_group[trader] >= 0) & opens
    wallet = np.where(in_group, group_wallet(population, trader), wallet)
    wallet = np.where(is_internal, -1, wallet)
    usd = signed * _price_usd(market, currency, ms)
    return raw_table(
        "transfers",
        {
            "transfer_id": identifiers("X", np.arange(len(row)), 7),
            "account_id": identifiers("A", account),
            "asset": labels(currency, CURRENCIES),
            "amount": decimals(signed),
            "amount_usd": decimals(np.round(usd, 2)),
            "occurred_at": timestamps(ms),
            "kind": labels(kind, _TRANSFER_KINDS),
            "counterparty_address": wallets(wallet),
            "counterparty_account_id": identifiers("A", other),
            "ingested_at": timestamps(ingested_at(rng, ms)),
        },
    )


def wallets(numbers: IntArray) -> pa.Array:
    """Addresses of numbered wallets."""
    return identifiers("0xsample", numbers, 34)


def group_wallet(population: Population, trader: IntArray) -> IntArray:
    """Wallet from which the funding group of each trader opens its accounts."""
    return 10 * len(population) + population.funding_group[trader]


def service_wallet(population: Population) -> int:
    """Hot wallet of an exchange from which its many customers send."""
    return 10 * len(population) + int(population.funding_group.max()) + 1


def _customers(rng: np.random.Generator, population: Population, market: Market) -> pa.Table:
    n = len(population)
    number = np.arange(n)
    entity = population.is_entity
    weights = np.array(_COUNTRY_WEIGHTS) / sum(_COUNTRY_WEIGHTS)
    country = rng.choice(len(_COUNTRIES), n, p=weights)
    moved = rng.random(n) < 0.1
    nationality = np.where(moved, rng.choice(len(_COUNTRIES), n, p=weights), country)
    age_days = rng.integers(19 * 365, 75 * 365, n)
    worth = population.ticket_usd * rng.lognormal(3.0, 0.8, n)
    names = [f"{'Company' if e else 'Person'} {i:06d}" for i, e in zip(number, entity, strict=True)]
    return raw_table(
        "customers",
        {
            "trader_id": identifiers("T", number),
            "customer_type": labels(np.where(entity, 1, 0), ("individual", "entity")),
            "legal_name": pa.array(names, pa.string()),
            "birth_date": dates(np.where(entity, -1, market.start_ms // DAY_MS - age_days)),
            "email": pa.array([f"trader{i:06d}@example.com" for i in range(n)], pa.string()),
            "country_of_residence": labels(country, _COUNTRIES),
            "nationality": labels(np.where(entity, -1, nationality), _COUNTRIES),
            "onboarding_channel": labels(rng.choice(4, n, p=[0.55, 0.2, 0.15, 0.1]), _CHANNELS),
            "source_of_wealth": labels(
                np.where(rng.random(n) < 0.15, -1, rng.integers(0, len(_WEALTH), n)), _WEALTH
            ),
            "declared_net_worth_usd": decimals(
                np.where(rng.random(n) < 0.2, np.nan, np.round(worth, -2))
            ),
            "wallet_address": wallets(number * 10),
        },
    )


_KYC: Final = (
    "identity_submitted",
    "identity_rejected",
    "identity_verified",
    "address_verified",
    "source_of_wealth_verified",
    "document_expired",
    "pep_match",
    "sanctions_match",
    "adverse_media_match",
    "match_cleared",
    "attestation_issued",
    "attestation_revoked",
    "override_set",
    "override_lifted",
)
_ISSUERS: Final = ("sample-kyc-provider", "sample-screening", "sample-attester", "compliance-desk")
_METHODS: Final = ("document", "biometric", "eid", "attestation", "manual")


def _verification(
    rng: np.random.Generator, population: Population, market: Market, opened_ms: IntArray
) -> pa.Table:
    """KYC events in the order of the process: submitted, decided, then screening and renewal."""
    n = len(population)
    opened = opened_ms[population.first_account]
    code = {name: index for index, name in enumerate(_KYC)}
    method = rng.choice(3, n, p=[0.55, 0.3, 0.15])
    lasts_ms = rng.integers(120, 3650, n) * DAY_MS
    rejected = rng.random(n) < 0.06
    never = rejected & (rng.random(n) < 0.15)
    verified = ~never & (rng.random(n) < 0.985)
    submitted_ms = opened + 60_000 + rng.integers(0, 2 * HOUR_MS, n)
    decided_ms = submitted_ms + rng.integers(60_000, 4 * HOUR_MS, n)
    verified_ms = np.where(
        rejected, decided_ms + rng.integers(HOUR_MS, 12 * HOUR_MS, n), decided_ms
    )
    later_ms = verified_ms + rng.integers(DAY_MS, 60 * DAY_MS, n)
    is_large = population.ticket_usd > 20_000
    screened = rng.random(n)
    match = np.select(
        [screened < 0.012, screened < 0.016, screened < 0.036],
        [code["pep_match"], code["sanctions_match"], code["adverse_media_match"]],
        -1,
    )
    cleared = (match >= 0) & (rng.random(n) < 0.6)
    attested = verified & (rng.random(n) < 0.12)
    overridden = verified & (rng.random(n) < 0.006)
    parts: list[tuple[BoolArray, npt.ArrayLike, IntArray, npt.ArrayLike, npt.ArrayLike]] = [
        (np.ones(n, bool), code["identity_submitted"], submitted_ms, 0, method),
        (rejected, code["identity_rejected"], decided_ms, 0, method),
        (verified, code["identity_verified"], verified_ms, 0, method),
        (verified & (rng.random(n) < 0.85), code["address_verified"], verified_ms + HOUR_MS, 0, 0),
        (
            verified & is_large & (rng.random(n) < 0.7),
            code["source_of_wealth_verified"],
            later_ms,
            3,
            4,
        ),
        (verified, code["document_expired"], verified_ms + lasts_ms, 0, -1),
        (cleared, code["match_cleared"], later_ms + 5 * DAY_MS, 3, 4),
        (attested, code["attestation_issued"], later_ms, 2, 3),
        (
            attested & (rng.random(n) < 0.1),
            code["attestation_revoked"],
            later_ms + 20 * DAY_MS,
            2,
            3,
        ),
        (overridden, code["override_set"], later_ms, 3, 4),
        (overridden & (rng.random(n) < 0.5), code["override_lifted"], later_ms + 30 * DAY_MS, 3, 4),
        (match >= 0, match, later_ms, 1, -1),
    ]
    columns = []
    for happens, names, when, issuers, methods in parts:
        at = np.flatnonzero(happens)
        columns.append((at, *(np.broadcast_to(c, n)[at] for c in (names, when, issuers, methods))))
    who, what, at, by, way = (np.concatenate(column) for column in zip(*columns, strict=True))
    rows = np.lexsort((what, who, at))
    rows = rows[at[rows] < market.end_ms]
    who, what, at, by, way = who[rows], what[rows], at[rows], by[rows], way[rows]
    expires = np.full(len(rows), NULL_MS)
    is_identity = what == code["identity_verified"]
    expires[is_identity] = (at + lasts_ms[who])[is_identity]
    is_attestation = what == code["attestation_issued"]
    expires[is_attestation] = at[is_attestation] + 365 * DAY_MS
    is_override = what == code["override_set"]
    expires[is_override] = at[is_override] + 90 * DAY_MS
    return raw_table(
        "verification_events",
        {
            "event_id": identifiers("V", np.arange(len(rows)), 7),
            "trader_id": identifiers("T", who),
            "event_type": labels(what, _KYC),
            "occurred_at": timestamps(at),
            "issuer": labels(by, _ISSUERS),
            "method": labels(way, _METHODS),
            "expires_at": timestamps(expires),
            "note": labels(np.where(is_override, 0, -1), ("synthetic review",)),
            "ingested_at": timestamps(ingested_at(rng, at)),
        },
    )


def _incentives(rng: np.random.Generator, population: Population, market: Market) -> pa.Table:
    """Monthly rebates to large traders, and scattered rewards, referrals and bonuses."""
    n = len(population)
    months = np.arange(30, market.days + 1, 30)
    large = np.flatnonzero(population.ticket_usd > 10_000)
    large = large[rng.random(len(large)) < 0.25]
    trader = np.repeat(large, len(months))
    day = np.tile(months - 1, len(large))
    kind = np.zeros(len(trader), dtype=np.int64)
    extra = np.flatnonzero(rng.random(n) < 0.12)
    trader = np.concatenate([trader, extra])
    day = np.concatenate(
        [
            day,
            population.join_day[extra]
            + (rng.random(len(extra)) * (market.days - population.join_day[extra])).astype(int),
        ]
    )
    kind = np.concatenate([kind, rng.integers(1, 4, len(extra))])
    valid = (day >= population.join_day[trader]) & (day < population.leave_day[trader])
    trader, day, kind = trader[valid], day[valid], kind[valid]
    amount = np.where(
        kind == 0,
        population.ticket_usd[trader] * rng.lognormal(-6.5, 0.5, len(trader)),
        rng.choice([5.0, 10.0, 20.0, 50.0], len(trader)),
    )
    ms = market.start_ms + day * DAY_MS + rng.integers(9 * HOUR_MS, 17 * HOUR_MS, len(day))
    rows = np.lexsort((trader, ms))
    campaign = np.where(kind == 1, rng.integers(0, 2, len(kind)), -1)
    return raw_table(
        "incentives",
        {
            "incentive_id": identifiers("I", np.arange(len(rows)), 6),
            "trader_id": identifiers("T", trader[rows]),
            "paid_at": timestamps(ms[rows]),
            "kind": labels(kind[rows], ("rebate", "reward", "referral", "bonus")),
            "amount_usd": decimals(np.round(amount[rows], 2)),
            "campaign_id": labels(campaign[rows], _CAMPAIGNS),
        },
    )


def _campaigns(population: Population, market: Market) -> pa.Table:
    """Who was drawn into each campaign, and into which arm."""
    campaign, trader = np.nonzero(population.campaign_arm >= 0)
    ms = market.start_ms + population.campaign_day[campaign] * DAY_MS
    return raw_table(
        "campaign_assignments",
        {
            "campaign_id": labels(campaign, _CAMPAIGNS),
            "trader_id": identifiers("T", trader),
            "arm": labels(population.campaign_arm[campaign, trader], ("treatment", "control")),
            "assigned_at": timestamps(ms),
        },
    )
