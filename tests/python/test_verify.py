"""What verify-incremental says of marts that are the same, and of ones that are not."""

from __future__ import annotations

from pathlib import Path

import duckdb

from trader_segments.verify import MartDifference, compare_marts


def database(path: Path, mart: str, rows: str) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create table {mart} as select * from (values {rows}) as v (a, b, c)")
    return path


def test_the_same_rows_in_another_order_are_no_difference(tmp_path: Path) -> None:
    left = database(tmp_path / "left.duckdb", "mart", "('x', 1, null), ('y', 2, 'nan'::double)")
    right = database(tmp_path / "right.duckdb", "mart", "('y', 2, 'nan'::double), ('x', 1, null)")
    assert compare_marts(left, right, ["mart"]) == []


def test_a_row_that_is_there_twice_is_a_difference(tmp_path: Path) -> None:
    left = database(tmp_path / "left.duckdb", "mart", "('x', 1, 2), ('x', 1, 2)")
    right = database(tmp_path / "right.duckdb", "mart", "('x', 1, 2)")
    (found,) = compare_marts(left, right, ["mart"])
    assert (found.rows, found.rows_anew, found.only, found.only_anew) == (2, 1, 1, 0)
    assert found.example == "only incremental: a x, b 1, c 2"


def test_the_example_names_the_row_and_the_values_that_differ(tmp_path: Path) -> None:
    left = database(tmp_path / "left.duckdb", "mart", "('x', 1, 0.5), ('y', 2, 0.25)")
    right = database(tmp_path / "right.duckdb", "mart", "('x', 1, 0.5), ('y', 2, 0.75)")
    assert compare_marts(left, right, ["mart"]) == [
        MartDifference("mart", 2, 2, 1, 1, "a y, b 2: c 0.25 incremental, 0.75 anew")
    ]


def test_the_stamp_of_a_build_is_no_difference(tmp_path: Path) -> None:
    for name, build_id in (("left", "1"), ("right", "2")):
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as connection:
            connection.execute(
                f"create table source_health as select 'fills' as source_table, '{build_id}' "
                "as build_id"
            )
    assert (
        compare_marts(tmp_path / "left.duckdb", tmp_path / "right.duckdb", ["source_health"]) == []
    )
