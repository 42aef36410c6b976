"""Losses between collateral pools: the models, rendered and run on any matrix of exposures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import jinja2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

PROJECT = Path(__file__).parents[2]
MODELS = PROJECT / "models" / "intermediate" / "pools"
MONEY = "decimal(38, 12)"
CENT = Decimal("0.01")
NOTHING = (Decimal(0), Decimal(0))

Cell = tuple[str, str]
ACCOUNTS = ("a", "b", "c", "d")
POOLS = ("p", "q", "r")
SCENARIOS = ("down", "up")


@dataclass(frozen=True)
class Venue:
    """Equity by account and pool, losses by account, pool and scenario, and who is isolated.

    A cell without equity is not exposed. Losses are `(positions, coin)` in US dollars, below zero
    gains.
    """

    equity: dict[Cell, Decimal]
    losses: dict[tuple[str, str, str], tuple[Decimal, Decimal]]
    isolated: frozenset[str]


def _rendered(model: str) -> str:
    environment = jinja2.Environment()
    environment.globals.update(
        ref=lambda name: name,
        config=lambda **_: "",
        contract_type=lambda _: MONEY,
    )
    share = (PROJECT / "macros" / "features" / "share.sql").read_text(encoding="utf-8")
    sql = (MODELS / f"{model}.sql").read_text(encoding="utf-8")
    return environment.from_string(share + sql).render()


class Pools:
    """The models as views over two tables that a test fills."""

    def __init__(self) -> None:
        self.database = duckdb.connect()
        self.database.execute(
            f"""
            create table int_account_pools (
                account_id varchar, pool_id varchar, is_isolated boolean, equity_usd {MONEY}
            );
            create table int_account_pool_losses (
                account_id varchar, pool_id varchar, scenario_id varchar,
                position_loss_usd {MONEY}, collateral_loss_usd {MONEY}
            );
            """
        )
        for model in ("int_pool_losses", "int_pool_claims", "int_pool_loss_moves"):
            self.database.execute(f"create view {model} as {_rendered(model)}")
        self.database.execute(f"create view int_pool_backing as {_rendered('int_pool_backing')}")

    def fill(self, venue: Venue) -> None:
        """Replace what is in the tables."""
        self.database.execute("truncate int_account_pools; truncate int_account_pool_losses")
        for (account, pool), equity in venue.equity.items():
            self.database.execute(
                "insert into int_account_pools values (?, ?, ?, ?)",
                [account, pool, account in venue.isolated, equity],
            )
        for key, loss in venue.losses.items():
            self.database.execute(
                "insert into int_account_pool_losses values (?, ?, ?, ?, ?)", [*key, *loss]
            )

    def moves(self) -> dict[tuple[str, str, str], Decimal]:
        """What a loss in the first pool takes from an account in another pool."""
        rows = self.database.execute(
            "select from_pool_id, account_id, to_pool_id, sum(moved_usd) from int_pool_loss_moves "
            "group by all"
        ).fetchall()
        return {(source, account, target): moved for source, account, target, moved in rows}


@pytest.fixture(scope="module")
def pools() -> Pools:
    return Pools()


money = st.decimals(0, 1_000_000, places=2, allow_nan=False, allow_infinity=False)
change = st.decimals(-1_000_000, 1_000_000, places=2, allow_nan=False, allow_infinity=False)


@st.composite
def venues(draw: st.DrawFn) -> Venue:
    cells = [(account, pool) for account in ACCOUNTS for pool in POOLS]
    exposed = draw(st.lists(st.sampled_from(cells), unique=True, max_size=len(cells)))
    equity = {cell: draw(money) for cell in exposed}
    losses = {
        (*cell, scenario): (draw(change), draw(change))
        for cell in exposed
        for scenario in SCENARIOS
        if draw(st.booleans())
    }
    isolated = draw(st.frozensets(st.sampled_from(ACCOUNTS)))
    return Venue(equity, losses, isolated)


ONE_LOSER = Venue(
    equity={
        ("a", "p"): Decimal(100),
        ("a", "q"): Decimal(50),
        ("b", "p"): Decimal(30),
        ("c", "q"): Decimal(900),
    },
    losses={("a", "p", "down"): (Decimal(400), Decimal(0))},
    isolated=frozenset(),
)

few = settings(max_examples=25, deadline=None, derandomize=True)


@few
@example(venue=ONE_LOSER)
@given(venue=venues())
def test_a_loss_in_a_pool_leaves_accounts_without_exposure_unmoved(
    pools: Pools, venue: Venue
) -> None:
    """Whoever has E[account, pool] = 0 pays nothing, in that pool or in another."""
    pools.fill(venue)
    for (source, account, target), moved in pools.moves().items():
        assert moved > 0
        assert (account, source) in venue.equity
        assert source == target or account not in venue.isolated


@few
@example(venue=ONE_LOSER)
@given(venue=venues())
def test_nothing_is_paid_twice_or_from_what_is_not_there(pools: Pools, venue: Venue) -> None:
    """What moves is at most what was lost, and at most what the scenario leaves to each account."""
    pools.fill(venue)
    worst = pools.database.execute(
        "select pool_id, scenario_id, loss_usd from int_pool_losses where severity_rank = 1"
    ).fetchall()
    paid: dict[str, Decimal] = defaultdict(Decimal)
    moves = pools.moves()
    scenario = {pool: name for pool, name, _ in worst}
    for (source, account, target), moved in moves.items():
        paid[source] += moved
        position, coin = venue.losses.get((account, target, scenario[source]), NOTHING)
        results = min(position, Decimal(0)) if source == target else position
        left = venue.equity[account, target] - coin - results
        assert moved <= left + CENT
    for pool, _, loss in worst:
        assert paid[pool] <= loss + CENT
        unpaid = loss - paid[pool]
        if unpaid > CENT:
            assert_nothing_is_left(venue, pool, scenario[pool], moves)


def assert_nothing_is_left(
    venue: Venue, pool: str, scenario: str, moves: dict[tuple[str, str, str], Decimal]
) -> None:
    """Every account of a pool that cannot pay has paid all that it has there."""
    for account, where in venue.equity:
        if where != pool:
            continue
        position, coin = venue.losses.get((account, pool, scenario), NOTHING)
        left = venue.equity[account, pool] - coin - min(position, Decimal(0))
        assert moves.get((pool, account, pool), Decimal(0)) >= max(left, Decimal(0)) - CENT


@few
@given(venue=venues())
def test_all_collateral_behind_a_pool_is_somewhere(pools: Pools, venue: Venue) -> None:
    """What backs a pool adds up to its equity, and isolated accounts back only the pool itself."""
    pools.fill(venue)
    backing = pools.database.execute(
        "select from_pool_id, sum(backing_usd) from int_pool_backing group by all"
    ).fetchall()
    for pool, backed in backing:
        equity = sum(amount for (_, where), amount in venue.equity.items() if where == pool)
        assert float(backed) == pytest.approx(float(equity), abs=1e-6)
    if {account for account, _ in venue.equity} <= venue.isolated:
        assert pools.database.execute(
            "select coalesce(sum(backing_usd), 0) from int_pool_backing "
            "where from_pool_id <> to_pool_id"
        ).fetchall() == [(0,)]


def test_a_shortfall_is_called_then_shared(pools: Pools) -> None:
    pools.fill(ONE_LOSER)
    assert pools.moves() == {("p", "a", "p"): 100, ("p", "a", "q"): 50, ("p", "b", "p"): 30}
