"""A challenger in dbt: asked for by var, judged, stored with its reason, promoted by hand."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from test_build_scoring import planted
from trader_segments.segmentation import SegmentationModel
from warehouse_builds import Home, must

pytestmark = pytest.mark.slow

JUNE, JULY = dt.date(2026, 6, 30), dt.date(2026, 7, 10)


@pytest.fixture(scope="module")
def home(bare_project: Path, small_venue: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A working database with a population of June and the model fitted on it."""
    home = Home(tmp_path_factory.mktemp("challenger"), small_venue, project=bare_project)
    must(home.dbt("seed", "--select", "style_rules", "styles"))
    hand_over(home, planted(700, 0), JUNE)
    models(home)
    return home


def hand_over(home: Home, features: pd.DataFrame, as_of_date: dt.date) -> None:
    """Put features of a date where the fit reads them."""
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.register("features", features)
        connection.execute("create or replace table trader_features as from features")
        connection.execute(
            f"create or replace table int_as_of_date as select date '{as_of_date}' as as_of_date"
        )


def models(home: Home, **settings: Any) -> pd.DataFrame:
    """Run the fit under these vars and return the mart of its versions, oldest first."""
    run = home.dbt(
        "run",
        "--select",
        "segmentation_fits",
        "segmentation_models",
        "--vars",
        json.dumps(settings),
    )
    must(run)
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        return connection.sql("from segmentation_models order by as_of_date").df()


def drifted(home: Home) -> None:
    """Leave a reference, as drift_reference keeps it, that today's traders are far from."""
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(
            """
            create or replace table drift_reference as
            select
                (select model_version from segmentation_models where status = 'champion')
                    as model_version,
                timestamp '2026-06-30' as reference_date,
                cast(null as varchar) as segment_id,
                * replace (
                    median_ticket_usd / 9 as median_ticket_usd,
                    holding_days / 9 as holding_days,
                    equity_turnover / 9 as equity_turnover,
                    time_of_day_regularity / 2 as time_of_day_regularity,
                    fills_per_active_day / 9 as fills_per_active_day
                )
            from trader_features
            """
        )


def test_a_challenger_is_judged_and_promoted_by_hand(home: Home) -> None:
    hand_over(home, planted(700, 1), JULY)
    rows = models(home)
    assert rows["status"].tolist() == ["champion"]

    drifted(home)
    rows = models(home)
    assert rows["status"].tolist() == ["champion", "challenger"]
    assert "inputs in drift alarm; not promoted" in rows["why"].iloc[1]
    assert rows["compared_with"].iloc[1] == rows["model_version"].iloc[0]

    chosen = rows["model_version"].iloc[1]
    rows = models(home, promote_segmentation=chosen)
    assert rows["status"].tolist() == ["retired", "champion"]
    assert rows["champion_since"].iloc[1] == pd.Timestamp(JULY)
    model = SegmentationModel.from_json(rows["parameters"].iloc[1])
    assert chosen == f"{JULY}-{model.digest}"

    refused = home.dbt(
        "run", "--select", "segmentation_fits", "--vars", "promote_segmentation: none-such"
    )
    assert not refused.succeeded
    assert (
        "promote_segmentation: none-such is not stored; stored are: 2026-06-30-" in refused.output
    )
