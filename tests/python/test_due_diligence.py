"""Due diligence in SQL: monotone, floors dominate, overrides expire, verification has one state."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from due_diligence_oracle import LEVELS, decide, holds, strictness
from warehouse_builds import ROOT, Home, must

Row = Mapping[str, Any]
Rows = Sequence[Row]

MODELS = {path.stem: path for path in (ROOT / "models").rglob("*.sql")}
SEEDS = ROOT / "seeds" / "due_diligence"
MACROS = ("segmentation/condition_holds", "time/seconds_between")
TRADERS = ("t0", "t1", "t2")
START = dt.datetime(2026, 1, 1)
many = settings(max_examples=60, deadline=None, derandomize=True)

COLUMNS = {
    "int_due_diligence_subjects": "trader_id varchar",
    "int_due_diligence_rules": "rule_id varchar, fact varchar, category varchar, operator varchar, "
    "threshold double, factor varchar, points integer, floor varchar, is_hold boolean, "
    "description varchar",
    "int_due_diligence_facts": "trader_id varchar, fact varchar, fact_value double, detail varchar",
    "int_due_diligence_hits": "trader_id varchar, rule_id varchar, factor varchar, points integer, "
    "floor varchar, is_hold boolean, description varchar",
    "int_due_diligence_overrides": "trader_id varchar, level varchar",
    "due_diligence_levels": "level varchar, strictness integer, points_from integer",
    "int_as_of_date": "as_of_date date",
    "verification_event_types": "event_type varchar, strictness integer",
    "stg_verification_events": "event_id varchar, trader_id varchar, event_type varchar, "
    "occurred_at timestamp, issuer varchar, method varchar, expires_at timestamp, note varchar",
}


def rendered(name: str) -> str:
    """The SQL of a model, refs as bare names, as dbt renders it for DuckDB."""
    environment = jinja2.Environment()
    environment.globals.update(
        config=lambda **_: "",
        ref=lambda model: model,
        var=lambda name: {"override_level": "enhanced"}[name],
        type_string=lambda: "varchar",
        as_of_date=lambda: "(select as_of_date from int_as_of_date)",
        adapter=SimpleNamespace(
            dispatch=lambda name: lambda *arguments: getattr(module, f"default__{name}")(*arguments)
        ),
        dbt=SimpleNamespace(
            dateadd=lambda part, number, date: f"{date} + interval ({number}) {part}"
        ),
    )
    environment.globals["return"] = lambda value: value
    source = "".join((ROOT / "macros" / f"{path}.sql").read_text("utf-8") for path in MACROS)
    module: Any = environment.from_string(source).module
    for name_of_macro in ("condition_holds", "seconds_between"):
        environment.globals[name_of_macro] = getattr(module, name_of_macro)
    return environment.from_string(MODELS[name].read_text(encoding="utf-8")).render()


class Engine:
    """Models as SQL that runs on rows of one's own."""

    def __init__(self, *models: str) -> None:
        self.models = {model: rendered(model) for model in models}
        self.database = duckdb.connect()
        for table, columns in COLUMNS.items():
            if table not in models:
                self.database.execute(f"create table {table} ({columns})")

    def run(self, **tables: Rows) -> pd.DataFrame:
        """Rows of the last model."""
        for table, rows in tables.items():
            columns = [part.split()[0] for part in COLUMNS[table].split(", ")]
            self.database.execute(f"delete from {table}")
            if rows:
                self.database.executemany(
                    f"insert into {table} values ({', '.join('?' for _ in columns)})",
                    [[row.get(column) for column in columns] for row in rows],
                )
        for model, sql in self.models.items():
            self.database.execute(f"create or replace temp table {model} as {sql}")
        return self.database.execute(f"from {[*self.models][-1]}").df()


@pytest.fixture(scope="module")
def levels_engine() -> Engine:
    return Engine("int_due_diligence_hits", "int_due_diligence_levels")


def levels_of(
    engine: Engine, rules: Rows, facts: Rows, overrides: Mapping[str, str]
) -> dict[str, tuple[int, str]]:
    """Points and level by trader."""
    frame = engine.run(
        due_diligence_levels=LEVELS,
        int_due_diligence_subjects=[{"trader_id": trader} for trader in TRADERS],
        int_due_diligence_rules=rules,
        int_due_diligence_facts=facts,
        int_due_diligence_overrides=[
            {"trader_id": trader, "level": level} for trader, level in overrides.items()
        ],
    )
    assert len(frame) == len(TRADERS)
    return {row.trader_id: (row.points, row.level) for row in frame.itertuples(index=False)}


LEVEL_NAMES = [row["level"] for row in LEVELS]
RULE = st.fixed_dictionaries(
    {
        "fact": st.sampled_from(["a", "b", "c"]),
        "category": st.sampled_from([None, None, "x", "y"]),
        "operator": st.sampled_from([None, ">=", ">", "<", "unknown"]),
        "threshold": st.sampled_from([0.0, 0.5, 1.0, 2.0]),
        "factor": st.sampled_from(["customer", "geography", "transaction"]),
        "points": st.integers(0, 40),
        "floor": st.sampled_from([None, None, None, *LEVEL_NAMES]),
        "is_hold": st.booleans(),
    }
)
RULES = st.lists(RULE, min_size=1, max_size=8).map(
    lambda rules: [{**rule, "rule_id": f"r{number}"} for number, rule in enumerate(rules)]
)
FACTS = st.lists(
    st.fixed_dictionaries(
        {
            "trader_id": st.sampled_from(TRADERS),
            "fact": st.sampled_from(["a", "b", "c"]),
            "fact_value": st.sampled_from([0.0, 0.5, 1.0, 3.0]),
            "detail": st.sampled_from([None, "x", "y"]),
        }
    ),
    max_size=12,
)
OVERRIDES = st.dictionaries(st.sampled_from(TRADERS), st.sampled_from(LEVEL_NAMES))


@many
@given(rules=RULES, facts=FACTS, overrides=OVERRIDES)
def test_levels_are_those_decided_by_hand(
    levels_engine: Engine, rules: Rows, facts: Rows, overrides: Mapping[str, str]
) -> None:
    found = levels_of(levels_engine, rules, facts, overrides)
    for trader in TRADERS:
        own = [fact for fact in facts if fact["trader_id"] == trader]
        hits = [rule for rule in rules if holds(rule, own)]
        assert found[trader] == decide(hits, overrides.get(trader))


@many
@given(
    rules=RULES,
    facts=FACTS,
    overrides=OVERRIDES,
    which=st.integers(0, 7),
    more=st.integers(1, 60),
    another=RULE,
)
def test_more_points_another_rule_or_a_higher_floor_never_lower_a_level(
    levels_engine: Engine,
    rules: Rows,
    facts: Rows,
    overrides: Mapping[str, str],
    which: int,
    more: int,
    another: Row,
) -> None:
    before = levels_of(levels_engine, rules, facts, overrides)
    number = which % len(rules)
    rule = rules[number]
    higher = LEVEL_NAMES[min(strictness(rule["floor"]) + 1, len(LEVEL_NAMES) - 1)]
    for changed in (
        [*rules[:number], {**rule, "points": rule["points"] + more}, *rules[number + 1 :]],
        [*rules[:number], {**rule, "floor": higher}, *rules[number + 1 :]],
        [*rules, {**another, "rule_id": "another"}],
    ):
        after = levels_of(levels_engine, changed, facts, overrides)
        for trader in TRADERS:
            assert strictness(after[trader][1]) >= strictness(before[trader][1])


@many
@given(rules=RULES, facts=FACTS, overrides=OVERRIDES)
def test_nobody_is_below_a_floor_whatever_the_points_and_the_reviewer_say(
    levels_engine: Engine, rules: Rows, facts: Rows, overrides: Mapping[str, str]
) -> None:
    found = levels_of(levels_engine, rules, facts, overrides)
    plain = levels_of(levels_engine, rules, facts, {})
    for trader in TRADERS:
        own = [fact for fact in facts if fact["trader_id"] == trader]
        floor = max((strictness(r["floor"]) for r in rules if holds(r, own)), default=-1)
        assert strictness(found[trader][1]) >= floor
        assert strictness(plain[trader][1]) >= floor
        if trader in overrides:
            assert strictness(found[trader][1]) == max(strictness(overrides[trader]), floor)


def test_every_combination_of_points_floor_and_override(levels_engine: Engine) -> None:
    """350 traders at once: all boundaries of points, all floors, all overrides."""
    levels = Engine("int_due_diligence_levels")
    combinations = list(
        itertools.product(
            (0, 1, 24, 25, 26, 49, 50, 51, 74, 75, 99, 100, 101, 10_000),
            (None, *LEVEL_NAMES),
            (None, *LEVEL_NAMES),
        )
    )
    found = levels.run(
        due_diligence_levels=LEVELS,
        int_due_diligence_subjects=[{"trader_id": str(n)} for n in range(len(combinations))],
        int_due_diligence_hits=[
            {"trader_id": str(n), "rule_id": "r", "points": points, "floor": floor}
            for n, (points, floor, _) in enumerate(combinations)
        ],
        int_due_diligence_overrides=[
            {"trader_id": str(n), "level": override}
            for n, (_, _, override) in enumerate(combinations)
            if override is not None
        ],
    ).set_index("trader_id")
    assert len(found) == len(combinations) == 350
    for n, (points, floor, override) in enumerate(combinations):
        expected = decide([{"points": points, "floor": floor}], override)
        assert (found.loc[str(n), "points"], found.loc[str(n), "level"]) == expected


# What reviewers decide.

DAY = st.integers(0, 12).map(lambda day: START + dt.timedelta(days=day))
OVERRIDE_EVENT = st.fixed_dictionaries(
    {
        "event_type": st.sampled_from(["override_set", "override_set", "override_lifted"]),
        "occurred_at": DAY,
        "expires_at": st.one_of(st.none(), DAY),
        "note": st.sampled_from([None, "simplified", "Standard is enough", "no word of it"]),
    }
)
EVENT_TYPES = [
    {"event_type": row["event_type"], "strictness": int(row["strictness"])}
    for row in csv.DictReader((SEEDS / "verification_event_types.csv").open(encoding="utf-8"))
]
STRICTNESS = {row["event_type"]: row["strictness"] for row in EVENT_TYPES}


def as_events(rows: Iterable[Row]) -> Rows:
    return [
        {"event_id": f"e{number:02d}", "trader_id": "t0", **row} for number, row in enumerate(rows)
    ]


def in_order(events: Iterable[Row], as_of: dt.datetime) -> Rows:
    known = (event for event in events if event["occurred_at"] < as_of + dt.timedelta(days=1))
    return sorted(
        known, key=lambda e: (e["occurred_at"], STRICTNESS[e["event_type"]], e["event_id"])
    )


def is_expired(event: Row, as_of: dt.datetime) -> bool:
    """Whether it has expired by the end of the as-of date."""
    until = event.get("expires_at")
    return until is not None and until < as_of + dt.timedelta(days=1)


@pytest.fixture(scope="module")
def overrides_engine() -> Engine:
    return Engine("int_verification_events", "int_due_diligence_overrides")


@many
@given(rows=st.lists(OVERRIDE_EVENT, max_size=5), as_of=DAY)
def test_an_override_holds_until_it_is_lifted_or_expires(
    overrides_engine: Engine, rows: Rows, as_of: dt.datetime
) -> None:
    events = as_events(rows)
    found = overrides_engine.run(
        int_as_of_date=[{"as_of_date": as_of.date()}],
        verification_event_types=EVENT_TYPES,
        due_diligence_levels=LEVELS,
        stg_verification_events=events,
    )
    last = next(reversed(in_order(events, as_of)), None)
    if last is None or last["event_type"] == "override_lifted" or is_expired(last, as_of):
        assert found.empty
    else:
        words = {"simplified": "simplified", "Standard is enough": "standard"}
        assert found["level"].tolist() == [words.get(last["note"], "enhanced")]


# The state machine of verification.

IDENTITY_EVENT = st.fixed_dictionaries(
    {
        "event_type": st.sampled_from(
            ["identity_submitted", "identity_verified", "identity_rejected", "document_expired"]
        ),
        "occurred_at": DAY,
        "expires_at": st.one_of(st.none(), DAY),
        "method": st.sampled_from([None, "document", "eid", "attestation"]),
    }
)


def state_by_hand(events: Rows, as_of: dt.datetime) -> str | None:
    """One event after the other, as a clerk would book them."""
    state, expired = None, False
    for event in in_order(events, as_of):
        state = state or "unverified"
        kind = event["event_type"]
        if kind == "identity_submitted":
            if state in ("unverified", "rejected", "expired") or (state == "verified" and expired):
                state = "pending"
        elif kind == "identity_rejected":
            state = "rejected"
        elif kind == "document_expired":
            state = "expired"
        elif event["method"] != "attestation":
            state, expired = "verified", is_expired(event, as_of)
    return "expired" if state == "verified" and expired else state


@pytest.fixture(scope="module")
def states_engine() -> Engine:
    return Engine("int_verification_events", "int_verification_states")


@many
@given(rows=st.lists(IDENTITY_EVENT, max_size=6), as_of=DAY, data=st.data())
def test_verification_has_one_state_in_whatever_order_events_arrive(
    states_engine: Engine, rows: Rows, as_of: dt.datetime, data: st.DataObject
) -> None:
    events = as_events(rows)
    given_rows = {
        "int_as_of_date": [{"as_of_date": as_of.date()}],
        "verification_event_types": EVENT_TYPES,
    }
    found = [
        states_engine.run(stg_verification_events=order, **given_rows)
        for order in (events, data.draw(st.permutations(events)))
    ]
    pd.testing.assert_frame_equal(*found)
    expected = state_by_hand(events, as_of)
    assert found[0]["verification_status"].tolist() == ([] if expected is None else [expected])


# The rules as they are shipped.


def seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_rule_threshold_and_level_says_where_it_comes_from() -> None:
    for name, column in (
        ("due_diligence_rules", "source"),
        ("due_diligence_thresholds", "why"),
        ("due_diligence_levels", "why"),
        ("reporting_thresholds", "source"),
        ("step_up_triggers", "source"),
        ("service_blocks", "source"),
        ("country_lists", "source"),
    ):
        rows = seed(name)
        assert rows
        assert all(row[column].strip() for row in rows), name


def test_conditions_of_the_rules_rise_with_the_fact() -> None:
    """So that a trader who does more of what a fact counts never goes down."""
    rules = seed("due_diligence_rules")
    assert {rule["operator"] for rule in rules} <= {"", ">=", ">", "unknown"}
    assert {rule["factor"] for rule in rules} == {
        *("customer", "geography", "product", "channel", "transaction")
    }


# Lifetime value never feeds due diligence.

Graph = Mapping[str, set[str]]


def ancestors(graph: Graph, nodes: Iterable[str]) -> set[str]:
    """Everything that the nodes descend from, themselves included."""
    found: set[str] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(graph.get(node, ()))
    return found


def is_value(unique_id: str, path: str) -> bool:
    """Whether a model says what a trader is worth: values, tiers, churn, retention, segments."""
    name = unique_id.split(".")[-1]
    words = ("lifetime", "churn", "retention", "trader_segment", "value_tier", "fee_tier")
    return (
        "value" in Path(path).parent.parts
        or any(word in name for word in words)
        or name in ("int_trader_axes", "trader_features")
    )


def test_what_descends_from_a_value_is_found() -> None:
    graph = {"m.level": {"m.fact"}, "m.fact": {"m.trader_lifetime_value"}, "m.other": {"m.fact"}}
    found = ancestors(graph, ["m.level"])
    assert [node for node in sorted(found) if is_value(node, "x.sql")] == [
        "m.trader_lifetime_value"
    ]
    assert is_value("m.anything", "python_models/value/anything.py")


@pytest.mark.slow
def test_no_value_of_a_trader_feeds_due_diligence(
    small_venue: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = Home(tmp_path_factory.mktemp("dag"), small_venue)
    must(home.dbt("parse"))
    manifest = json.loads((home.path / "target" / "manifest.json").read_text(encoding="utf-8"))
    nodes = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "seed")
    }
    graph = {
        unique_id: set(node["depends_on"].get("nodes", ())) for unique_id, node in nodes.items()
    }
    decided = [
        unique_id
        for unique_id, node in nodes.items()
        if "due_diligence" in Path(node["path"]).parts
    ]
    values = {unique_id for unique_id, node in nodes.items() if is_value(unique_id, node["path"])}
    found = ancestors(graph, decided)
    assert len(decided) > 30
    assert {
        "model.trader_segments.int_trader_axes",
        "model.trader_segments.trader_segments",
    } <= values
    assert {"model.trader_segments.stg_customers", "model.trader_segments.stg_transfers"} <= found
    assert found & values == set()
