"""What the benchmarks of scale print is what was measured."""

from __future__ import annotations

import datetime as dt
import json
import math
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import duckdb
import features_pandas
import pytest
from curves import curves
from hypothesis import given
from hypothesis import strategies as st
from plan import (
    Cluster,
    Density,
    cluster_figures,
    cluster_of,
    density,
    fitted,
    held_out,
    limit_of,
    on_spark,
    shuffles,
)
from processes import measured
from scale_page import bars, exponent, growth_exponent, ratios, render, write_page
from scale_runs import Runs, costliest
from scale_venues import ScaleVenue, Size, short, split_last_day
from spark_server import task_totals
from trader_columns import COLUMNS, disagreements

from trader_segments.simulate.scale import simulate_scale

SIZES = [
    Size.parse(text) for text in ("4K:40", "300K", "1M:50K", "1M", "5M", "20M", "20M:1M", "100M")
]


def figures(size: Size, fixed: float = 40.0) -> dict[str, Any]:
    """What a size would take at 10 CPU seconds a million fills, and other runs in proportion."""
    data = 10.0 * size.fills / 1e6 + 0.5 * size.traders / 1e3

    def cost(seconds: float) -> dict[str, float]:
        return {"wall": seconds / 2, "cpu": seconds, "megabytes": 400 + data, "disk": 5 * data}

    result = {
        "size": {"fills": size.fills, "traders": size.traders},
        "floor": cost(0.25 * data),
        "full": {**cost(fixed + data), "nodes": {"int_fills_valued": 3.0}},
        "increment": cost(fixed + 0.04 * data),
        "scoring": cost(fixed / 2 + 0.2 * data),
        "same_features": cost(fixed / 2 + 0.3 * data),
        "trader_days": {
            "rows": size.fills // 5,
            "position_days": 30 * size.fills,
            "tables": {"int_fills_valued": size.fills},
        },
    }
    if size.fills <= 20_000_000:
        result["pandas"] = {**cost(3 * data), "values": 31_000, "differing": 0}
    return result


def test_a_size_says_fills_and_traders() -> None:
    assert Size.parse("20M") == Size(20_000_000, 200_000)
    assert Size.parse("1.5m:300k") == Size(1_500_000, 300_000)
    assert Size.parse("10B:100M").name == "10B-100M"
    assert [short(count) for count in (999, 4_000, 2_500_000)] == ["999", "4K", "2.5M"]
    with pytest.raises(ValueError, match="is no size"):
        Size.parse("much")


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> ScaleVenue:
    """A venue of 30 days and one more, its fills in three files."""
    folder = tmp_path_factory.mktemp("scale")
    simulate_scale(folder / "whole", fills=9_300, traders=40, days=31)
    fills = folder / "whole" / "raw" / "fills"
    only = next(fills.iterdir())
    with duckdb.connect() as connection:
        for number, (first, last) in enumerate(((0, 5_000), (5_000, 9_250), (9_250, 10_000))):
            connection.execute(
                f"copy (from '{only}' where fill_id >= {first} and fill_id < {last}) "
                f"to '{fills}/x{number}.parquet'"
            )
    only.unlink()
    found = ScaleVenue(Size(9_000, 40), folder / "venue")
    split_last_day(fills.parent, found.first, found.second)
    return found


def test_the_last_day_arrives_in_files_of_its_own(venue: ScaleVenue) -> None:
    assert venue.rows() == {"first": 9_000, "last_day": 300}
    earlier = {path.name: path.stat().st_ino for path in (venue.first / "fills").iterdir()}
    later = {path.name: path.stat().st_ino for path in (venue.second / "fills").iterdir()}
    assert earlier.items() <= later.items()
    arrived = [venue.second / "fills" / name for name in later.keys() - earlier.keys()]
    assert len(arrived) == 2
    with duckdb.connect() as connection:
        days = [
            connection.execute(
                "select min(cast(executed_at as date)), max(cast(executed_at as date)) "
                f"from '{path}'"
            ).fetchone()
            for path in arrived
        ]
    assert days == 2 * [(dt.date(2026, 6, 30), dt.date(2026, 6, 30))]
    assert (venue.second / "instruments.parquet").exists()


def test_a_build_sees_one_input_that_grows(venue: ScaleVenue) -> None:
    for folder in (venue.first, venue.second, venue.first):
        venue.show(folder)
        assert venue.raw.resolve() == folder.resolve()


def test_the_pandas_script_says_what_plain_sql_says(venue: ScaleVenue) -> None:
    fills = features_pandas.valued_fills(venue.first)
    days = features_pandas.trader_days(fills)
    last_day = days["day"].max()
    life = features_pandas.whole_life(days, last_day)
    window = features_pandas.recent(days, life, last_day)
    found = life.join(features_pandas.traded(fills, window["from_day"]))
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"""
            select
                account_id,
                count(*),
                count(distinct cast(executed_at as date)),
                date '2026-06-29' - cast(max(executed_at) as date),
                count(distinct underlying)
            from '{venue.first}/fills/*.parquet'
            inner join '{venue.first}/instruments.parquet' using (instrument_id)
            group by 1
            order by 1
            """
        ).fetchall()
    columns = ["fill_count", "active_days", "recency_days", "underlying_count"]
    assert [tuple(row) for row in found[columns].sort_index().itertuples()] == rows
    assert found["end_of_day_net_share"].between(0, 1).all()
    kinds = [f"{kind}_share" for kind in ("option", "future", "perpetual", "spot")]
    assert found[kinds].sum(axis=1).to_numpy() == pytest.approx(1.0)


def test_values_agree_up_to_a_millionth_and_unknown_is_unknown() -> None:
    ours = {"T1": dict.fromkeys(COLUMNS, 1.0), "T2": dict.fromkeys(COLUMNS)}
    theirs = {"T1": dict.fromkeys(COLUMNS, 1.0 + 1e-9), "T2": dict.fromkeys(COLUMNS, float("nan"))}
    assert disagreements(ours, theirs) == []
    theirs["T1"]["fill_count"], theirs["T2"]["maker_share"] = 1.1, 0.0
    assert disagreements(ours, theirs) == ["T1.fill_count: 1.0, 1.1", "T2.maker_share: None, 0.0"]
    assert disagreements(ours, {"T2": theirs["T2"]})[0] == "T1: missing"


def test_a_command_is_charged_with_its_own_memory_and_time(tmp_path: Path) -> None:
    busy = "x = bytearray(200_000_000); sum(range(2_000_000)); print('done')"
    cost = measured([sys.executable, "-c", busy], {}, tmp_path / "log")
    assert cost["megabytes"] > 200
    assert cost["cpu"] > 0
    assert cost["wall"] > 0
    assert (tmp_path / "log").read_text() == "done\n"
    with pytest.raises(RuntimeError, match="failed with 3, see"):
        measured([sys.executable, "-c", "raise SystemExit(3)"], {}, tmp_path / "log")


def test_what_was_measured_is_not_measured_again(tmp_path: Path) -> None:
    runs = Runs(tmp_path, tmp_path, tmp_path / "figures")
    assert runs.once("floor", lambda: {"wall": 1.0}) == {"wall": 1.0}
    assert runs.once("floor", lambda: {"wall": 2.0}) == {"wall": 1.0}
    assert runs.figures() == {"floor": {"wall": 1.0}}


def test_data_tests_count_as_one_node() -> None:
    results = [
        {"unique_id": "model.trader_segments.a", "execution_time": 1.0},
        {"unique_id": "test.trader_segments.one.1", "execution_time": 0.75},
        {"unique_id": "test.trader_segments.two.2", "execution_time": 0.75},
    ]
    assert list(costliest(results).items()) == [("data tests", 1.5), ("a", 1.0)]


def test_exponent_is_the_slope_of_logarithms() -> None:
    assert exponent([(1.0, 3.0), (10.0, 30.0), (100.0, 300.0)]) == pytest.approx(1.0)
    assert exponent([(x, 2 * x**1.2) for x in (5.0, 20.0, 50.0)]) == pytest.approx(1.2)


def test_the_growth_exponent_is_of_data_time_at_the_usual_fills_a_trader() -> None:
    found = [figures(size) for size in SIZES[1:]]
    growth = growth_exponent(found, figures(Size(0, 0)), "cpu")
    assert growth == pytest.approx(1.0)
    assert growth_exponent(found[:1], figures(SIZES[0]), "cpu") is None


def test_ratios_leave_the_fixed_cost_out() -> None:
    found = ratios(figures(Size(0, 0)), figures(SIZES[5]))
    assert found["floor"] == pytest.approx((4.0, 4.0))
    assert found["increment"] == pytest.approx((0.04, 0.04))
    assert found["pandas"] == pytest.approx((900 / 340, 900 / 340))
    assert found["pandas_same"] == pytest.approx((10.0, 10.0))
    assert found["polars_same"] == []
    assert ratios(figures(SIZES[0]), figures(SIZES[0]))["increment"] == []


def on_spark_too(size: Size) -> dict[str, Any]:
    """Figures whose build on Spark takes four times the CPU seconds for rows, and sends 500 bytes
    a fill."""
    result = figures(size)
    seconds = 150 + 4 * (result["full"]["cpu"] - 40)
    return result | {
        "spark": {
            "wall": seconds / 2,
            "cpu": seconds,
            "task_cpu": seconds / 3,
            "shuffle_megabytes": 10 + 500 * size.fills / 1e6,
            "spilled_megabytes": 0.0,
        }
    }


def test_spark_is_compared_by_clock_and_by_cpu() -> None:
    tiny, found = figures(Size(0, 0)), on_spark_too(Size.parse("1M"))
    cpu = 40 + 10 + 0.5 * 10
    assert ratios(tiny, found)["spark"] == pytest.approx(2 * [(150 + 4 * 15) / cpu])
    sample = {"full": {"wall": 50.0, "cpu": 40.0}}
    assert "| Spark over DuckDB, full build | 3.82 (3.82) |" in render(sample, tiny, [found], "5GB")


def test_spark_s_slowdown_and_shuffles_are_those_between_sizes() -> None:
    sizes = [Size.parse(text) for text in ("4K:40", "1M", "2M")]
    assert on_spark([on_spark_too(sizes[0]), figures(sizes[1])]) is None
    told = on_spark([on_spark_too(size) for size in sizes])
    assert told is not None
    assert told.slowdown == pytest.approx(4.0)
    assert told.shuffle_bytes_per_fill == pytest.approx(500.0)
    assert {check.size for check in told.checks.values()} == {sizes[-1]}
    assert [check.error for check in told.checks.values()] == pytest.approx([0.0, 0.0], abs=1e-6)
    assert cluster_of([on_spark_too(size) for size in sizes]).slowdown == pytest.approx(4.0)
    assert cluster_of([figures(size) for size in sizes]).slowdown == Cluster.slowdown
    assert cluster_of([], slowdown=2.0).slowdown == 2.0


def test_an_event_log_says_what_tasks_computed_sent_and_spilled() -> None:
    task = {
        "Event": "SparkListenerTaskEnd",
        "Task Metrics": {
            "Executor CPU Time": 1_500_000_000,
            "Executor Deserialize CPU Time": 500_000_000,
            "Disk Bytes Spilled": 3_000_000,
            "Shuffle Write Metrics": {"Shuffle Bytes Written": 250_000},
        },
    }
    lost = {"Event": "SparkListenerTaskEnd", "Task End Reason": {"Reason": "ExecutorLostFailure"}}
    other = {"Event": "SparkListenerJobStart", "Task Metrics": "no task"}
    lines = [json.dumps(event, separators=(",", ":")) for event in (task, other, lost, task)]
    assert task_totals(iter(lines)) == {
        "task_cpu": 4.0,
        "shuffle_megabytes": 0.5,
        "spilled_megabytes": 6.0,
    }


def test_the_page_takes_from_spark_what_was_measured_there() -> None:
    tiny = on_spark_too(SIZES[0])
    found = [on_spark_too(Size.parse("1M")), on_spark_too(Size.parse("2M")), figures(SIZES[4])]
    text = render(figures(SIZES[1]), tiny, found, "5GB")
    assert "--sizes 1M:10K 2M:20K 5M:50K --write" in text
    assert "| fills × 500 bytes |" in text
    assert "CPU seconds × 4 / 3,600" in text
    assert "| 2M fills, 20K traders | 135 | 270 | 90 | 1,010 | 0 |" in text
    assert "rows that move" not in text
    unmeasured = [figures(size) for size in SIZES[1:4]]
    assert "rows that move" in render(figures(SIZES[1]), figures(SIZES[0]), unmeasured, "5GB")


def test_a_bar_is_judged_at_its_size_alone() -> None:
    sample, tiny = {"full": {"wall": 50.0, "cpu": 40.0}}, figures(Size(0, 0))
    rows = [bar.row() for bar in bars(sample, tiny, [figures(size) for size in SIZES[1:]])]
    words = {row[0].split(",")[0]: (row[3], row[5]) for row in rows}
    assert words["full build of 20 M fills less the fixed cost"] == ("yes", "yes")
    assert words["full build of the sample venue"] == ("**no**", "yes")
    assert words["pandas over the full build"] == ("**no**", "**no**")
    rows = [bar.row() for bar in bars(sample, tiny, [figures(SIZES[1])])]
    assert [row[3] for row in rows].count("not measured") == len(rows) - 1


@given(fixed=st.floats(1, 100), per_fills=st.floats(0.1, 100), per_traders=st.floats(0.001, 10))
def test_the_model_finds_the_coefficients_of_exact_figures(
    fixed: float, per_fills: float, per_traders: float
) -> None:
    values = [fixed + per_fills * s.fills / 1e6 + per_traders * s.traders / 1e3 for s in SIZES]
    plan = fitted(SIZES, values)
    for size, value in zip(SIZES, values, strict=True):
        assert plan.forecast(size) == pytest.approx(value, rel=1e-6)
    assert all(abs(check.error) < 1e-3 for check in held_out(SIZES, values))


def test_held_out_sizes_are_the_largest_and_are_not_seen() -> None:
    values = [10.0 + s.fills / 1e6 for s in SIZES]
    values[-1] *= 2
    checks = {check.size: check for check in held_out(SIZES, values)}
    assert checks.keys() == {Size.parse("20M:1M"), Size.parse("100M")}
    assert checks[Size.parse("20M:1M")].is_close
    assert checks[Size.parse("100M")].error == pytest.approx(-0.5, abs=1e-6)
    assert not checks[Size.parse("100M")].is_close
    assert held_out(SIZES[:4], values[:4]) == []
    with pytest.raises(ValueError, match="three sizes"):
        fitted(SIZES[:2], values[:2])


def test_a_quantity_at_its_limit_tells_how_much_it_is_at_most_and_no_slope() -> None:
    values = [min(600.0 + 500 * s.fills / 1e6, 5600.0) for s in SIZES]
    plan = fitted(SIZES, values, limit=5000.0)
    assert plan.forecast(Size.parse("100M")) == 5600.0
    assert plan.forecast(Size.parse("2M")) == pytest.approx(1600.0)
    assert all(check.error == 0.0 for check in held_out(SIZES, values, limit=5000.0))
    assert fitted(SIZES, values, limit=1.0).forecast(SIZES[0]) == 5600.0
    assert limit_of("peak memory of a whole build", "800MB") == 800.0
    assert limit_of("working database", "5GB") == math.inf
    with pytest.raises(ValueError, match="no amount of memory"):
        limit_of("peak memory of a whole build", "much")


def test_a_cluster_twice_as_large_takes_half_the_time() -> None:
    names = (
        "CPU seconds of a whole build",
        "CPU seconds of a one-day increment",
        "CPU seconds of a scoring",
        "working database",
    )
    plans = {name: fitted(SIZES, [50.0 + s.fills / 1e6 for s in SIZES]) for name in names}
    size = Size.parse("10B:100M")
    small = cluster_figures(plans, size, Cluster(workers=10), Density(0.2, 30.0))
    large = cluster_figures(plans, size, Cluster(workers=20), Density(0.2, 30.0))
    assert small["core_hours"] == pytest.approx(10_000 * 4 / 3600)
    assert large["core_hours"] == small["core_hours"]
    for name in ("hours", "scoring_hours", "network_hours"):
        assert large[name] == pytest.approx(small[name] / 2)
    moved = sum(s.bytes_per_row * s.rows_per_fill for s in shuffles(Density(0.2, 30.0)))
    assert small["shuffle_terabytes"] == pytest.approx(moved * 1e10 * 0.5 / 1e12)


def test_density_is_that_of_the_largest_size() -> None:
    small = {**figures(SIZES[0]), "trader_days": {"rows": 1, "position_days": 2}}
    assert density([figures(SIZES[5]), small]) == Density(0.2, 30.0)


def test_curves_draw_each_point_and_name() -> None:
    series = {"one": [(1e5, 2.0), (1e6, 20.0)], "two & three": [(1e5, 3.0), (1e6, 19.0)], "no": []}
    root = ET.fromstring(curves("Growth", "fills", "seconds", series))
    circles = root.findall(".//{*}circle")
    assert len(circles) == 4
    assert all(90 <= float(circle.attrib["cx"]) <= 510 for circle in circles)
    words = [element.text for element in root.iter() if element.text]
    assert {"one", "two & three", "100K", "1M", "100"} <= set(words)
    assert "no" not in words


def test_page_and_plot_are_written_for_any_sizes(tmp_path: Path) -> None:
    sample, tiny = {"full": {"wall": 50.0, "cpu": 40.0}}, figures(SIZES[0])
    for sizes in (SIZES[2:3], SIZES[1:]):
        text = write_page(sample, tiny, [figures(size) for size in sizes], "5GB", tmp_path)
        assert (tmp_path / "scale-benchmarks.md").read_text() == text
        assert ET.parse(tmp_path / "scale-benchmarks.svg").findall(".//{*}circle")


def test_the_page_says_what_is_not_measured() -> None:
    sample, tiny = {"full": {"wall": 50.0, "cpu": 40.0}}, figures(SIZES[0])
    text = render(sample, tiny, [figures(size) for size in SIZES[1:]], "5GB")
    assert "not measured |" not in text.split("## Ratios")[0]
    assert "10B fills, 100M traders" in text
    assert "within 20%" in text
    small = render(sample, tiny, [figures(SIZES[1])], "5GB")
    assert "not measured" in small
    assert "The model needs three sizes" in small
