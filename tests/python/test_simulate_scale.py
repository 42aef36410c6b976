"""Scale mode: any number of fills in constant memory."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from trader_segments.cli import main
from trader_segments.simulate.scale import simulate_scale
from trader_segments.simulate.writer import SCHEMAS

FILLS, TRADERS, DAYS = 200_000, 4_000, 60


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scale") / "venue"
    simulate_scale(out, fills=FILLS, traders=TRADERS, days=DAYS)
    return out


def ask(venue: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        for table in ("fills/*", "instruments", "index_prices"):
            name = table.removesuffix("/*")
            connection.execute(f"create view {name} as from '{venue}/raw/{table}.parquet'")
        return connection.execute(sql).fetchall()


def test_every_fill_has_its_own_id_and_every_trader_a_fill(venue: Path) -> None:
    [(fills, ids, accounts, sides)] = ask(
        venue,
        "select count(*), count(distinct fill_id), count(distinct account_id), "
        "count(distinct side) from fills",
    )
    assert (fills, ids, sides) == (FILLS, FILLS, 2)
    assert TRADERS * 0.95 < accounts <= TRADERS


def test_columns_are_those_of_the_contract(venue: Path) -> None:
    names = pq.read_schema(next((venue / "raw" / "fills").iterdir())).names
    assert set(names) <= set(SCHEMAS["fills"].names)


def test_fills_are_of_instruments_that_are_listed_then(venue: Path) -> None:
    [(outside,)] = ask(
        venue,
        "select count(*) from fills left join instruments using (instrument_id) "
        "where listed_at is null or executed_at < listed_at or executed_at >= expires_at",
    )
    assert outside == 0


def test_quantities_and_prices_are_above_zero(venue: Path) -> None:
    assert ask(venue, "select count(*) from fills where not (quantity > 0 and price > 0)") == [(0,)]


def test_fills_cover_the_window_evenly(venue: Path) -> None:
    per_day = [
        count
        for (count,) in ask(venue, "select count(*) from fills group by cast(executed_at as date)")
    ]
    assert len(per_day) == DAYS
    assert max(per_day) - min(per_day) <= 1 + FILLS // DAYS // 1000


def test_most_traders_come_on_few_days_and_a_few_on_all(venue: Path) -> None:
    days = [
        count
        for (count,) in ask(
            venue,
            "select count(distinct cast(executed_at as date)) from fills group by account_id",
        )
    ]
    assert sum(count <= 2 for count in days) > 0.8 * TRADERS
    assert max(days) > 0.9 * DAYS


def test_the_same_arguments_give_the_same_rows(venue: Path, tmp_path: Path) -> None:
    simulate_scale(tmp_path / "again", fills=FILLS, traders=TRADERS, days=DAYS)
    simulate_scale(tmp_path / "other", fills=FILLS, traders=TRADERS, days=DAYS, seed=8)
    digest = "select bit_xor(hash(fills)) from fills"
    assert ask(tmp_path / "again", digest) == ask(venue, digest)
    assert ask(tmp_path / "other", digest) != ask(venue, digest)


def test_a_venue_without_a_fill_a_trader_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a fill a trader"):
        simulate_scale(tmp_path / "venue", fills=100, traders=200)


def test_the_command_has_a_scale_mode(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        main,
        ["simulate", "--out", str(tmp_path / "venue"), "--fills", "5000", "--traders", "100"],
    )
    assert done.exit_code == 0, done.output
    assert "5,000" in done.output
    assert (tmp_path / "venue" / "raw" / "fills" / "part-00000.parquet").is_file()
