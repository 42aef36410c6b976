"""Real exports: every row accounted for, every sum that of the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from warehouse_builds import Home, differences, must, require_data

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def polymarket(lean_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    data = require_data("polymarket_2022_midterms")
    folder = tmp_path_factory.mktemp("polymarket")
    home = Home(folder, data, venue="polymarket", project=lean_project)
    must(home.dbt("build"))
    return home


@pytest.fixture(scope="module")
def trades() -> Iterator[duckdb.DuckDBPyConnection]:
    """`trades`, the file as it is, and `staged`, the copies and impossible rows left out."""
    path = require_data("polymarket_2022_midterms") / "trades.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create view trades as from '{path}'")
        connection.execute(
            "create table staged as select distinct * from trades where shares > 0 and price > 0 "
            "and not isnan(shares) and not isnan(price) and not isnan(amount_usd)"
        )
        yield connection


def test_polymarket_every_row_is_staged_rejected_or_a_copy(
    polymarket: Home, trades: duckdb.DuckDBPyConnection
) -> None:
    (staged,) = trades.execute("select count(*) from staged").fetchall()[0]
    (distinct,) = trades.execute("select count(*) from (from trades select distinct *)").fetchall()[
        0
    ]
    assert polymarket.query(
        "select rows_read, rows_staged, rows_rejected, rows_duplicate "
        "from source_health where source_table = 'fills'"
    ) == [(28_005, staged, distinct - staged, 69)]
    assert distinct == 28_005 - 69


def test_polymarket_rejections_name_the_missing_and_the_zero_values(
    polymarket: Home, trades: duckdb.DuckDBPyConnection
) -> None:
    expected = trades.execute(
        """
        select
            concat_ws(
                '; ',
                case when shares <= 0 then 'quantity not above zero' end,
                case
                    when price is null or isnan(price) then 'missing price'
                    when price <= 0 then 'price not above zero'
                end
            ) as reason,
            count(*)
        from (from trades select distinct *)
        anti join staged using (market, ts, account, side, outcome, amount_usd, shares, price)
        group by reason
        """
    ).fetchall()
    found = polymarket.query("select reason, count(*) from rejected_rows group by 1")
    assert dict(found) == dict(expected)


def test_polymarket_every_trading_account_and_nobody_else_has_one_segment(
    polymarket: Home, trades: duckdb.DuckDBPyConnection
) -> None:
    accounts = trades.execute("select distinct account from staged order by 1").fetchall()
    assert polymarket.query("select trader_id from trader_segments order by 1") == accounts


def test_polymarket_who_left_is_told_by_the_trees_and_not_by_recency(polymarket: Home) -> None:
    """What docs/value.md says of churn on real trades."""
    found = {
        predictor: (judged, rate, auc, error)
        for predictor, judged, rate, auc, error in polymarket.query(
            """
            select
                predictor,
                max(value) filter (where measure = 'judged_traders'),
                max(value) filter (where measure = 'outcome_rate'),
                max(value) filter (where measure = 'auc'),
                max(value) filter (where measure = 'expected_calibration_error')
            from churn_quality
            where target = 'churn'
            group by 1
            """
        )
    }
    assert {judged for judged, *_ in found.values()} == {770.0}
    assert {round(rate, 2) for _, rate, *_ in found.values()} == {0.82}
    assert found["boosted_trees"][2:] == pytest.approx((0.976, 0.062), abs=0.005)
    assert found["recency"][2] < 0.3 < found["closed_form"][2] < 0.8
    assert polymarket.query(
        "select method from churn_models where target = 'churn' and status = 'champion'"
    ) == [("boosted_trees",)]


def test_polymarket_notional_is_the_dollars_that_changed_hands(
    polymarket: Home, trades: duckdb.DuckDBPyConnection
) -> None:
    expected = trades.execute(
        "select account, sum(amount_usd::varchar::decimal(38, 12)) from staged "
        "group by 1 order by 1"
    ).fetchall()
    found = polymarket.query("select trader_id, notional_usd from trader_features order by 1")
    assert found == expected


def test_polymarket_spellings_of_one_party_are_one_instrument(
    polymarket: Home, trades: duckdb.DuckDBPyConnection
) -> None:
    (markets,) = trades.execute(
        "select count(distinct (market, replace(outcome, 'Democratic', 'Democrat'))) from staged"
    ).fetchall()[0]
    assert polymarket.query_warehouse("select count(distinct instrument_id) from stg_fills") == [
        (markets,)
    ]


@dataclass(frozen=True)
class BuiltTwice:
    home: Home
    contents: tuple[dict[str, pa.Table], dict[str, pa.Table]] = field(repr=False)


def test_polymarket_has_no_fees_so_notional_stands_for_value(polymarket: Home) -> None:
    found = polymarket.query(
        "select distinct value_basis, historic_net_value_usd from trader_lifetime_value"
    )
    assert found == [("notional", None)]
    measured = polymarket.query(
        "select measure, value, holdout_weeks, trader_count from value_quality "
        "where population = 'recently_active' and measure = 'spearman'"
    )
    ((_, value, weeks, traders),) = measured
    assert 0.5 < value < 0.7
    assert (weeks, traders) == (8, 770)


@pytest.fixture(scope="module")
def hyperliquid(bare_project: Path, tmp_path_factory: pytest.TempPathFactory) -> BuiltTwice:
    data = require_data("hyperliquid")
    folder = tmp_path_factory.mktemp("hyperliquid")
    home = Home(folder, data, venue="hyperliquid", project=bare_project)
    must(home.dbt("build"))
    first = home.contents()
    must(home.dbt("build"))
    return BuiltTwice(home, (first, home.contents()))


@pytest.fixture(scope="module")
def export() -> Iterator[duckdb.DuckDBPyConnection]:
    path = require_data("hyperliquid") / "fills.csv"
    with duckdb.connect() as connection:
        connection.execute(
            f"create view export as from read_csv('{path}', all_varchar = true, header = true)"
        )
        yield connection


def test_hyperliquid_sums_are_those_of_the_file_to_the_cent(
    hyperliquid: BuiltTwice, export: duckdb.DuckDBPyConnection
) -> None:
    expected = export.execute(
        """
        select
            "Account",
            count(*),
            sum("Size USD"::decimal(38, 12)),
            sum("Closed PnL"::decimal(38, 12)),
            sum("Fee"::decimal(38, 12))
        from export
        where "Direction" <> 'Spot Dust Conversion'
        group by 1 order by 1
        """
    ).fetchall()
    found = hyperliquid.home.query(
        "select trader_id, fill_count, notional_usd, realized_pnl_usd, net_fee_usd "
        "from trader_features order by 1"
    )
    assert len(found) == 4
    assert found == expected


def test_hyperliquid_dust_conversion_is_no_trade(hyperliquid: BuiltTwice) -> None:
    rejected = hyperliquid.home.query(
        "select raw_values from rejected_rows where reason = 'not a trade: Spot Dust Conversion'"
    )
    assert len(rejected) == 1
    assert "Spot Dust Conversion" in rejected[0][0]


def test_hyperliquid_every_row_is_accounted_for(
    hyperliquid: BuiltTwice, export: duckdb.DuckDBPyConnection
) -> None:
    (rows,) = export.execute("select count(*) from export").fetchall()[0]
    assert hyperliquid.home.query(
        "select rows_read, rows_staged + rows_rejected + rows_duplicate "
        "from source_health where source_table = 'fills'"
    ) == [(rows, rows)]


def test_hyperliquid_times_are_utc(
    hyperliquid: BuiltTwice, export: duckdb.DuckDBPyConnection
) -> None:
    expected = export.execute(
        """
        select min(local) - interval '330 minutes', max(local) - interval '330 minutes'
        from (
            select strptime("Timestamp IST", '%d-%m-%Y %H:%M') as local from export
            where "Direction" <> 'Spot Dust Conversion'
        )
        """
    ).fetchall()
    assert (
        hyperliquid.home.query(
            "select first_event_at, last_event_at from source_health where source_table = 'fills'"
        )
        == expected
    )


def test_hyperliquid_a_second_build_changes_nothing(hyperliquid: BuiltTwice) -> None:
    assert differences(*hyperliquid.contents) == []
