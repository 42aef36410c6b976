"""Levels on past dates can be told, and found again from the facts and rules that were kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from due_diligence_oracle import decide, holds
from warehouse_builds import TESTS, Home, change_settings, copy_project, must, write_csv

pytestmark = pytest.mark.slow

SELECTED = (
    "--indirect-selection",
    "cautious",
    "--select",
    "+trader_due_diligence",
    "+trader_due_diligence_history",
    "+due_diligence_rulesets",
    "+verification_service_levels",
)
DATES = ("2025-03-05", "2025-03-12", "2027-07-12")
PEOPLE = {
    "T0": {"country_of_residence": "DE"},
    "T2": {"country_of_residence": "IR"},
    "T3": {"country_of_residence": "DE", "declared_net_worth_usd": "1000"},
    "T4": {"country_of_residence": "DE"},
    "T5": {"country_of_residence": "DE"},
    "T6": {"country_of_residence": "DE"},
}
EVENTS = [
    ("T0", "identity_submitted", "2025-02-01 10:00", None, None),
    ("T0", "identity_verified", "2025-02-01 12:00", "2029-01-01 00:00", None),
    ("T2", "identity_verified", "2025-02-01 12:00", None, None),
    ("T3", "identity_verified", "2025-02-01 12:00", None, None),
    ("T4", "identity_verified", "2025-02-01 12:00", None, None),
    ("T4", "pep_match", "2025-03-06 12:00", None, None),
    ("T4", "override_set", "2025-03-07 12:00", None, "simplified"),
    ("T5", "identity_verified", "2025-02-01 12:00", None, None),
    ("T5", "override_set", "2025-03-01 12:00", "2025-03-10 00:00", "enhanced"),
    ("T6", "identity_verified", "2025-02-01 12:00", None, None),
    ("T6", "sanctions_match", "2025-03-01 12:00", None, None),
    ("T6", "match_cleared", "2025-03-10 12:00", None, None),
    ("NEW", "identity_submitted", "2025-03-11 12:00", None, None),
]


def write_papers(folder: Path) -> None:
    columns = ("legal_name", "birth_date", "email", "nationality", "wallet_address")
    write_csv(
        folder / "customers.csv",
        [
            {
                "trader_id": trader,
                "customer_type": "individual",
                "onboarding_channel": "direct",
                "source_of_wealth": "salary",
                "declared_net_worth_usd": None,
                **dict.fromkeys(columns),
                **known,
            }
            for trader, known in PEOPLE.items()
        ],
    )
    write_csv(
        folder / "verification_events.csv",
        [
            {
                "event_id": f"V{number}",
                "trader_id": trader,
                "event_type": kind,
                "occurred_at": at,
                "method": "eid" if kind == "identity_verified" else None,
                "issuer": None,
                "expires_at": expires_at,
                "note": note,
            }
            for number, (trader, kind, at, expires_at, note) in enumerate(EVENTS)
        ],
    )
    write_csv(
        folder / "transfers.csv",
        [
            {
                "transfer_id": f"X{number}",
                "account_id": "A3",
                "asset": asset,
                "amount": amount,
                "amount_usd": amount,
                "occurred_at": at,
                "kind": "deposit",
                "counterparty_address": None,
                "counterparty_account_id": None,
                "ingested_at": at,
            }
            for number, (asset, amount, at) in enumerate(
                [
                    ("USDC", "900", "2025-03-02 12:00"),
                    ("USDC", "300", "2025-03-08 12:00"),
                    ("XMR", "1", "2027-07-11 12:00"),
                ]
            )
        ],
    )


def ask(home: Home, sql: str) -> list[dict[str, Any]]:
    """Rows of the working and the restricted database."""
    with duckdb.connect() as connection:
        for name in ("warehouse", "restricted"):
            path = home.warehouse.with_name(f"{name}.duckdb")
            connection.execute(f"attach '{path}' as {name} (read_only)")
        connection.execute("use warehouse.main")
        found = connection.execute(sql)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def home(lean_project: Path, small_venue: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three scoring dates, the last under a rule that had changed."""
    folder = tmp_path_factory.mktemp("due_diligence")
    raw = folder / "raw"
    raw.mkdir()
    for path in small_venue.iterdir():
        (raw / path.name).write_bytes(path.read_bytes())
    write_papers(raw)
    built = Home(folder / "home", raw, project=lean_project)
    for date in DATES:
        must(built.dbt("build", *SELECTED, "--vars", f"as_of_date: {date}"))
    return built


@pytest.fixture(scope="module")
def history(home: Home) -> dict[tuple[str, str], dict[str, Any]]:
    """What was decided, by trader and scoring date."""
    rows = ask(home, "select * from restricted.main.int_due_diligence_history")
    return {(row["trader_id"], str(row["as_of_date"])): row for row in rows}


def test_every_level_follows_from_the_facts_and_the_rules_that_were_kept(
    home: Home, history: Mapping[tuple[str, str], dict[str, Any]]
) -> None:
    rules = ask(home, "select * from due_diligence_rulesets")
    for row in history.values():
        kept = [rule for rule in rules if rule["ruleset_version"] == row["ruleset_version"]]
        levels = [rule for rule in kept if rule["factor"] == "level"]
        order = ("simplified", "standard", "enhanced", "prohibited")
        facts = [
            {"fact": fact["fact"], "fact_value": fact["value"], "detail": fact.get("detail")}
            for fact in json.loads(row["facts"])
        ]
        hits = [rule for rule in kept if rule["factor"] != "level" and holds(rule, facts)]
        thresholds = [
            {
                "level": level["floor"],
                "strictness": order.index(level["floor"]),
                "points_from": level["threshold"],
            }
            for level in levels
        ]
        assert {(hit["rule_id"], hit["points"]) for hit in hits} == {
            (factor["rule_id"], factor["points"]) for factor in json.loads(row["factors"])
        }
        decided = decide(hits, row["override_level"], thresholds)
        assert decided == (row["points"], row["level"]), row["trader_id"]


def test_levels_are_those_of_each_date(history: Mapping[tuple[str, str], dict[str, Any]]) -> None:
    levels = {
        trader: [history[trader, date]["level"] for date in DATES]
        for trader in ("T0", "T2", "T4", "T5", "T6", "T7")
    }
    assert levels == {
        "T0": ["simplified", "simplified", "simplified"],
        # Residence under a call for action.
        "T2": ["enhanced", "enhanced", "enhanced"],
        # Exposed since the sixth; the reviewer cannot go below the floor.
        "T4": ["simplified", "enhanced", "enhanced"],
        # A reviewer's decision until the tenth.
        "T5": ["enhanced", "simplified", "simplified"],
        # On a list of sanctions until it was cleared.
        "T6": ["prohibited", "simplified", "simplified"],
        # Nothing known of the person, nothing submitted.
        "T7": ["standard", "standard", "standard"],
    }
    assert history["T4", DATES[1]]["override_level"] == "simplified"
    assert history["T6", DATES[0]]["blocked_services"] == "deposit, open_position, withdrawal"
    assert history["T6", DATES[1]]["blocked_services"] == ""
    assert ("NEW", DATES[0]) not in history
    assert history["NEW", DATES[1]]["verification_status"] == "pending"


def test_a_rule_that_changes_makes_another_version_and_another_level(
    home: Home, history: Mapping[tuple[str, str], dict[str, Any]]
) -> None:
    """From 10 July 2027 on assets that hide their holder hold everything back."""
    versions = [history["T3", date]["ruleset_version"] for date in DATES]
    assert versions[0] == versions[1] != versions[2]
    assert versions[2].startswith("2027-07-10-")
    assert history["T3", DATES[2]]["level"] == "enhanced"
    assert history["T3", DATES[2]]["hold_reason"] == "Transfers in assets that hide their holder"
    kept = ask(
        home, "select ruleset_version, count(*) as rules from due_diligence_rulesets group by 1"
    )
    assert {row["ruleset_version"] for row in kept} == set(versions)


def test_money_beyond_the_declared_wealth_asks_for_its_source(
    history: Mapping[tuple[str, str], dict[str, Any]],
) -> None:
    before, after = (history["T3", date] for date in DATES[:2])
    assert before["required_steps"] == ""
    assert after["required_steps"] == "address, source_of_wealth"
    assert after["blocked_services"] == "deposit"
    assert {factor["rule_id"] for factor in json.loads(after["factors"])} == {
        "beyond_declared_wealth",
        "most_of_declared_wealth",
    }


def test_the_published_history_has_a_row_for_each_change(home: Home) -> None:
    rows = ask(
        home,
        "select valid_from, valid_to, level, previous_level from trader_due_diligence_history "
        "where trader_id = 'T6' order by 1",
    )
    assert [(str(row["valid_from"]), row["level"], row["previous_level"]) for row in rows] == [
        (DATES[0], "prohibited", None),
        (DATES[1], "simplified", "prohibited"),
        (DATES[2], "simplified", "simplified"),
    ]
    assert [str(row["valid_to"]) for row in rows] == [DATES[1], DATES[2], "None"]


def test_reviews_are_due_by_the_level(history: Mapping[tuple[str, str], dict[str, Any]]) -> None:
    due = {
        trader: str(history[trader, DATES[1]]["next_review_due_on"])
        for trader in ("T0", "T2", "T7")
    }
    # Five years, but papers run out before; a year; from the first account on.
    assert due == {"T0": "2029-01-01", "T2": "2026-02-01", "T7": "2025-02-01"}
    assert history["T7", DATES[1]]["is_overdue"] is True
    assert history["T2", DATES[2]]["is_overdue"] is True


def test_a_past_date_that_is_built_again_is_as_it_was(
    home: Home, history: Mapping[tuple[str, str], dict[str, Any]]
) -> None:
    must(home.dbt("build", *SELECTED, "--vars", f"as_of_date: {DATES[1]}"))
    again = ask(home, "select * from restricted.main.int_due_diligence_history")
    assert {(row["trader_id"], str(row["as_of_date"])): row for row in again} == history


def test_without_papers_nothing_is_known_and_nobody_is_simplified(
    bare_project: Path, small_venue: Path, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home", small_venue, project=bare_project)
    must(home.dbt("build", *SELECTED))
    rows = ask(home, "select * from trader_due_diligence")
    assert len(rows) == 10
    for row in rows:
        assert (row["points"], row["level"], row["points_level"]) == (0, "standard", "simplified")
        assert [factor["rule_id"] for factor in json.loads(row["factors"])] == ["residence_unknown"]
        unknown = ("verification_status", "next_review_due_on", "is_overdue", "required_steps")
        assert [row[column] for column in unknown] == [None] * len(unknown)
        assert row["blocked_services"] == ""
    assert ask(home, "from verification_service_levels") == []


BUSY_SQL = """\
select
    trader_id,
    count(*) as fact_value,
    cast(null as varchar) as detail
from {{ ref('int_trader_days') }}
where event_date <= {{ as_of_date() }}
group by 1
"""
BUSY = {"fact": "busy", "description": "Days with a fill.", "unit": "days"}
BUSY_RULE = "busy,busy,,>=,10,customer,60,,false,Trades every day,a test,2020-01-01,\n"


def test_one_file_one_entry_and_one_row_add_a_fact(small_venue: Path, tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project", without=TESTS)
    file = project / "models" / "due_diligence" / "facts" / "dd_busy.sql"
    file.write_text(BUSY_SQL, encoding="utf-8")
    home = Home(tmp_path / "home", small_venue, project=project)
    refused = home.dbt("build", *SELECTED)
    assert not refused.succeeded
    assert "dd_busy.sql has no entry 'busy' in vars.due_diligence_facts" in refused.output
    change_settings(project, lambda settings: settings["vars"]["due_diligence_facts"].append(BUSY))
    with (project / "seeds/due_diligence/due_diligence_rules.csv").open("a", encoding="utf-8") as f:
        f.write(BUSY_RULE)
    must(home.dbt("build", *SELECTED))
    days = dict(home.query_warehouse("select trader_id, count(*) from int_trader_days group by 1"))
    found = home.query_warehouse("select trader_id, level, points from trader_due_diligence")
    assert {level for _, level, _ in found} == {"standard", "enhanced"}
    for trader, level, points in found:
        expected = ("enhanced", 60) if days.get(trader, 0) >= 10 else ("standard", 0)
        assert (level, points) == expected, trader
