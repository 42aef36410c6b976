"""What Python models share: the registry, earlier rows, named columns, bounded samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest

from test_segmentation_population import SEEDS, draw_population
from trader_segments import dbt_models
from trader_segments.dbt_models import (
    earlier_rows,
    feature_batches,
    feature_frame,
    feature_sample,
    sibling,
)
from trader_segments.segmentation import SegmentationModel, fit, score, style_reasons
from trader_segments.segmentation.drift import active_traders
from trader_segments.segmentation.fitting import required_columns
from trader_segments.segmentation.table import FeatureTable
from warehouse_builds import registered_features

RULES = pd.read_csv(SEEDS / "style_rules.csv")
STYLES = pd.read_csv(SEEDS / "styles.csv")
SPECS = list(registered_features().values())


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    frame, _ = draw_population(1500, 3)
    return frame.sample(frac=1.0, random_state=5).reset_index(drop=True)


@pytest.fixture(scope="module")
def model(features: pd.DataFrame) -> SegmentationModel:
    return fit(features, SPECS, RULES, styles=STYLES)


@pytest.fixture
def session(features: pd.DataFrame) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.register("given", features)
        connection.execute("create table trader_features as from given")
        yield connection


def test_a_fit_needs_no_more_than_the_columns_it_names(
    features: pd.DataFrame, model: SegmentationModel, session: duckdb.DuckDBPyConnection
) -> None:
    frame = feature_frame(session.table("trader_features"), required_columns(SPECS, RULES))
    assert len(frame.columns) < len(features.columns) + len(SPECS)
    assert set(frame.columns) <= {"trader_id", *required_columns(SPECS, RULES)}
    assert fit(frame, SPECS, RULES, styles=STYLES).digest == model.digest
    held = FeatureTable.from_frame(frame, frame.columns[1:])
    assert np.shares_memory(held["fill_count"], frame["fill_count"].to_numpy())


def test_batches_give_everybody_the_reasons_of_the_whole(
    features: pd.DataFrame,
    model: SegmentationModel,
    session: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dbt_models, "BATCH_ROWS", 100)
    batches = list(feature_batches(session.table("trader_features"), model.feature_names))
    assert len(batches) > 1
    found = pd.concat([style_reasons(model, batch) for batch in batches], ignore_index=True)
    expected = score(model, features).traders[["trader_id", "top_reasons"]]
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_a_sample_is_that_of_the_whole_table(
    features: pd.DataFrame, model: SegmentationModel, session: duckdb.DuckDBPyConnection
) -> None:
    table = session.table("trader_features")
    traders = FeatureTable.from_frame(features, [])
    first = feature_sample(session, table, ["recent_maker_share", "no_such_feature"], 200)
    assert list(first.columns) == ["trader_id", "recent_maker_share"]
    expected = traders.trader_id.iloc[traders.hash_order()[:200]]
    assert set(first["trader_id"]) == set(expected)
    active = feature_sample(session, table, model.feature_names, 10_000, active_in=model)
    expected = active_traders(model, features)["trader_id"]
    assert set(active["trader_id"]) == set(expected)
    assert len(active) < len(features)
    bare = replace(model, rules=replace(model.rules, rules=()))
    assert (
        len(feature_sample(session, table, ["recent_maker_share"], 10_000, active_in=bare)) == 1500
    )


def test_an_empty_table_gives_no_rows() -> None:
    with duckdb.connect() as connection:
        empty = connection.sql("select '' as trader_id, 1 as fill_count where false")
        assert feature_frame(empty, ["fill_count"]).empty


class This:
    """As dbt writes `dbt.this` into a Python model."""

    def __init__(self, text: str, identifier: str) -> None:
        self.text, self.identifier = text, identifier

    def __repr__(self) -> str:
        return self.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"warehouse"."main"."fits"', '"warehouse"."main"."drift"'),
        ("`fits`.`fits`", "`fits`.`drift`"),
        ("fits_schema.fits", "fits_schema.drift"),
    ],
)
def test_a_sibling_is_in_the_same_schema_and_quotes(text: str, expected: str) -> None:
    assert sibling(This(text, "fits"), "drift") == expected


def test_earlier_rows_are_those_of_the_table_or_none() -> None:
    with duckdb.connect() as connection:
        assert earlier_rows(connection, "kept").empty
        connection.execute("create table kept as select 1 as a")
        assert earlier_rows(connection, "kept")["a"].tolist() == [1]


def test_the_registry_is_flattened_with_the_group_of_each_column() -> None:
    groups = [{"group": "g", "columns": [{"name": "a"}, {"name": "b"}]}]
    assert dbt_models.registered_features(groups) == [
        {"name": "a", "group": "g"},
        {"name": "b", "group": "g"},
    ]
