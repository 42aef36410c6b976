"""Audiences in SQL: arms that stay, one campaign at a time, changes that a follower can trust."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from warehouse_builds import ROOT

MACROS = ("hash_number", "campaign_arm", "settle_audiences")
MODELS = {path.stem: path for path in (ROOT / "models").rglob("*.sql")}
TABLES = {
    "int_as_of_date": "as_of_date date",
    "int_audience_members": "campaign_id varchar, trader_id varchar, priority integer, "
    "salt varchar, control_share decimal(9, 6), cool_down_days integer",
    "int_campaign_suppressions": "trader_id varchar, suppressed_because varchar",
    "stg_campaign_assignments": "campaign_id varchar, trader_id varchar, arm varchar, "
    "assigned_at timestamp",
    "trader_segments": "trader_id varchar, segment_id varchar",
    "audience_log": "build_id varchar, campaign_id varchar, trader_id varchar, as_of_date date, "
    "change varchar, arm varchar, suppressed_because varchar, assigned_on date",
}
START = dt.date(2026, 1, 5)


class Relation(str):
    """The name of a table, as dbt's relations are asked for that of another one."""

    def incorporate(self, path: dict[str, str]) -> str:
        return path["identifier"]


class Flags:
    WHICH = "build"


def environment(build_id: str = "", served: str = "") -> jinja2.Environment:
    """What dbt gives to models and macros, refs as bare names."""
    given = jinja2.Environment()
    given.globals.update(
        audience_log=lambda: "audience_log",
        execute=True,
        flags=Flags,
        config=lambda **_: "",
        ref=Relation,
        type_string=lambda: "varchar",
        as_of_date=lambda: "(select as_of_date from int_as_of_date)",
        build_id=lambda: build_id,
        served_build=lambda: served,
        dbt=SimpleNamespace(
            datediff=lambda first, second, part: f"date_diff('{part}', {first}, {second})"
        ),
    )
    source = "".join(
        (ROOT / "macros" / "campaigns" / f"{name}.sql").read_text("utf-8") for name in MACROS
    )
    module: Any = given.from_string(source).module
    for name in ("hash_number", "campaign_arm", "settle_audiences"):
        given.globals[name] = getattr(module, name)
    return given


ORDER = (
    "int_audience_log",
    "int_published_audiences",
    "int_campaign_assignments",
    "campaign_audiences",
    "audience_changes",
)
SQL = {
    name: environment().from_string(MODELS[name].read_text(encoding="utf-8")).render()
    for name in ORDER
}

Member = tuple[str, str]


@dataclass
class Venue:
    """The models of campaigns over rows of one's own; what is published goes into the log."""

    database: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    builds: int = 0

    def __post_init__(self) -> None:
        for table, columns in TABLES.items():
            self.database.execute(f"create table {table} ({columns})")

    def fill(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        self.database.execute(f"delete from {table}")
        if listed := [list(row) for row in rows]:
            places = ", ".join(f"({', '.join('?' * len(row))})" for row in listed)
            values = [value for row in listed for value in row]
            self.database.execute(f"insert into {table} values {places}", values)

    def build(
        self,
        day: int,
        members: Iterable[Member],
        suppressed: Iterable[str] = (),
        *,
        cool_down: int = 28,
        publish: bool = True,
    ) -> None:
        """Build as of a day; the campaigns a, b and c of the registry in this order."""
        self.builds += 1
        build_id = f"{self.builds:06d}"
        self.fill("int_as_of_date", [[START + dt.timedelta(days=day)]])
        self.fill("int_campaign_suppressions", [[trader, "hold"] for trader in suppressed])
        self.fill(
            "int_audience_members",
            [
                [name, trader, "abc".index(name) + 1, "s", 0.3, cool_down]
                for name, trader in members
            ],
        )
        for name, sql in SQL.items():
            self.database.execute(f"create or replace table {name} as {sql}")
        hook = environment(build_id, build_id if publish else "an earlier one")
        if settle := hook.from_string("{{ settle_audiences() }}").render().strip():
            self.database.execute(settle)

    def rows(self, query: str) -> list[Any]:
        return self.database.execute(query).fetchall()

    def audiences(self) -> dict[Member, tuple[str, str | None]]:
        found = self.rows(
            "select campaign_id, trader_id, arm, suppressed_because from campaign_audiences"
        )
        return {(campaign, trader): (arm, reason) for campaign, trader, arm, reason in found}

    def changes(self) -> dict[Member, tuple[str, str, str | None]]:
        """Changes of the date that was built."""
        found = self.rows(
            "select campaign_id, trader_id, change, arm, suppressed_because from audience_changes "
            "where as_of_date = (select as_of_date from int_as_of_date)"
        )
        return {(row[0], row[1]): tuple(row[2:]) for row in found}


@pytest.fixture
def venue() -> Venue:
    return Venue()


def arms(venue: Venue, traders: Iterable[str], campaign: str = "a") -> dict[str, str]:
    venue.build(0, [(campaign, trader) for trader in traders])
    return {trader: arm for (_, trader), (arm, _) in venue.audiences().items()}


# Arms


def test_an_arm_is_the_hash_of_campaign_salt_and_trader(venue: Venue) -> None:
    traders = [f"T{number}" for number in range(50)]
    for trader, arm in arms(venue, traders).items():
        number = int(hashlib.md5(f"a|s|{trader}".encode()).hexdigest()[:8], 16)
        assert arm == ("control" if number < 0.3 * 2**32 else "treatment")


def share_of_control(share: str, salt: str, campaign: str = "a") -> float:
    call = environment().globals["campaign_arm"](f"'{campaign}'", f"'{salt}'", "'T' || i", share)
    with duckdb.connect() as database:
        rows = database.execute(
            f"select count(case when {call} = 'control' then 1 end) from range(20000) as t(i)"
        ).fetchall()
    return float(rows[0][0])


@pytest.mark.parametrize("share", ["0.1", "0.5", "0.02"])
@pytest.mark.parametrize("salt", ["2026", "2027", ""])
def test_the_control_is_as_large_as_it_should_be(share: str, salt: str) -> None:
    low, high = stats.binom.interval(0.999, 20_000, float(share))
    assert low <= share_of_control(share, salt) <= high


def test_a_control_of_none_or_all_is_that() -> None:
    assert share_of_control("0", "s") == 0
    assert share_of_control("1", "s") == 20_000


def test_arms_of_two_campaigns_have_nothing_to_do_with_each_other(venue: Venue) -> None:
    traders = [f"T{number}" for number in range(3000)]
    first, second = arms(venue, traders, "a"), arms(venue, traders, "b")
    both = sum(first[trader] == second[trader] == "control" for trader in traders)
    low, high = stats.binom.interval(0.999, 3000, 0.3 * 0.3)
    assert low <= both <= high


@given(st.lists(st.sets(st.integers(0, 30)), min_size=2, max_size=4))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_nobody_changes_arm_because_others_come_or_go(audiences: list[set[int]]) -> None:
    seen: dict[str, str] = {}
    venue = Venue()
    for members in audiences:
        for trader, arm in arms(venue, [f"T{number}" for number in members]).items():
            assert seen.setdefault(trader, arm) == arm


# Suppression


def treated_and_control(venue: Venue, campaign: str) -> tuple[str, str]:
    """A trader of each arm of a campaign."""
    dealt = arms(venue, [f"T{number}" for number in range(40)], campaign)
    venue.fill("audience_log", [])
    return tuple(  # type: ignore[return-value]
        next(trader for trader, given in dealt.items() if given == arm)
        for arm in ("treatment", "control")
    )


def test_who_is_suppressed_keeps_the_arm_and_is_not_addressed(venue: Venue) -> None:
    treated, control = treated_and_control(venue, "a")
    venue.build(0, [("a", treated), ("a", control)], [treated, control])
    assert venue.audiences() == {
        ("a", treated): ("treatment", "hold"),
        ("a", control): ("control", "hold"),
    }
    found = venue.rows("select distinct is_active, assigned_on from campaign_audiences")
    assert found == [(False, None)]


def test_of_campaigns_at_once_the_first_addresses_and_the_others_wait(venue: Venue) -> None:
    for first in treated_and_control(venue, "a"):
        venue.fill("audience_log", [])
        venue.build(0, [(campaign, first) for campaign in "abc"])
        found = venue.audiences()
        addressed = [
            campaign for campaign in "abc" if found[campaign, first] == ("treatment", None)
        ]
        assert len(addressed) <= 1
        for campaign in "abc":
            waits = bool(addressed) and campaign > addressed[0]
            assert found[campaign, first][1] == ("cool_down" if waits else None)


def test_a_campaign_waits_until_the_cool_down_after_another_one_is_over(venue: Venue) -> None:
    treated, _ = treated_and_control(venue, "a")
    venue.build(0, [("a", treated)])
    for day, reason in ((1, "cool_down"), (27, "cool_down"), (28, None)):
        venue.build(day, [("a", treated), ("b", treated)])
        assert venue.audiences()["b", treated][1] == reason
        assert venue.audiences()["a", treated] == ("treatment", None)


def test_who_was_addressed_stays_so_when_a_later_campaign_begins(venue: Venue) -> None:
    treated, _ = treated_and_control(venue, "b")
    venue.build(0, [("b", treated)])
    venue.build(40, [("a", treated), ("b", treated)])
    assert venue.audiences()["b", treated] == ("treatment", None)


def test_who_was_assigned_before_another_campaign_came_does_not_wait_for_it(venue: Venue) -> None:
    at = dt.datetime.combine(START, dt.time(9)) + dt.timedelta(days=10)
    venue.fill("stg_campaign_assignments", [["spring", "T1", "treatment", at]])
    venue.build(0, [("a", "T1")])
    venue.build(11, [("a", "T1"), ("b", "T1")])
    assert [venue.audiences()[campaign, "T1"][1] for campaign in "ab"] == [None, "cool_down"]


def test_the_control_of_a_campaign_is_not_waited_for(venue: Venue) -> None:
    _, control = treated_and_control(venue, "a")
    venue.build(0, [("a", control)])
    venue.build(1, [("b", control)])
    assert venue.audiences()["b", control][1] is None


@pytest.mark.parametrize(
    ("arm", "days_ago", "cool_down", "reason"),
    [
        ("treatment", 3, 28, "cool_down"),
        ("control", 3, 28, None),
        ("treatment", 28, 28, None),
        ("treatment", 3, 0, None),
        ("treatment", -1, 28, None),
    ],
)
def test_campaigns_of_the_venue_count_up_to_the_as_of_date(
    venue: Venue, arm: str, days_ago: int, cool_down: int, reason: str | None
) -> None:
    at = dt.datetime.combine(START, dt.time(9)) - dt.timedelta(days=days_ago)
    venue.fill("stg_campaign_assignments", [["spring", "T1", arm, at]])
    venue.build(0, [("a", "T1")], cool_down=cool_down)
    assert venue.audiences()["a", "T1"][1] == reason


# Changes


def test_a_build_that_was_not_published_is_not_the_one_before(venue: Venue) -> None:
    venue.build(0, [("a", "T1"), ("a", "T2")])
    venue.build(1, [("a", "T2"), ("a", "T3")], publish=False)
    assert {key: change[0] for key, change in venue.changes().items()} == {
        ("a", "T1"): "removed",
        ("a", "T3"): "added",
    }
    venue.build(2, [("a", "T1"), ("a", "T3")])
    assert {key: change[0] for key, change in venue.changes().items()} == {
        ("a", "T2"): "removed",
        ("a", "T3"): "added",
    }
    assert venue.rows("select assigned_on from campaign_audiences where trader_id = 'T3'") == [
        (START + dt.timedelta(days=2),)
    ]


def test_who_is_held_and_let_go_again_has_changed(venue: Venue) -> None:
    venue.build(0, [("a", "T1")])
    venue.build(1, [("a", "T1")], ["T1"])
    assert venue.changes()["a", "T1"][::2] == ("changed", "hold")
    venue.build(2, [("a", "T1")])
    assert venue.changes()["a", "T1"][::2] == ("changed", None)
    venue.build(3, [("a", "T1")])
    assert venue.changes() == {}
    assigned = venue.rows("select distinct assigned_on from campaign_audiences")
    assert assigned == [(START,)]


def test_a_campaign_that_left_the_registry_is_taken_back(venue: Venue) -> None:
    venue.build(0, [("a", "T1"), ("b", "T2")])
    venue.build(1, [("a", "T1")])
    assert {key: change[0] for key, change in venue.changes().items()} == {("b", "T2"): "removed"}


def test_the_same_date_again_says_the_same_again(venue: Venue) -> None:
    venue.build(0, [("a", "T1"), ("a", "T2")], ["T2"])
    venue.build(1, [("a", "T2"), ("a", "T3")])
    everything = "from audience_changes order by all"
    first, audiences = venue.rows(everything), venue.rows("from campaign_audiences order by all")
    logged = len(venue.rows("from audience_log"))
    venue.build(1, [("a", "T2"), ("a", "T3")])
    assert venue.rows(everything) == first
    assert venue.rows("from campaign_audiences order by all") == audiences
    assert len(venue.rows("from audience_log")) == logged
    assert len(first) == 5


MEMBERS = st.sets(st.tuples(st.sampled_from("ab"), st.sampled_from(["T1", "T2", "T3"])))
BUILD = st.tuples(st.integers(0, 2), MEMBERS, st.sets(st.sampled_from(["T1", "T2"])), st.booleans())


@given(st.lists(BUILD, min_size=2, max_size=7))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_a_follower_of_the_changes_has_the_audience(
    builds: list[tuple[int, set[Member], set[str], bool]],
) -> None:
    """Who follows each publish, and who looks at each date only once, after its last publish."""
    venue, day = Venue(), 0
    followed: dict[Member, tuple[str, str | None]] = {}
    patient: dict[Member, tuple[str, str | None]] = {}
    waiting: tuple[int, dict[Member, tuple[str, str, str | None]]] | None = None
    for step, members, suppressed, is_published in builds:
        day += step
        venue.build(day, sorted(members), sorted(suppressed), publish=is_published)
        changes = venue.changes()
        keys = venue.rows("select campaign_id, trader_id, as_of_date from audience_changes")
        assert len(keys) == len(set(keys))
        if not is_published:
            continue
        follow(followed, changes)
        assert followed == venue.audiences()
        if waiting is not None and waiting[0] != day:
            follow(patient, waiting[1])
        waiting = day, changes
    if waiting is not None:
        follow(patient, waiting[1])
        assert patient == followed


def follow(
    known: dict[Member, tuple[str, str | None]],
    changes: dict[Member, tuple[str, str, str | None]],
) -> None:
    for key, (change, arm, reason) in changes.items():
        if change == "removed":
            known.pop(key, None)
        else:
            known[key] = arm, reason
