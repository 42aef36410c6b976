"""What the report shows, read from the published marts: aggregates only, no trader id."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from trader_segments.report.formats import finite, words

Row = TypeVar("Row")
VALUE_TIERS = ("top", "high", "medium", "low")
LIFECYCLE_STAGES = ("new", "active", "returned", "at_risk", "dormant", "churned")
PRESENT_STAGES = ("new", "active", "returned")
RISK_APPETITES = ("high", "medium", "low", "unknown")


@dataclass(frozen=True)
class Segment:
    """One row of ``segment_summary``; money in US dollars, shares 0 to 1."""

    segment_id: str
    segment_name: str
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
    median: float | None
    z_score: float | None


@dataclass(frozen=True)
class Flow:
    """Traders going from one segment to another, or staying, between two scoring dates."""

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
    flows: Sequence[Flow]
    sources: Sequence[Source]
    rejections: Sequence[Rejection]
    features: Sequence[Feature]
    measures: Sequence[Measure]
    models: Sequence[Model]

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
            "select max(as_of_date), count(distinct (segment_id, micro_segment_id))"
            " filter (micro_segment_id is not null) from trader_segments",
        )
        (build_id,) = _one(connection, "select max(build_id) from source_health")
        return ReportData(
            as_of_date=as_of_date,
            build_id=build_id,
            micro_segments=micro_segments,
            segments=_rows(connection, Segment, _SEGMENTS),
            groups=_rows(connection, Group, _GROUPS),
            profiles=_rows(connection, Profile, _PROFILES),
            flows=_rows(connection, Flow, _FLOWS),
            sources=_rows(connection, Source, _SOURCES),
            rejections=_rows(connection, Rejection, _REJECTIONS),
            features=_rows(connection, Feature, _FEATURES),
            measures=_rows(connection, Measure, _MEASURES),
            models=_rows(connection, Model, _MODELS),
        )


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(query).fetchone()
    assert row is not None
    return row


def _rows(connection: duckdb.DuckDBPyConnection, row: type[Row], query: str) -> list[Row]:
    result = connection.execute(query)
    names = [column[0] for column in result.description]
    return [
        row(
            **{
                name: finite(v) if isinstance(v, float) else v
                for name, v in zip(names, values, strict=True)
            }
        )
        for values in result.fetchall()
    ]


_SEGMENTS = """
select
    segment_id,
    coalesce(segment_name, segment_id) as segment_name,
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
    segment_profiles.median,
    segment_profiles.z_score
from segment_profiles
inner join feature_catalog using (feature_name)
where isfinite(segment_profiles.z_score)
order by feature_catalog.feature_group, segment_profiles.feature_name, segment_profiles.segment_id
"""

_FLOWS = """
select
    from_segment_id,
    to_segment_id,
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
select feature_name, feature_group, coalesce(requires, '') as requires, coverage
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
