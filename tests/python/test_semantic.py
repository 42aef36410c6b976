"""The semantic layer: what `mf query` says is what stands in the marts."""

from __future__ import annotations

import csv
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

import trader_segments.report
from trader_segments.publish import publish
from warehouse_builds import ROOT, Home, must

STUBS = ["segment_summary_history", "segment_migration"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The semantic models over models of nothing: marts are read where they are published."""
    if not Path(sys.executable).with_name("mf").exists():
        if os.environ.get("CI"):
            pytest.fail("mf is not installed, and CI must have it: make test SEMANTIC=1")
        pytest.skip("mf is not installed: make test-semantic")
    folder = tmp_path_factory.mktemp("semantic")
    shutil.copytree(ROOT / "models" / "semantic", folder / "models" / "semantic")
    shutil.copytree(ROOT / "models" / "marts" / "calendar", folder / "models" / "calendar")
    (folder / "models" / "calendar" / "calendar.sql").write_text("select 1 as calendar_date")
    for name in STUBS:
        (folder / "models" / f"{name}.sql").write_text("select 1 as one")
    generic = folder / "tests" / "generic" / "unique_combination.sql"
    generic.parent.mkdir(parents=True)
    generic.write_text("{% test unique_combination(model, columns) %} select 1 {% endtest %}")
    shutil.copy(ROOT / "profiles.yml", folder)
    (folder / "dbt_project.yml").write_text(
        "{name: trader_segments, profile: trader_segments, flags: {"
        "send_anonymous_usage_stats: false, require_generic_test_arguments_property: true}}"
    )
    home = Home(folder, folder, project=folder)
    assert "WARN" not in must(home.dbt("parse", environment=environment(folder))).output
    return folder


@pytest.fixture(scope="module")
def two_dates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with marts of two segments on two dates, and the moves between."""
    home = tmp_path_factory.mktemp("two_dates")
    with pytest.MonkeyPatch.context() as patch, duckdb.connect() as connection:
        patch.setattr(
            trader_segments.report, "write_report", lambda *, marts, out: out.write_text("")
        )
        connection.execute(
            """
            create table segment_summary_history as
            select * from (values
                ('small__low', date '2026-06-23', 'Small', 'small', 'low',
                    100, 40, 50, 30, 10.5, null, null, null),
                ('small__low', date '2026-06-30', 'Small', 'small', 'low',
                    90, 36, 45, 27, 12.25, 900, 0.5, -3),
                ('hedger__top', date '2026-06-30', 'Hedger', 'hedger', 'top',
                    10, 10, 5, 5, 1000.125, 5000, 0.1, 40),
                ('dormant__low', date '2026-06-30', 'Dormant', 'dormant', 'low',
                    20, 0, 0, 0, null, null, null, null)
            ) as rows(segment_id, as_of_date, segment_name, style, value_tier, traders,
                active_traders, earlier_active_traders, retained_traders, net_revenue_usd,
                expected_value_usd, churn_probability, net_vega_usd)
            """
        )
        connection.execute(
            """
            create table segment_migration as
            select *, date '2026-06-23' as period_start_date, date '2026-06-30' as period_end_date,
                false as is_model_change
            from (values
                ('small__low', 'small__low', 70), ('small__low', 'hedger__top', 10),
                ('small__low', 'dormant__low', 15), ('small__low', 'left', 5),
                ('arrived', 'small__low', 20)
            ) as rows(from_segment_id, to_segment_id, traders)
            """
        )
        connection.execute("create table calendar as select date '2026-06-30' as calendar_date")
        publish(
            connection,
            home / "published",
            [*STUBS, "calendar"],
            build_id="b1",
            as_of_date="2026-06-30",
            schema="main",
        )
    return home


def environment(home: Path) -> dict[str, str]:
    return {
        "TRADER_SEGMENTS_HOME": str(home),
        "TRADER_SEGMENTS_TARGET": "published",
        "DBT_LOG_PATH": str(home / "logs"),
        "DBT_TARGET_PATH": "target",
    }


def mf(project: Path, home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("mf")), *arguments],
        cwd=project,
        env={**os.environ, **environment(home), "DBT_PROFILES_DIR": str(project)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def asked(project: Path, home: Path, *arguments: str) -> list[dict[str, Any]]:
    """Rows of a query; numbers as such, None where there is none."""
    out = home / "answer.csv"
    mf(project, home, "query", *arguments, "--csv", str(out))
    with out.open(encoding="utf-8", newline="") as stream:
        return [
            {name: value_of(text) for name, text in row.items()} for row in csv.DictReader(stream)
        ]


def value_of(text: str) -> Any:
    try:
        number = float(text)
    except ValueError:
        return text or None
    return None if math.isnan(number) else number


def test_the_semantic_layer_is_valid_on_the_marts(project: Path, two_dates: Path) -> None:
    said = mf(project, two_dates, "validate-configs", "--show-all")
    assert said.count("(ERRORS: 0, FUTURE_ERRORS: 0, WARNINGS: 0)") >= 5


def test_segments_have_the_values_of_the_last_date(project: Path, two_dates: Path) -> None:
    rows = {
        row.pop("segment__segment_id"): row
        for row in asked(project, two_dates, "--saved-query", "segments_now")
    }
    assert rows == {
        "small__low": summary("Small", 90, 36, 12.25, 900, 0.5, -3, 0.6),
        "hedger__top": summary("Hedger", 10, 10, 1000.125, 5000, 0.1, 40, 1),
        "dormant__low": summary("Dormant", 20, 0, None, None, None, None, None),
    }


def test_totals_are_of_each_date_and_weighted_by_traders(project: Path, two_dates: Path) -> None:
    first, last = asked(
        project, two_dates, "--saved-query", "venue_by_date", "--order", "metric_time__day"
    )
    assert str(first.pop("metric_time__day")).startswith("2026-06-23")
    assert str(last.pop("metric_time__day")).startswith("2026-06-30")
    assert first == summary(None, 100, 40, 10.5, None, None, None, 0.6)
    assert last == summary(None, 120, 46, 1012.375, 5900, 46 / 100, 37, 32 / 50)


def test_migration_counts_who_changed_segment_among_who_was_there(
    project: Path, two_dates: Path
) -> None:
    (row,) = asked(project, two_dates, "--saved-query", "migration_by_period")
    assert str(row.pop("metric_time__day")).startswith("2026-06-30")
    assert row == {"migration_rate": 0.25, "moved_traders": 25, "traders_at_start": 100}


@pytest.mark.slow
def test_metrics_equal_the_marts(project: Path, sample_home: Home, tmp_path: Path) -> None:
    (tmp_path / "published").symlink_to(sample_home.published)
    rows = asked(project, tmp_path, "--saved-query", "segments_now")
    expected = sample_home.query(
        """
        select segment_id, segment_name, traders, active_traders, net_revenue_usd::double,
            expected_value_usd, churn_probability, net_vega_usd, retention
        from segment_summary
        """
    )
    assert len(rows) == len(expected) > 5
    by_segment = {row.pop("segment__segment_id"): row for row in rows}
    for segment_id, *values in expected:
        assert by_segment[segment_id] == {
            name: value if value is None or isinstance(value, str) else pytest.approx(value)
            for name, value in summary(*values).items()
        }


def summary(name: str | None, *values: float | None) -> Mapping[str, Any]:
    """A row of the saved queries on segments."""
    metrics = [
        "traders",
        "active_traders",
        "net_revenue",
        "expected_value",
        "churn_rate",
        "net_vega",
        "retention",
    ]
    named = {} if name is None else {"segment__segment_name": name}
    return named | dict(zip(metrics, values, strict=True))
