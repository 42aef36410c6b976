"""A feature group is one file and one entry; and what fails is never published."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from warehouse_builds import TESTS, Home, Run, change_settings, copy_project, must

pytestmark = pytest.mark.slow

WEEKEND_SQL = """\
with

instrument_days as (
    select * from {{ ref('int_trader_instrument_days') }}
    where event_date <= {{ as_of_date() }}
),

final as (
    select
        trader_id,
        {{ share(
            'sum(case when dayofweek(event_date) in (0, 6) then notional_usd else 0 end)',
            'sum(notional_usd)',
        ) }} as weekend_ratio,
        sum(case when dayofweek(event_date) in (0, 6) then fill_count else 0 end)
            as weekend_fill_count
    from instrument_days
    group by 1
)

select * from final
"""
WEEKEND = {
    "group": "weekend",
    "columns": [
        {
            "name": "weekend_ratio",
            "description": "Share of notional at weekends.",
            "unit": "share",
            "data_type": "double",
            "transform": "logit",
            "count": "fill_count",
            "used_in_segmentation": True,
        },
        {
            "name": "weekend_fill_count",
            "description": "Fills at weekends.",
            "unit": "fills",
            "data_type": "bigint",
            "transform": "log1p",
            "used_in_segmentation": False,
            "when_absent": 0,
        },
    ],
}
EVERYONE_SQL = "select trader_id from {{ ref('trader_segments') }}\n"
EVERYONE = {
    "campaign": "everyone",
    "description": "All of them.",
    "salt": "s",
    "control_share": 0.5,
}
Settings = dict[str, Any]


@dataclass(frozen=True)
class Extended:
    """A copy of the project with one group and one campaign more, built."""

    home: Home
    contents: dict[str, pa.Table] = field(repr=False)
    manifest: dict[str, Any] = field(repr=False)
    results: dict[str, Any] = field(repr=False)


def groups(settings: Settings) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = settings["vars"]["trader_features"]
    return found


def with_weekend(project: Path) -> Path:
    (project / "models" / "features" / "feat_weekend.sql").write_text(WEEKEND_SQL, encoding="utf-8")
    change_settings(project, lambda settings: groups(settings).append(WEEKEND))
    return project


def with_everyone(project: Path) -> Path:
    audiences = project / "models" / "campaigns" / "audiences"
    (audiences / "audience_everyone.sql").write_text(EVERYONE_SQL, encoding="utf-8")
    change_settings(project, lambda settings: settings["vars"]["campaigns"].append(EVERYONE))
    return project


@pytest.fixture(scope="module")
def extended(small_venue: Path, tmp_path_factory: pytest.TempPathFactory) -> Extended:
    folder = tmp_path_factory.mktemp("extended")
    project = with_everyone(with_weekend(copy_project(folder / "project")))
    home = Home(folder / "home", small_venue, project=project)
    must(home.dbt("build"))
    manifest, results = (
        json.loads((home.path / "target" / name).read_text(encoding="utf-8"))
        for name in ("manifest.json", "run_results.json")
    )
    return Extended(home, home.contents(), manifest, results)


def test_one_file_and_one_entry_add_features_to_the_mart(extended: Extended) -> None:
    given = extended.contents["trader_features"]
    assert given.schema.field("weekend_ratio").type == pa.float64()
    assert given.schema.field("weekend_fill_count").type == pa.int64()
    given = given.select(["trader_id", "weekend_ratio", "weekend_fill_count"])
    traders = {row["trader_id"]: row for row in given.to_pylist()}
    assert 0 < traders["T0"]["weekend_ratio"] < 1
    assert traders["T0"]["weekend_fill_count"] > 0
    assert traders["T10"]["weekend_ratio"] is None
    assert traders["T10"]["weekend_fill_count"] == 0


def test_the_contract_of_the_mart_has_the_new_features_with_their_types(extended: Extended) -> None:
    mart = extended.manifest["nodes"]["model.trader_segments.trader_features"]
    assert mart["config"]["contract"]["enforced"] is True
    assert mart["columns"]["weekend_ratio"]["data_type"] == "double"
    assert mart["columns"]["weekend_fill_count"]["data_type"] == "bigint"
    assert "Share of notional at weekends." in mart["columns"]["weekend_ratio"]["description"]


def test_the_catalogue_has_the_new_features(extended: Extended) -> None:
    rows = extended.home.query(
        "select feature_name, feature_group, unit, transform, used_in_segmentation "
        "from feature_catalog where feature_group = 'weekend' order by 1"
    )
    assert rows == [
        ("weekend_fill_count", "weekend", "fills", "log1p", False),
        ("weekend_ratio", "weekend", "share", "logit", True),
    ]


def test_profiles_of_segments_have_the_new_features(extended: Extended) -> None:
    assert extended.home.query(
        "select distinct feature_name from segment_profiles "
        "where feature_name in ('weekend_fill_count', 'weekend_ratio') order by 1"
    ) == [("weekend_fill_count",), ("weekend_ratio",)]


def test_the_model_reads_the_new_feature_that_segmentation_uses(extended: Extended) -> None:
    ((parameters,),) = extended.home.query("select parameters from segmentation_models")
    inputs = {column["name"]: column for column in json.loads(parameters)["inputs"]}
    assert inputs["weekend_ratio"]["transform"] == "logit"
    assert "weekend_fill_count" not in inputs


def test_unit_tests_of_others_stay_green_with_a_new_group(extended: Extended) -> None:
    passed = {
        result["unique_id"]
        for result in extended.results["results"]
        if result["unique_id"].startswith("unit_test.") and result["status"] == "pass"
    }
    assert passed == extended.manifest["unit_tests"].keys()
    assert passed


def test_one_file_and_one_entry_add_a_campaign(extended: Extended) -> None:
    traders = set(extended.contents["trader_segments"]["trader_id"].to_pylist())
    audience = [
        row
        for row in extended.contents["campaign_audiences"].to_pylist()
        if row["campaign_id"] == "everyone"
    ]
    assert {row["trader_id"] for row in audience} == traders
    assert {row["arm"] for row in audience} == {"treatment", "control"}
    changes = extended.contents["audience_changes"].to_pylist()
    assert {row["trader_id"] for row in changes if row["campaign_id"] == "everyone"} == traders
    assert {row["change"] for row in changes} == {"added"}


@pytest.fixture(scope="module")
def misfits(small_venue: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A build with files that have no entry and entries that say what cannot be."""
    folder = tmp_path_factory.mktemp("misfits")
    project = with_everyone(copy_project(folder / "project", without=TESTS))
    (project / "models" / "features" / "feat_weekend.sql").write_text(WEEKEND_SQL, encoding="utf-8")

    def misspell(settings: Settings) -> None:
        groups(settings)[0]["columns"][0]["transform"] = "sqrt"
        campaigns = settings["vars"]["campaigns"]
        del campaigns[-1]
        campaigns[0] = {**campaigns[0], "control_share": 10, "cooldown": 7}

    change_settings(project, misspell)
    return Home(folder / "home", small_venue, project=project).dbt("build")


def test_a_file_without_an_entry_fails_the_build_and_is_named(misfits: Run) -> None:
    assert not misfits.succeeded
    assert (
        "models/features/feat_weekend.sql has no entry 'weekend' in vars.trader_features"
        in misfits.output
    )
    assert " OK created " not in misfits.output


def test_misfits_among_campaigns_are_named(misfits: Run) -> None:
    for problem in (
        "models/campaigns/audiences/audience_everyone.sql has no entry 'everyone' in "
        "vars.campaigns",
        "vars.campaigns, campaign 'win_back': control_share is not between 0 and 1",
        "vars.campaigns, campaign 'win_back': 'cooldown' is not a known key",
    ):
        assert problem in misfits.output


def test_an_unknown_transform_fails_the_build_and_is_named(misfits: Run) -> None:
    assert (
        "feature 'activity.fill_count': transform 'sqrt' is none of "
        "log1p, logit, fisher_z, asinh, identity" in misfits.output
    )


def test_an_entry_without_a_file_fails_the_build_and_is_named(
    small_venue: Path, tmp_path: Path
) -> None:
    project = copy_project(tmp_path / "project", without=TESTS)
    change_settings(project, lambda settings: groups(settings).append(WEEKEND))
    run = Home(tmp_path / "home", small_venue, project=project).dbt("build")
    assert not run.succeeded
    assert "feat_weekend" in run.output
    assert " OK created " not in run.output


def test_a_failing_test_keeps_the_previous_build_served(extended: Extended) -> None:
    before = extended.home.manifest()
    failing = extended.home.project / "tests" / "always_fails.sql"
    failing.write_text("select 1 as broken from {{ ref('source_health') }}\n", encoding="utf-8")
    try:
        run = extended.home.dbt("build", "--exclude-resource-type", "unit_test")
    finally:
        failing.unlink()
    assert not run.succeeded
    assert (
        "Held back: 1 test failed (always_fails); "
        f"readers keep build {before['build_id']} as of {before['as_of_date']}" in run.output
    )
    assert extended.home.manifest() == before
    assert extended.home.query("select distinct build_id from source_health") == [
        (before["build_id"],)
    ]
    logged = extended.home.query_warehouse("select build_id, count(*) from audience_log group by 1")
    assert logged == [(before["build_id"], len(extended.contents["audience_changes"]))]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["build", "--select", "feature_catalog"], "--select made this a part of a build"),
        (["run", "--select", "feature_catalog"], "dbt run is not a whole build"),
    ],
)
def test_a_part_of_a_build_is_not_published(
    extended: Extended, arguments: list[str], reason: str
) -> None:
    before = extended.home.manifest()
    run = must(extended.home.dbt(*arguments))
    assert f"Held back: {reason}" in run.output
    assert extended.home.manifest() == before
