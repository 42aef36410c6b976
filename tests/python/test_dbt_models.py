"""What dbt Python models share."""

from __future__ import annotations

import duckdb
import pytest

from trader_segments.dbt_models import earlier_rows, registered_features, sibling


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
    assert registered_features(groups) == [
        {"name": "a", "group": "g"},
        {"name": "b", "group": "g"},
    ]
