"""What the report shows, read from the published marts: aggregates only, no trader id."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from trader_segments.report.formats import finite, words
from trader_segments.report.outlook import Outlook, read_outlook
from trader_segments.report.oversight import Oversight, read_oversight
from trader_segments.report.panels import PanelData, candidates, read_panels
from trader_segments.report.rows import rows

VALUE_TIERS = ("top", "high", "medium", "low")
LIFECYCLE_STAGES = ("new", "active", "returned", "at_risk", "dormant", "churned")
PRESENT_STAGES = ("new", "active", "returned")
RISK_APPETITES = ("high", "medium", "low", "unknown")
TYPICAL = ("notional_usd", "fill_count", "active_days")
_CANDIDATE_TRAITS = 20
_CANDIDATE_TRAITS_OF_SEGMENT = 8


@dataclass(frozen=True)
class Segment:
    """One row of ``segment_summary``; money in US dollars, shares 0 to 1."""

    segment_id: str
    segment_name: str
    style: str
    style_description: str | None
    value_tier: str
    traders: int
    trader_share: float | None
    volume_usd: float | None
    net_revenue_usd: float | None
    expected_value_usd: float | None
    churn_probability: float | None
    leverage: float | None
    maker_share: float | None
    retention: float | None


@dataclass(frozen=True)
class Group:
    """Traders who share style, value tier, lifecycle stage and risk appetite."""

    style: str
    value_tier: str
    lifecycle_stage: str
    risk_appetite: str
    traders: int
    outliers: int


@dataclass(frozen=True)
class Profile:
    """A feature within a segment; ``z_score`` is its mean against all traders, transformed."""

    segment_id: str
    feature_name: str
    feature_group: str
    traders: int
    median: float | None
    z_score: float | None


@dataclass(frozen=True)
class Certainty:
    """How probable a style is to its traders; ``sure`` are those at 0.9 or more."""

    style: str
    traders: int
    mean_probability: float | None
    sure: int
    certain: int


@dataclass(frozen=True)
class MicroSegment:
    """One row of ``micro_segments``."""

    style: str
    micro_segment_name: str
    description: str | None
    traders: int
    style_share: float | None


@dataclass(frozen=True)
class Period:
    """What happened between two scoring dates, in traders."""

    period_start_date: date
    period_end_date: date
    stayed: int
    moved: int
    moved_style: int
    arrived: int
    left: int
    is_model_change: bool


@dataclass(frozen=True)
class StyleSize:
    """Traders of a style on a scoring date."""

    as_of_date: date
    style: str
    traders: int


@dataclass(frozen=True)
class FeatureDrift:
    """One row of ``feature_drift`` on its last date."""

    feature_name: str
    used_in_segmentation: bool
    reference_date: date | None
    psi: float | None
    alarm_threshold: float | None
    is_alarm: bool | None
    reading: str


@dataclass(frozen=True)
class SegmentDrift:
    """One row of ``segment_drift`` on its last date."""

    segment_id: str
    reference_share: float | None
    current_share: float | None
    is_alarm: bool | None


@dataclass(frozen=True)
class Flow:
    """Traders going from one segment to another, or staying, between two scoring dates.

    Who arrived has no segment at the start, who left none at the end.
    """

    from_segment_id: str | None
    to_segment_id: str | None
    period_start_date: date
    period_end_date: date
    traders: int
    from_segment_share: float | None
    net_revenue_usd: float | None


@dataclass(frozen=True)
class Source:
    """One row of ``source_health``."""

    source_table: str
    is_present: bool
    rows_read: int | None
    rows_staged: int | None
    rows_rejected: int | None
    rows_duplicate: int | None
    first_event_at: datetime | None
    last_event_at: datetime | None


@dataclass(frozen=True)
class Rejection:
    """Rejected rows of one source, counted by reason."""

    source_table: str
    reason: str
    rejected_rows: int


@dataclass(frozen=True)
class Feature:
    """One row of ``feature_catalog``; ``requires`` names the inputs it cannot do without."""

    feature_name: str
    feature_group: str
    description: str
    unit: str
    requires: str
    coverage: float | None


@dataclass(frozen=True)
class Measure:
    """One row of ``segmentation_quality``."""

    model_version: str
    measure: str
    value: float | None
    threshold: float | None
    passed: bool | None


@dataclass(frozen=True)
class Model:
    """One row of ``segmentation_models``."""

    model_version: str
    status: str
    as_of_date: date | None
    fitted_at: datetime | None
    trained_rows: int | None
    why: str | None


@dataclass(frozen=True)
class ReportData:
    """Everything the report shows, in the order it is shown."""

    as_of_date: date | None
    build_id: str | None
    micro_segments: int
    segments: Sequence[Segment]
    groups: Sequence[Group]
    profiles: Sequence[Profile]
    medians: Mapping[tuple[str | None, str], float | None]
    """By style (None: all traders) and feature, of `TYPICAL` and what tells styles apart."""
    certainties: Sequence[Certainty]
    micros: Sequence[MicroSegment]
    flows: Sequence[Flow]
    periods: Sequence[Period]
    style_sizes: Sequence[StyleSize]
    feature_drift: Sequence[FeatureDrift]
    segment_drift: Sequence[SegmentDrift]
    sources: Sequence[Source]
    rejections: Sequence[Rejection]
    features: Sequence[Feature]
    measures: Sequence[Measure]
    models: Sequence[Model]
    oversight: Oversight
    outlook: Outlook
    panels: PanelData

    @property
    def traders(self) -> int:
        return sum(group.traders for group in self.groups)

    @property
    def champion(self) -> str | None:
        return next((m.model_version for m in self.models if m.status == "champion"), None)

    @property
    def volume_usd(self) -> float | None:
        return total([segment.volume_usd for segment in self.segments])

    @property
    def net_revenue_usd(self) -> float | None:
        return total([segment.net_revenue_usd for segment in self.segments])

    @property
    def styles(self) -> list[str]:
        """Styles with traders, the most frequent first."""
        sizes = self.traders_by("style")
        return sorted(sizes, key=lambda style: (-sizes[style], style))

    @cached_property
    def style_z_scores(self) -> dict[tuple[str, str], tuple[float, int]]:
        """Mean of each transformed feature by style and feature, and the traders who have it."""
        return style_z_scores(self.segments, self.profiles)

    @cached_property
    def segment_names(self) -> dict[str, str]:
        return {segment.segment_id: segment.segment_name for segment in self.segments}

    def name(self, segment_id: str | None, missing: str) -> str:
        """Name a segment, also one that has no trader any more."""
        if segment_id is None:
            return missing
        return self.segment_names.get(segment_id) or words(segment_id)

    def traders_by(self, attribute: str) -> Counter[str]:
        """Count traders by one attribute of `Group`."""
        sizes: Counter[str] = Counter()
        for group in self.groups:
            sizes[getattr(group, attribute)] += group.traders
        return sizes

    def traders_by_style_and(self, attribute: str) -> Counter[tuple[str, str]]:
        """Count traders by style and one other attribute of `Group`."""
        sizes: Counter[tuple[str, str]] = Counter()
        for group in self.groups:
            sizes[group.style, getattr(group, attribute)] += group.traders
        return sizes


def total(values: Sequence[float | None]) -> float | None:
    """Sum what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def style_z_scores(
    segments: Sequence[Segment], profiles: Sequence[Profile]
) -> dict[tuple[str, str], tuple[float, int]]:
    """Z-score by (style, feature) with the traders who have the feature.

    A z-score is linear in a mean, so that of a style is the mean of its segments', weighted by
    traders.
    """
    styles = {segment.segment_id: segment.style for segment in segments}
    sums: defaultdict[tuple[str, str], float] = defaultdict(float)
    traders: Counter[tuple[str, str]] = Counter()
    for profile in profiles:
        if profile.segment_id in styles and profile.z_score is not None:
            key = (styles[profile.segment_id], profile.feature_name)
            sums[key] += profile.z_score * profile.traders
            traders[key] += profile.traders
    return {key: (sums[key] / size, size) for key, size in traders.items() if size}


def read_marts(marts: Path) -> ReportData:
    """Query the published DuckDB file, read-only.

    The symbolic link is resolved first, since DuckDB caches open databases by path and would go
    on serving the previous publish.

    Raises
    ------
    duckdb.Error
        Where the file cannot be opened or a mart or column of the contract is missing.
    """
    with duckdb.connect(str(marts.resolve(strict=True)), read_only=True) as connection:
        connection.execute("use marts")
        as_of_date, micro_segments = _one(
            connection,
            "select max(as_of_date), count(distinct micro_segment_id) from trader_segments",
        )
        (build_id,) = _one(connection, "select max(build_id) from source_health")
        segments = rows(connection, Segment, _SEGMENTS)
        profiles = rows(connection, Profile, _PROFILES)
        return ReportData(
            as_of_date=as_of_date,
            build_id=build_id,
            micro_segments=micro_segments,
            segments=segments,
            groups=rows(connection, Group, _GROUPS),
            profiles=profiles,
            medians=_medians(connection, profiles, style_z_scores(segments, profiles)),
            certainties=rows(connection, Certainty, _CERTAINTIES),
            micros=rows(connection, MicroSegment, _MICRO_SEGMENTS),
            flows=rows(connection, Flow, _FLOWS),
            periods=rows(connection, Period, _PERIODS),
            style_sizes=rows(connection, StyleSize, _STYLE_SIZES),
            feature_drift=rows(connection, FeatureDrift, _FEATURE_DRIFT),
            segment_drift=rows(connection, SegmentDrift, _SEGMENT_DRIFT),
            sources=rows(connection, Source, _SOURCES),
            rejections=rows(connection, Rejection, _REJECTIONS),
            features=rows(connection, Feature, _FEATURES),
            measures=rows(connection, Measure, _MEASURES),
            models=rows(connection, Model, _MODELS),
            oversight=read_oversight(connection),
            outlook=read_outlook(connection),
            panels=read_panels(connection),
        )


def _medians(
    connection: duckdb.DuckDBPyConnection,
    profiles: Sequence[Profile],
    z_scores: Mapping[tuple[str, str], tuple[float, int]],
) -> dict[tuple[str | None, str], float | None]:
    """Medians by style and of all traders, of features that set some style or segment apart."""
    by_segment: defaultdict[str, list[Profile]] = defaultdict(list)
    for profile in profiles:
        by_segment[profile.segment_id].append(profile)
    by_style: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
    for (style, feature), (z_score, _) in z_scores.items():
        by_style[style].append((-abs(z_score), feature))
    names = {name for found in by_style.values() for _, name in sorted(found)[:_CANDIDATE_TRAITS]}
    for found in by_segment.values():
        names |= {p.feature_name for p, _ in candidates(found, 0.0)[:_CANDIDATE_TRAITS_OF_SEGMENT]}
    features = sorted(names | set(TYPICAL))
    columns = ", ".join(f'median(cast("{name}" as double))' for name in features)
    rows = connection.execute(
        f"select grouping(style), coalesce(style, 'unclassified'), {columns} from trader_segments"
        " inner join trader_features using (trader_id) group by grouping sets ((style), ())"
    ).fetchall()
    return {
        (None if is_total else style, name): None if value is None else finite(value)
        for is_total, style, *values in rows
        for name, value in zip(features, values, strict=True)
    }


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(query).fetchone()
    assert row is not None
    return row


_SEGMENTS = """
select
    segment_id,
    coalesce(segment_name, segment_id) as segment_name,
    coalesce(style, 'unclassified') as style,
    style_description,
    coalesce(value_tier, 'unknown') as value_tier,
    traders,
    trader_share,
    volume_usd::double as volume_usd,
    net_revenue_usd::double as net_revenue_usd,
    expected_value_usd,
    churn_probability,
    leverage,
    maker_share,
    retention
from segment_summary
where traders > 0
order by traders desc, segment_id
"""

_GROUPS = """
select
    coalesce(style, 'unclassified') as style,
    coalesce(value_tier, 'unknown') as value_tier,
    coalesce(lifecycle_stage, 'unknown') as lifecycle_stage,
    coalesce(risk_appetite, 'unknown') as risk_appetite,
    count(*) as traders,
    count(*) filter (is_outlier) as outliers
from trader_segments
group by all
order by all
"""

_PROFILES = """
select
    segment_profiles.segment_id,
    segment_profiles.feature_name,
    feature_catalog.feature_group,
    segment_profiles.traders,
    segment_profiles.median,
    segment_profiles.z_score
from segment_profiles
inner join feature_catalog using (feature_name)
where isfinite(segment_profiles.z_score)
order by feature_catalog.feature_group, segment_profiles.feature_name, segment_profiles.segment_id
"""

_FLOWS = """
select
    nullif(from_segment_id, 'arrived') as from_segment_id,
    nullif(to_segment_id, 'left') as to_segment_id,
    period_start_date,
    period_end_date,
    traders,
    from_segment_share,
    net_revenue_usd::double as net_revenue_usd
from segment_migration
where traders > 0
qualify period_end_date = max(period_end_date) over ()
order by traders desc, from_segment_id nulls last, to_segment_id nulls last
"""

_PERIODS = """
select
    period_start_date,
    period_end_date,
    coalesce(sum(traders) filter (from_segment_id = to_segment_id), 0)::bigint as stayed,
    coalesce(sum(traders) filter (
        from_segment_id != to_segment_id
        and from_segment_id != 'arrived' and to_segment_id != 'left'
    ), 0)::bigint as moved,
    coalesce(sum(traders) filter (
        split_part(from_segment_id, '__', 1) != split_part(to_segment_id, '__', 1)
        and from_segment_id != 'arrived' and to_segment_id != 'left'
    ), 0)::bigint as moved_style,
    coalesce(sum(traders) filter (from_segment_id = 'arrived'), 0)::bigint as arrived,
    coalesce(sum(traders) filter (to_segment_id = 'left'), 0)::bigint as left,
    coalesce(bool_or(is_model_change), false) as is_model_change
from segment_migration
group by all
order by period_end_date desc
"""

_STYLE_SIZES = """
select as_of_date, coalesce(style, 'unclassified') as style, sum(traders)::bigint as traders
from segment_summary_history
where as_of_date <= (select max(as_of_date) from segment_summary)
group by all
order by all
"""

_CERTAINTIES = """
select
    coalesce(style, 'unclassified') as style,
    count(*) as traders,
    avg(style_probability::decimal(18, 9))::double as mean_probability,
    count(*) filter (style_probability >= 0.9) as sure,
    count(*) filter (style_probability = 1) as certain
from trader_segments
group by all
order by all
"""

_MICRO_SEGMENTS = """
select style, micro_segment_name, description, traders, style_share
from micro_segments
order by style, traders desc, micro_segment_id
"""

_FEATURE_DRIFT = """
select
    feature_drift.feature_name,
    coalesce(feature_catalog.used_in_segmentation, false) as used_in_segmentation,
    feature_drift.reference_date,
    feature_drift.psi,
    feature_drift.alarm_threshold,
    feature_drift.is_alarm,
    feature_drift.reading
from feature_drift
left join feature_catalog using (feature_name)
where feature_drift.as_of_date = (select max(as_of_date) from trader_segments)
order by used_in_segmentation desc, feature_drift.psi desc nulls last, feature_drift.feature_name
"""

_SEGMENT_DRIFT = """
select segment_id, reference_share, current_share, is_alarm
from segment_drift
where as_of_date = (select max(as_of_date) from trader_segments)
order by abs(share_shift) desc nulls last, segment_id
"""

_SOURCES = """
select
    source_table,
    coalesce(is_present, false) as is_present,
    rows_read,
    rows_staged,
    rows_rejected,
    rows_duplicate,
    first_event_at,
    last_event_at
from source_health
order by is_present desc, source_table
"""

_REJECTIONS = """
select source_table, coalesce(reason, 'no reason given') as reason, count(*) as rejected_rows
from rejected_rows
group by all
order by rejected_rows desc, source_table, reason
"""

_FEATURES = """
select
    feature_name,
    feature_group,
    coalesce(description, '') as description,
    coalesce(unit, '') as unit,
    coalesce(requires, '') as requires,
    coverage
from feature_catalog
order by feature_group, feature_name
"""

_MEASURES = """
select
    segmentation_quality.model_version,
    segmentation_quality.measure,
    segmentation_quality.value,
    segmentation_quality.threshold,
    segmentation_quality.passed
from segmentation_quality
left join segmentation_models using (model_version)
where coalesce(segmentation_models.status, '') != 'retired'
order by
    segmentation_models.status = 'champion' desc nulls last,
    segmentation_quality.model_version,
    segmentation_quality.passed nulls last,
    segmentation_quality.measure
"""

_MODELS = """
select model_version, status, as_of_date, fitted_at, trained_rows, why
from segmentation_models
order by status = 'champion' desc, fitted_at desc nulls last, model_version
"""
