"""Churn on the sample venue: what is published, and snapshots that know nothing of later days."""

from __future__ import annotations

import shutil
from dataclasses import replace

import duckdb
import numpy as np
import pytest

from trader_segments.churn.model import ChurnModel
from trader_segments.churn.snapshots import Snapshots
from warehouse_builds import Home, must

pytestmark = pytest.mark.slow

MODELS = (
    *("int_churn_dates", "int_trader_weeks", "int_churn_histories", "int_churn_cells"),
    *("int_churn_values", "int_churn_holdings", "int_churn_snapshots", "int_churn_outcomes"),
)
KNOWN_THEN = ("int_churn_histories", "int_churn_cells", "int_churn_snapshots")


def test_every_trader_has_a_row_and_only_who_is_at_risk_a_probability(sample_home: Home) -> None:
    ((traders, rows, at_risk, scored, wrong),) = sample_home.query(
        """
        select
            (select count(*) from trader_features),
            count(*),
            count(*) filter (where is_at_risk),
            count(churn_probability),
            count(*) filter (
                where not is_at_risk and (churn_probability is not null or churn_band is not null)
                or churn_probability not between 0 and 1
            )
        from trader_churn
        """
    )
    assert (rows, scored, wrong) == (traders, at_risk, 0)
    assert 0 < at_risk < traders
    ((reached, said),) = sample_home.query(
        "select (select avg(churn_probability) from trader_churn), "
        "sum(s.churn_probability * n.at_risk) / sum(n.at_risk) from segment_summary as s join "
        "(select segment_id, count(churn_probability) as at_risk from trader_churn "
        "join trader_segments using (trader_id) group by 1) as n using (segment_id)"
    )
    assert said == pytest.approx(reached)


def test_stored_parameters_give_the_published_probabilities(sample_home: Home) -> None:
    ((version, parameters),) = sample_home.query(
        "select model_version, parameters from churn_models "
        "where target = 'churn' and status = 'champion'"
    )
    with duckdb.connect(str(sample_home.warehouse), read_only=True) as connection:
        today = connection.execute("from int_churn_snapshots where weeks_ago = 0").df()
    read = Snapshots.from_frame(today)
    expected = dict(
        zip(read.trader_id, ChurnModel.from_text(parameters).probability(read), strict=True)
    )
    published = sample_home.query(
        "select trader_id, churn_probability, model_version from trader_churn "
        "where churn_probability is not null"
    )
    assert len(published) > 1_000
    for trader_id, probability, model_version in published:
        assert model_version == version
        assert probability == pytest.approx(expected[trader_id], rel=1e-9)


def test_too_few_leave_the_sample_venue_for_trees_and_it_says_so(sample_home: Home) -> None:
    ((status, why),) = sample_home.query(
        "select status, why from churn_models where target = 'churn' and method = 'boosted_trees'"
    )
    assert status == "not_fitted"
    assert "too few to learn from" in why
    measures = dict(
        sample_home.query(
            "select measure, value from churn_quality where target = 'churn' and is_champion"
        )
    )
    assert measures["judged_traders"] > 1_000
    assert measures["auc"] > 0.85


@pytest.fixture(scope="module")
def shuffled(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The facts of the sample venue with everything after a past date made up anew."""
    home = replace(sample_home, path=tmp_path_factory.mktemp("shuffled"))
    (home.path / "build").mkdir()
    for database in sample_home.warehouse.parent.glob("*.duckdb"):
        shutil.copyfile(database, home.path / "build" / database.name)
    with duckdb.connect(str(home.warehouse)) as connection:
        future = f"event_date > {_past(connection)}"
        connection.execute(
            f"""
            delete from int_trader_days where {future} and hash(trader_id, event_date) % 3 = 0;
            update int_trader_days set
                fill_count = fill_count * 7, notional_usd = notional_usd * 3,
                realized_pnl_usd = -realized_pnl_usd, fee_paid_usd = fee_paid_usd / 5
            where {future};
            delete from int_trader_exposure_days where {future} and hash(trader_id) % 2 = 0;
            update int_trader_equity_days set equity_usd = equity_usd / 1000 where {future};
            """
        )
    must(home.dbt("run", "--select", *MODELS))
    return home


def _past(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute(
        "select max(snapshot_date) from int_churn_dates where is_outcome_known"
    ).fetchone()
    assert row is not None
    return f"date '{row[0]}'"


@pytest.mark.parametrize("model", KNOWN_THEN)
def test_shuffling_the_future_moves_no_snapshot(
    sample_home: Home, shuffled: Home, model: str
) -> None:
    rows = []
    for home in (sample_home, shuffled):
        with duckdb.connect(str(home.warehouse), read_only=True) as connection:
            past = f"snapshot_date <= {_past(connection)}"
            rows.append(connection.execute(f"from {model} where {past} order by all").df())
    assert len(rows[0]) > 100
    for column in rows[0].columns:
        before, after = (frame[column].to_numpy() for frame in rows)
        assert np.array_equal(before, after, equal_nan=before.dtype.kind == "f"), column


def test_what_became_of_them_does_move(sample_home: Home, shuffled: Home) -> None:
    counts = []
    for home in (sample_home, shuffled):
        with duckdb.connect(str(home.warehouse), read_only=True) as connection:
            counts.append(
                connection.execute(
                    "select count(*) filter (where has_churned) from int_churn_outcomes"
                ).fetchone()
            )
    assert counts[0] != counts[1]
