"""Links between traders: those planted are found, those of chance are not."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from scipy.stats import hypergeom

from trader_segments.simulate import simulate
from warehouse_builds import ROOT, Home, must, write_csv

pytestmark = pytest.mark.slow

DAYS = 90
INDEPENDENT = 60
FIRST_DAY = dt.date(2026, 1, 1)


def build_network(folder: Path, raw_data: Path, project: Path) -> Home:
    home = Home(folder / "home", raw_data, project=project)
    must(home.dbt("build", "--select", "+feat_network"))
    return home


@pytest.fixture(scope="module")
def sample(bare_project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path]:
    """The network of a sample venue, and the folder of what was planted."""
    folder = tmp_path_factory.mktemp("network_sample")
    venue = simulate(folder / "venue", traders=200, days=35).out
    return build_network(folder, venue / "raw", bare_project), venue / "truth"


def planted(truth: Path, sql: str) -> set[tuple[str, str]]:
    with duckdb.connect() as connection:
        for path in truth.glob("*.parquet"):
            connection.execute(f"create view {path.stem} as from '{path}'")
        return {(low, high) for low, high in connection.execute(sql).fetchall()}


def test_every_planted_wash_pair_is_found_and_no_other(sample: tuple[Home, Path]) -> None:
    home, truth = sample
    expected = planted(
        truth,
        "select least(trader_a, trader_b), greatest(trader_a, trader_b) from wash_pairs",
    )
    found = home.query_warehouse("select trader_id, other_trader_id from int_wash_trade_pairs")
    assert len(expected) >= 2
    assert set(found) == expected
    features = home.query_warehouse(
        "select trader_id, wash_trade_share from feat_network where wash_trade_pairs > 0"
    )
    assert {trader for trader, _ in features} == {trader for pair in expected for trader in pair}
    assert all(0 < share <= 1 for _, share in features)


def test_every_shared_address_is_found_and_the_exchange_is_no_link(
    sample: tuple[Home, Path],
) -> None:
    home, truth = sample
    pairs = (
        "select distinct ours.trader_id, theirs.trader_id from {table} as ours "
        "inner join {table} as theirs using (address) "
        "where ours.trader_id < theirs.trader_id and {is_link}"
    )
    expected = planted(
        truth,
        pairs.format(
            table="shared_addresses", is_link="not ours.is_service and not theirs.is_service"
        ),
    )
    funded = {
        trader
        for (trader,) in home.query_warehouse(
            "select distinct int_accounts.trader_id from stg_transfers "
            "inner join int_accounts using (account_id) where kind <> 'internal'"
        )
    }
    found = home.query_warehouse(
        pairs.format(table="int_shared_addresses", is_link="ours.is_link and theirs.is_link")
    )
    assert set(found) == {pair for pair in expected if funded.issuperset(pair)}
    assert len(found) > 0
    (services,) = home.query_warehouse(
        "select count(distinct address) from int_shared_addresses "
        "where trader_count > 10 and not is_link"
    )[0]
    assert services == 1


def fills_of(rng: np.random.Generator, trader: str, sides: dict[int, str]) -> list[dict[str, Any]]:
    """One fill a day, each at a moment and a price of its own."""
    return [
        {
            "fill_id": f"{trader}-{day}",
            "account_id": trader,
            "instrument_id": "BTC_USDC",
            "executed_at": f"{FIRST_DAY + dt.timedelta(days=day)} 12:00:{rng.random() * 59:09.6f}",
            "side": side,
            "quantity": str(rng.integers(1, 100)),
            "price": f"{80_000 + rng.random() * 1000:.4f}",
        }
        for day, side in sides.items()
    ]


@pytest.fixture(scope="module")
def independent(bare_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Traders who each toss their own coins, and two who follow one of them, one the other way.

    Half of them never trade at weekends: to keep the same days is not to act together.
    """
    rng = np.random.default_rng(5)
    folder = tmp_path_factory.mktemp("network_independent")
    fills = []
    sides: dict[int, str] = {}
    for number in range(INDEPENDENT):
        activity, buying = rng.uniform(0.3, 1.0), rng.uniform(0.3, 0.7)
        sides = {
            day: "buy" if rng.random() < buying else "sell"
            for day in range(DAYS)
            if rng.random() < activity and (number % 2 or day % 7 < 5)
        }
        fills += fills_of(rng, f"T{number:02d}", sides)
    opposite = {day: "sell" if side == "buy" else "buy" for day, side in sides.items()}
    fills += fills_of(rng, "same", sides) + fills_of(rng, "opposite", opposite)
    write_csv(folder / "raw" / "fills.csv", fills)
    return build_network(folder, folder / "raw", bare_project)


def test_only_the_followers_are_linked(independent: Home) -> None:
    led = f"T{INDEPENDENT - 1:02d}"
    links = independent.query_warehouse(
        "select distinct trader_id, other_trader_id, is_same_side from int_trader_links"
    )
    assert {(*sorted([one, other]), same) for one, other, same in links} == {
        (led, "same", True),
        (led, "opposite", False),
        ("opposite", "same", False),
    }
    counts = independent.query_warehouse(
        "select trader_id, same_side_links, opposite_side_links from feat_network "
        "where same_side_links + opposite_side_links > 0 order by 1"
    )
    assert counts == [(led, 1, 1), ("opposite", 0, 2), ("same", 1, 1)]


def test_probabilities_are_those_of_the_hypergeometric_distribution(independent: Home) -> None:
    rows = independent.query_warehouse(
        "select common_days, joint_days, state_days, other_state_days, p_value "
        "from int_trader_links"
    )
    assert len(rows) > 0
    for common, joint, ours, theirs, p_value in rows:
        assert p_value == pytest.approx(
            hypergeom.sf(common - 1, joint, ours, theirs), rel=1e-6, abs=1e-29
        )


def test_the_number_of_tests_is_four_for_every_pair(independent: Home) -> None:
    traders = INDEPENDENT + 2
    assert independent.query_warehouse(
        "select distinct test_count, p_value_bound * test_count from int_trader_links"
    ) == [(4 * traders * (traders - 1) / 2, pytest.approx(0.01))]


def test_money_links_are_unknown_without_transfers(independent: Home) -> None:
    assert independent.query_warehouse(
        "select distinct shared_address_traders, internal_transfer_traders from feat_network"
    ) == [(None, None)]


def test_every_threshold_that_a_model_reads_is_in_the_seed() -> None:
    read = {
        name
        for path in (ROOT / "models").rglob("*.sql")
        for name in re.findall(r"network_threshold\('(\w+)'\)", path.read_text(encoding="utf-8"))
    }
    seed = (ROOT / "seeds" / "network" / "network_thresholds.csv").read_text(encoding="utf-8")
    assert read == {line.split(",")[0] for line in seed.splitlines()[1:]}
