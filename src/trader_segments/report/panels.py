"""What the report tells of one segment at a time: who they are, value, risk, moves, what to do.

Counts alone, and of segments so small that a count would point at somebody not even these.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb

from trader_segments.report.charts import Z_EDGES, Table
from trader_segments.report.formats import (
    MISSING,
    exact,
    money,
    percent,
    quantity,
    ratio,
    words,
)
from trader_segments.report.outlook import LEAST_TRADERS, SegmentChurn, SegmentValue
from trader_segments.report.oversight import LEVELS, TIERS
from trader_segments.report.rows import columns_of, rows

if TYPE_CHECKING:
    from trader_segments.report.data import Profile, ReportData, Segment

TRAITS_SHOWN = 5
ACTIONS_SHOWN = 6
MOVES_SHOWN = 3
NO_PICTURE = ("standard errors", "log odds")
"""Units of features that describe a trader to a statistician only."""


@dataclass(frozen=True)
class Count:
    """Traders of a segment in a category of an axis."""

    segment_id: str
    axis: str
    category: str
    traders: int


@dataclass(frozen=True)
class Action:
    """An action of the catalogue for a segment: for how many it is right, and who may not."""

    segment_id: str
    action_name: str
    kind: str
    eligible: int
    ineligible: int


@dataclass(frozen=True)
class PanelData:
    """What is counted by segment alone, beside what the report has of segments anyway."""

    counts: Sequence[Count]
    actions: Sequence[Action]
    has_actions: bool
    """Whether there are recommendations at all; without them nothing is said of actions."""

    def of(self, segment_id: str, axis: str) -> dict[str, int]:
        """Traders by category, the most frequent first."""
        found = [c for c in self.counts if (c.segment_id, c.axis) == (segment_id, axis)]
        return {
            c.category: c.traders for c in sorted(found, key=lambda c: (-c.traders, c.category))
        }


@dataclass(frozen=True)
class Trait:
    """A feature in which traders differ from all: medians, in the feature's unit."""

    name: str
    description: str
    own: str
    everybody: str
    z_score: float


@dataclass(frozen=True)
class SegmentPanel:
    """Everything that is said of one segment."""

    anchor: str
    name: str
    description: str
    traders: int
    figures: Sequence[tuple[str, str, str]]
    """Label, value, and the line that puts it into proportion."""
    who: Sequence[tuple[str, str]]
    traits: Sequence[Trait]
    value: Sequence[tuple[str, str]]
    risk: Sequence[tuple[str, str]]
    moves: Sequence[tuple[str, str]]
    actions: Table | None
    is_small: bool = field(default=False)


def read_panels(connection: duckdb.DuckDBPyConnection) -> PanelData:
    """Query the marts of the schema in use; without recommendations there are no actions."""
    columns = columns_of(connection, "trader_recommendations")
    name = "action_name" if "action_name" in columns else "action_id"
    return PanelData(
        counts=rows(connection, Count, _COUNTS),
        actions=rows(connection, Action, _ACTIONS.format(name=name)) if columns else [],
        has_actions=bool(columns),
    )


def panels(data: "ReportData") -> list[SegmentPanel]:
    """One panel per segment, the largest first."""
    by_segment: defaultdict[str, list[Profile]] = defaultdict(list)
    for profile in data.profiles:
        by_segment[profile.segment_id].append(profile)
    values = {found.segment_id: found for found in data.outlook.values}
    churns = {found.segment_id: found for found in data.outlook.churns}
    anchors = _anchors(segment.segment_id for segment in data.segments)
    found = []
    for segment in data.segments:
        segment_id = segment.segment_id
        worth, leaving = values.get(segment_id), churns.get(segment_id)
        is_small = segment.traders < LEAST_TRADERS
        found.append(
            SegmentPanel(
                anchors[segment_id],
                segment.segment_name,
                segment.style_description or "",
                segment.traders,
                _figures(data, segment, worth, leaving),
                _who(data, segment),
                traits(data, by_segment[segment_id], segment.traders),
                _value(segment, worth, leaving),
                [] if is_small else _risk(data, segment),
                _moves(data, segment_id),
                _actions(data, segment) if data.panels.has_actions and not is_small else None,
                is_small,
            )
        )
    return found


def segment_table(data: "ReportData") -> list[tuple[str, str, Sequence[str]]]:
    """Anchor, name and figures of each segment, as a list to choose from."""
    values = {found.segment_id: found.expected_26w for found in data.outlook.values}
    churns = {found.segment_id: found.churn_probability for found in data.outlook.churns}
    anchors = _anchors(segment.segment_id for segment in data.segments)
    return [
        (
            anchors[s.segment_id],
            s.segment_name,
            [
                exact(s.traders),
                money(s.volume_usd if data.net_revenue_usd is None else s.net_revenue_usd),
                *([money(values.get(s.segment_id))] if values else []),
                *([percent(churns.get(s.segment_id))] if churns else []),
            ],
        )
        for s in data.segments
    ]


def segment_columns(data: "ReportData") -> list[str]:
    """The names of the figures of `segment_table`."""
    return [
        "Traders",
        "Volume" if data.net_revenue_usd is None else "Net revenue",
        *(["In 26 weeks"] if data.outlook.values else []),
        *(["Churn"] if data.outlook.churns else []),
    ]


def candidates(profiles: Sequence["Profile"], least_known: float) -> list[tuple["Profile", float]]:
    """Features that set a segment apart, the strongest of each group, in order.

    Left out are features known for less than ``least_known`` of its traders.
    """
    ranked = sorted(
        (-abs(p.z_score), p.feature_name, p)
        for p in profiles
        if p.z_score is not None and abs(p.z_score) >= Z_EDGES[0] and p.traders >= least_known
    )
    found: dict[str, Profile] = {}
    for _, _, profile in ranked:
        found.setdefault(profile.feature_group, profile)
    return [(profile, profile.z_score or 0.0) for profile in found.values()]


def traits(data: "ReportData", profiles: Sequence["Profile"], traders: int) -> list[Trait]:
    """The features, one of a group, in which a segment differs most from all traders."""
    features = {feature.feature_name: feature for feature in data.features}
    found = []
    for profile, z_score in candidates(profiles, traders / 2):
        feature = features[profile.feature_name]
        own = quantity(profile.median, feature.unit)
        everybody = quantity(data.medians.get((None, profile.feature_name)), feature.unit)
        if feature.unit in NO_PICTURE or MISSING in (own, everybody) or own == everybody:
            continue
        description = feature.description.partition(";")[0]
        found.append(Trait(words(profile.feature_name), description, own, everybody, z_score))
        if len(found) == TRAITS_SHOWN:
            break
    return found


def _figures(
    data: "ReportData",
    segment: "Segment",
    worth: SegmentValue | None,
    leaving: SegmentChurn | None,
) -> list[tuple[str, str, str]]:
    """Headline figures; what nobody knows has none."""

    def of_all(part: float | None, whole: float | None) -> str:
        return f"{percent(ratio(part, whole))} of all"

    def each(total: float | None, traders: int) -> str:
        return f"{money(ratio(total, traders))} per trader"

    revenue, volume, traders = segment.net_revenue_usd, segment.volume_usd, segment.traders
    found = [
        ("Traders", exact(traders), f"{percent(segment.trader_share)} of all"),
        ("Volume", money(volume), of_all(volume, data.volume_usd)),
    ]
    if revenue is not None:
        found.append(("Net revenue", money(revenue), each(revenue, traders)))
    if worth and worth.expected_26w is not None:
        expected = worth.expected_26w
        found.append(("In 26 weeks", money(expected), each(expected, worth.traders)))
    if leaving:
        weeks = f"mean, next {leaving.horizon_weeks or MISSING} weeks"
        found.append(("Churn", percent(leaving.churn_probability), weeks))
    return found


def _value(
    segment: "Segment", worth: SegmentValue | None, leaving: SegmentChurn | None
) -> list[tuple[str, str]]:
    found = []
    if worth:
        low, high = (ratio(bound, worth.traders) for bound in (worth.low_26w, worth.high_26w))
        found += [
            ("In 13 weeks", money(worth.expected_13w)),
            ("In 52 weeks", money(worth.expected_52w)),
            (
                "One trader in 26 weeks, 80\u202f% bounds",
                MISSING if low is None or high is None else f"{money(low)} to {money(high)}",
            ),
            ("Still active", percent(worth.probability_active)),
        ]
    found.append(("Retention over four weeks", percent(segment.retention)))
    if leaving:
        found.append(("Traders in the high churn band", exact(leaving.high)))
    return [(name, text) for name, text in found if text != MISSING]


def _who(data: "ReportData", segment: "Segment") -> list[tuple[str, str]]:
    found = []
    for name, axis in (("Lifecycle", "lifecycle_stage"), ("Risk appetite", "risk_appetite")):
        counts = data.panels.of(segment.segment_id, axis)
        if counts:
            found.append((name, _mix(counts)))
    if segment.maker_share is not None:
        found.append(("Volume as maker", percent(segment.maker_share)))
    return found


def _risk(data: "ReportData", segment: "Segment") -> list[tuple[str, str]]:
    tiers = data.panels.of(segment.segment_id, "risk_tier")
    levels = data.panels.of(segment.segment_id, "level")
    found = []
    if segment.leverage is not None:
        found.append(("Median leverage", quantity(segment.leverage, "times")))
    if tiers:
        found.append(("Market risk", _mix({t: tiers[t] for t in _in_order(TIERS, tiers)})))
    if levels:
        found.append(("Due diligence", _mix({n: levels[n] for n in _in_order(LEVELS, levels)})))
        held = data.panels.of(segment.segment_id, "is_held")
        found.append(("On hold", f"{exact(held.get('true', 0))} of {exact(sum(levels.values()))}"))
    overdue = data.panels.of(segment.segment_id, "is_overdue")
    if overdue:
        known = exact(sum(overdue.values()))
        found.append(("Reviews overdue", f"{exact(overdue.get('true', 0))} of {known}"))
    return found


def _moves(data: "ReportData", segment_id: str) -> list[tuple[str, str]]:
    """Where its traders went in the last period, and where those who came to it were."""
    went = [(f.to_segment_id, f.traders) for f in data.flows if f.from_segment_id == segment_id]
    came = [(f.from_segment_id, f.traders) for f in data.flows if f.to_segment_id == segment_id]

    def largest(moves: Sequence[tuple[str | None, int]]) -> list[tuple[str | None, int]]:
        elsewhere = [(other, traders) for other, traders in moves if other != segment_id]
        return sorted(elsewhere, key=lambda move: (-move[1], move[0] or ""))[:MOVES_SHOWN]

    return [
        *((f"To {data.name(to, 'nowhere: left')}", exact(number)) for to, number in largest(went)),
        *(
            (f"From {data.name(start, 'nowhere: new')}", exact(number))
            for start, number in largest(came)
        ),
    ]


def _actions(data: "ReportData", segment: "Segment") -> Table:
    """The actions that are right for most of its traders."""
    found = sorted(
        (a for a in data.panels.actions if a.segment_id == segment.segment_id and a.eligible),
        key=lambda a: (-a.eligible, a.action_name),
    )[:ACTIONS_SHOWN]
    return Table(
        ("Action", "Kind", "Right for", "Of the segment", "Not allowed for"),
        [
            (
                a.action_name,
                words(a.kind),
                exact(a.eligible),
                percent(ratio(a.eligible, segment.traders)),
                exact(a.ineligible),
            )
            for a in found
        ],
        names=2,
    )


def _mix(counts: Mapping[str, int]) -> str:
    size = sum(counts.values())
    return ", ".join(
        f"{words(category).lower()} {percent(traders / size)}"
        for category, traders in counts.items()
        if traders
    )


def _in_order(order: Sequence[str], present: Iterable[str]) -> list[str]:
    found = set(present)
    return [*(name for name in order if name in found), *sorted(found - set(order))]


def _anchors(segment_ids: Iterable[str]) -> dict[str, str]:
    """Addresses within the page: the id where it is plain, so that a link outlives a build."""
    found: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for segment_id in segment_ids:
        slug = re.sub(r"[^A-Za-z0-9]+", "-", segment_id).strip("-").lower() or "unnamed"
        taken[slug] += 1
        found[segment_id] = f"segment-{slug}" + (f"-{taken[slug]}" if taken[slug] > 1 else "")
    return found


_COUNTS = """
with

traders as (
    select
        trader_segments.segment_id,
        coalesce(trader_segments.lifecycle_stage, 'unknown') as lifecycle_stage,
        coalesce(trader_segments.risk_appetite, 'unknown') as risk_appetite,
        risk.risk_tier,
        diligence.level,
        case when diligence.hold_reason is not null then 'true' end as is_held,
        diligence.is_overdue::varchar as is_overdue
    from trader_segments
    left join trader_risk_profile as risk using (trader_id)
    left join trader_due_diligence as diligence using (trader_id)
    where trader_segments.segment_id is not null
),

categories as (
    unpivot traders
    on lifecycle_stage, risk_appetite, risk_tier, level, is_held, is_overdue
    into name axis value category
)

select segment_id, axis, category, count(*) as traders
from categories
group by all
order by all
"""

_ACTIONS = """
select
    trader_segments.segment_id,
    recommendations.{name} as action_name,
    recommendations.kind,
    count(*) filter (recommendations.is_eligible) as eligible,
    count(*) filter (not recommendations.is_eligible) as ineligible
from trader_recommendations as recommendations
inner join trader_segments using (trader_id)
where trader_segments.segment_id is not null
group by all
order by all
"""
