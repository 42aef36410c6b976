"""Nothing that happens after the as-of date changes a result."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from trader_segments.simulate import simulate
from warehouse_builds import Home, differences, must

pytestmark = pytest.mark.slow

AS_OF_DATE = dt.date(2026, 6, 12)
EVENT_TIMES = {
    "fills": "executed_at",
    "orders": "event_at",
    "quotes": "quoted_at",
    "positions": "snapshot_date",
    "open_interest": "snapshot_date",
    "balances": "snapshot_date",
    "transfers": "occurred_at",
    "accounts": "opened_at",
    "verification_events": "occurred_at",
    "index_prices": "priced_at",
    "funding_payments": "paid_at",
    "incentives": "paid_at",
    "campaign_assignments": "assigned_at",
    "instruments": "listed_at",
}


@pytest.fixture(scope="module")
def homes(bare_project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Home]:
    """Two builds as of one date: from what was known then, and from all that came later too."""
    folder = tmp_path_factory.mktemp("point_in_time")
    everything = simulate(folder / "venue", traders=60, days=40, seed=11).out / "raw"
    until_then = folder / "until_then"
    until_then.mkdir()
    with duckdb.connect() as connection:
        for path in everything.glob("*.parquet"):
            event_time = EVENT_TIMES.get(path.stem)
            is_known = f"{event_time}::date <= date '{AS_OF_DATE}'" if event_time else "true"
            connection.execute(
                f"copy (from '{path}' where {is_known}) to '{until_then / path.name}'"
            )
        accounts = until_then / "accounts.parquet"
        connection.execute(
            f"create table accounts as select * replace "
            f"(case when closed_at::date <= date '{AS_OF_DATE}' then closed_at end as closed_at) "
            f"from '{accounts}'"
        )
        connection.execute(f"copy accounts to '{accounts}'")
    then = Home(folder / "then", until_then, project=bare_project)
    later = Home(folder / "later", everything, project=bare_project)
    for home in (then, later):
        must(home.dbt("build", "--vars", f"as_of_date: {AS_OF_DATE}"))
    return then, later


def test_later_events_are_there_to_be_ignored(homes: tuple[Home, Home]) -> None:
    read = [
        dict(home.query("select source_table, rows_staged from source_health")) for home in homes
    ]
    assert EVENT_TIMES.keys() | {"customers"} == read[1].keys()
    for table in EVENT_TIMES:
        assert read[0][table] < read[1][table], table


def test_no_feature_moves(homes: tuple[Home, Home]) -> None:
    """Names the features that later events move, where there are any."""
    then, later = (home.contents()["trader_features"] for home in homes)
    moved = {
        name: [
            (trader, before, after)
            for trader, before, after in zip(
                then["trader_id"].to_pylist(),
                then[name].to_pylist(),
                later[name].to_pylist(),
                strict=True,
            )
            if before != after
        ][:1]
        for name in then.column_names
        if not then[name].equals(later[name])
    }
    assert moved == {}


@pytest.mark.parametrize(
    "mart",
    [
        "trader_features",
        "feature_catalog",
        "trader_segments",
        "trader_segment_history",
        "segment_summary",
        "segment_summary_history",
        "segment_profiles",
        "segment_migration",
        "micro_segments",
        "feature_drift",
        "segment_drift",
        "segmentation_models",
        "segmentation_quality",
        "trader_lifetime_value",
        "value_models",
        "value_quality",
        "trader_due_diligence",
        "trader_due_diligence_history",
        "due_diligence_rulesets",
        "verification_service_levels",
    ],
)
def test_later_events_change_no_result(homes: tuple[Home, Home], mart: str) -> None:
    then, later = homes
    assert differences(then.contents(), later.contents(), [mart]) == []


def test_every_result_is_as_of_the_date_asked_for(homes: tuple[Home, Home]) -> None:
    for home in homes:
        for mart in ("trader_features", "trader_segments", "segment_summary", "segment_profiles"):
            assert home.query(f"select distinct as_of_date from {mart}") == [(AS_OF_DATE,)]
        assert home.manifest()["as_of_date"] == str(AS_OF_DATE)


def test_who_opened_an_account_later_is_no_trader_yet(homes: tuple[Home, Home]) -> None:
    _, later = homes
    with duckdb.connect() as connection:
        (expected,) = connection.execute(
            f"select count(distinct trader_id) from '{later.raw_data / 'accounts.parquet'}' "
            f"where opened_at::date <= date '{AS_OF_DATE}'"
        ).fetchall()[0]
    assert later.query("select count(*) from trader_segments") == [(expected,)]
