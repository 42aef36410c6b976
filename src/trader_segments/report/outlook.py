"""What the report tells of value to come and of who stays, read from the published marts.

A mart that a release or a venue does not have leaves its part empty, and the page leaves it out.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from trader_segments.report.charts import (
    Axis,
    Cell,
    Chart,
    Dot,
    GridRow,
    Line,
    Panel,
    Table,
    bar_chart,
    curve_chart,
    grid_chart,
    share_level,
)
from trader_segments.report.formats import (
    MISSING,
    count,
    exact,
    exact_money,
    finite,
    money,
    percent,
    plural,
    ratio,
    words,
)
from trader_segments.report.rows import Row, columns_of, rows

SEGMENTS_SHOWN = 20
COHORTS_SHOWN = 26
CURVES_SHOWN = 9
LEAST_TRADERS = 10
"""Of fewer traders no forecast, risk or action is told: it would be said of a person."""
LEAST_AT_RISK = 10
"""Curves end where fewer traders are left to tell, and cells of fewer silences are not shaded; the
numbers go on."""
BACKTESTS = {
    "Value": "value_quality",
    "Churn": "churn_quality",
    "Recommendations": "recommendation_quality",
}
"""What was forecast, and the mart that judges it."""
RETENTION_EDGES = (0.1, 0.25, 0.4, 0.55, 0.7)
_NORMAL_QUANTILE = 1.959963984540054
_ALL = "All traders"
_CURVE = re.compile(r"(mean_probability|outcome_rate)\[\d+\]")


@dataclass(frozen=True)
class SegmentValue:
    """Net value of a segment's traders in US dollars: so far, and expected from now on.

    Sums of what is known; the bounds are 80 % bounds of one trader each, added up, so that only
    their mean over traders (divided by ``traders``) means something.
    """

    segment_id: str
    traders: int
    historic_usd: float | None
    expected_13w: float | None
    expected_26w: float | None
    expected_52w: float | None
    low_26w: float | None
    high_26w: float | None
    probability_active: float | None
    """Mean over its traders."""


@dataclass(frozen=True)
class SegmentChurn:
    """Churn forecast of a segment's traders who are at risk of it, if they are not too few."""

    segment_id: str
    horizon_weeks: int | None
    traders: int
    churn_probability: float | None
    low: int
    medium: int
    high: int


@dataclass(frozen=True)
class CalibrationBin:
    """A tenth of the traders by predicted probability, and the share of them that left."""

    bin: int
    predicted: float | None
    observed: float | None


@dataclass(frozen=True)
class Measured:
    """One measure of a forecast: of what was used, and of others beside it by their names."""

    name: str
    value: float | None
    beside: Mapping[str, float | None]
    threshold: float | None
    passed: bool | None


@dataclass(frozen=True)
class Backtest:
    """A forecast of the past, held against what came; ``why`` nothing was measured, if nothing."""

    measures: Sequence[Measured]
    models: Sequence[str]
    """Versions that are used."""
    why: str | None

    @property
    def others(self) -> list[str]:
        """Names of what stands beside the forecast, in the order found."""
        return list(dict.fromkeys(name for measure in self.measures for name in measure.beside))


@dataclass(frozen=True)
class CohortWeek:
    """One row of ``retention_cohorts``."""

    cohort_week: date
    weeks_since: int
    traders: int
    active: int | None
    revenue_usd: float | None


@dataclass(frozen=True)
class SurvivalWeek:
    """Traders of a style in a week since their first fill."""

    style: str
    weeks_since: int
    at_risk: int
    events: int


@dataclass(frozen=True)
class Returns:
    """Silences of a style's traders that had lasted so long, and those that ended soon after."""

    style: str
    silence_weeks: int
    within_weeks: int
    silences: int
    returned: int


@dataclass(frozen=True)
class Outlook:
    """Everything that the sections on value and retention show; a part may be empty."""

    values: Sequence[SegmentValue]
    churns: Sequence[SegmentChurn]
    calibration: Sequence[CalibrationBin]
    backtests: Mapping[str, Backtest]
    """By what was forecast; what has no mart, or an empty one, is not in it."""
    cohorts: Sequence[CohortWeek]
    survival: Sequence[SurvivalWeek]
    returns: Sequence[Returns]
    value_basis: str | None
    """What expected values count, `net_value` or `notional`; None where the mart does not say."""


@dataclass(frozen=True)
class SurvivalPoint:
    """The share that traded on after a week, with 95 % bounds where they are known."""

    weeks_since: int
    at_risk: int
    events: int
    survival: float
    low: float | None
    high: float | None


def read_outlook(connection: duckdb.DuckDBPyConnection) -> Outlook:
    """Query the marts of the schema in use; an absent one has no rows."""

    def optional(mart: str, row: type[Row], query: str) -> list[Row]:
        return rows(connection, row, query) if columns_of(connection, mart) else []

    return Outlook(
        values=optional("trader_lifetime_value", SegmentValue, _VALUES),
        churns=[
            found
            for found in optional("trader_churn", SegmentChurn, _CHURNS)
            if found.traders >= LEAST_TRADERS
        ],
        calibration=(
            rows(connection, CalibrationBin, _CALIBRATION)
            if "predictor" in columns_of(connection, "churn_quality")
            else []
        ),
        backtests={
            name: found
            for name, mart in BACKTESTS.items()
            if (found := _backtest(connection, mart)).measures
        },
        cohorts=optional("retention_cohorts", CohortWeek, _COHORTS),
        survival=optional("segment_survival", SurvivalWeek, _SURVIVAL),
        returns=optional("segment_reactivation", Returns, _RETURNS),
        value_basis=_value_basis(connection),
    )


def _value_basis(connection: duckdb.DuckDBPyConnection) -> str | None:
    if "value_basis" not in columns_of(connection, "trader_lifetime_value"):
        return None
    found = connection.execute("select max(value_basis) from trader_lifetime_value").fetchone()
    return found[0] if found else None


def _backtest(connection: duckdb.DuckDBPyConnection, mart: str) -> Backtest:
    """Measures of the last scoring date; what a mart has no column for is not known.

    A mart has the others beside its forecast in columns ``baseline`` and ``baseline_<name>``, or in
    rows of their own, by ``predictor``, where ``is_champion`` says which is used. What is judged
    may be told apart further by a ``target`` or a ``population``: first what has a bar. Points of
    the calibration curve are left to it.
    """
    columns = columns_of(connection, mart)
    if "measure" not in columns:
        return Backtest([], [], None)
    last = f"as_of_date = (select max(as_of_date) from {mart})" if "as_of_date" in columns else ""
    result = connection.execute(
        f"select * from {mart} {f'where {last}' if last else ''} order by all"
    )
    found = [dict(zip(columns, values, strict=True)) for values in result.fetchall()]
    found = [row for row in found if not _CURVE.fullmatch(row["measure"] or "")]
    groups: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in found:
        of = row.get("target") or row.get("population") or ""
        groups[of, row["measure"] or ""].append(row)
    judged = {of for (of, _), group in groups.items() if any(r.get("threshold") for r in group)}
    measures, models = [], set()
    for (of, measure), group in sorted(
        groups.items(), key=lambda g: (g[0][0] not in judged, *g[0])
    ):
        used = next((row for row in group if row.get("is_champion", True)), {})
        beside = {
            words(name.removeprefix("baseline_")): finite(used[name])
            for name in columns
            if name.startswith("baseline") and name in used
        }
        for row in group:
            if row.get("predictor"):
                beside[words(row["predictor"])] = finite(row.get("value"))
        measures.append(
            Measured(
                words(measure) + (f", {words(of).lower()}" if of else ""),
                finite(used.get("value")),
                beside,
                finite(used.get("threshold")),
                used.get("passed"),
            )
        )
        models |= {used["model_version"]} if used.get("model_version") else set()
    is_measured = any(measure.value is not None for measure in measures)
    why = next((row["why"] for row in found if row.get("why")), None)
    return Backtest(measures, sorted(models), None if is_measured else why)


def expected_value(outlook: Outlook, names: dict[str, str]) -> Chart:
    """Expected value of the segments worth most, and of one of their traders with bounds."""
    ranked = sorted(
        outlook.values, key=lambda found: (-abs(found.expected_26w or 0.0), found.segment_id)
    )[:SEGMENTS_SHOWN]
    shown = sorted(ranked, key=lambda f: (f.expected_26w is None, -(f.expected_26w or 0.0)))
    return bar_chart(
        "expected-value",
        "Expected value by segment",
        "Horizontal bars: net value expected of each segment in the next 26 weeks, and of one of "
        "its traders in the mean, with the mean 80 % bounds as a line.",
        "Segment",
        [names.get(found.segment_id) or words(found.segment_id) for found in shown],
        [
            Panel("In 26 weeks", [found.expected_26w for found in shown], money, exact_money),
            Panel(
                "Per trader",
                [ratio(found.expected_26w, found.traders) for found in shown],
                money,
                exact_money,
                bounds=[
                    (ratio(found.low_26w, found.traders), ratio(found.high_26w, found.traders))
                    for found in shown
                ],
                bounds_name="80 % bounds of one trader",
            ),
        ],
    )


def all_values(outlook: Outlook, names: dict[str, str]) -> Table:
    """Every segment: value so far and at each horizon."""
    return Table(
        (
            "Segment",
            "Traders",
            "So far",
            "In 13 weeks",
            "In 26 weeks",
            "In 52 weeks",
            "Still active",
        ),
        [
            (
                names.get(found.segment_id) or words(found.segment_id),
                exact(found.traders),
                exact_money(found.historic_usd),
                exact_money(found.expected_13w),
                exact_money(found.expected_26w),
                exact_money(found.expected_52w),
                percent(found.probability_active),
            )
            for found in sorted(
                outlook.values, key=lambda f: (-(f.expected_26w or 0.0), f.segment_id)
            )
        ],
    )


def churn(outlook: Outlook, names: dict[str, str]) -> Chart:
    """Mean probability of churn of the segments with the most traders at risk."""
    shown = sorted(
        sorted(outlook.churns, key=lambda found: (-found.traders, found.segment_id))[
            :SEGMENTS_SHOWN
        ],
        key=lambda found: -(found.churn_probability or 0.0),
    )
    return bar_chart(
        "churn",
        "Churn by segment",
        "Horizontal bars: mean probability of churn of each segment's traders, and how many of "
        "them are in the high band.",
        "Segment",
        [names.get(found.segment_id) or words(found.segment_id) for found in shown],
        [
            Panel("Mean probability", [f.churn_probability for f in shown], percent, percent),
            Panel("In the high band", [float(f.high) for f in shown], count, exact),
        ],
    )


def calibration(outlook: Outlook) -> Chart:
    """Predicted probability of churn against the share that left, by bins of the holdout."""
    bins = [found for found in outlook.calibration if found.predicted is not None]
    known = [found for found in bins if found.observed is not None]
    top = max((max(f.predicted or 0.0, f.observed or 0.0) for f in known), default=1.0)
    end = next(edge for edge in (0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if top <= edge or edge == 1.0)
    ticks = [(step / 4, f"{end * step * 25:g}\u202f%") for step in range(5)]
    places = [((f.predicted or 0.0) / end, (f.observed or 0.0) / end) for f in known]
    return curve_chart(
        "churn-calibration",
        "calibration",
        "Calibration of churn",
        "Dots: mean predicted probability of churn across, share that left upwards, one dot for "
        "each tenth of the traders of the holdout. On the diagonal both are the same.",
        (Axis("Predicted", ticks), Axis("Left", ticks)),
        [Line("reference", [(0.0, 0.0), (1.0, 1.0)]), Line("own", places)],
        [
            Dot(
                min(x, 1.0),
                min(y, 1.0),
                9.0,
                f"Predicted {percent(f.predicted)}, left {percent(f.observed)}",
            )
            for (x, y), f in zip(places, known, strict=True)
        ],
        Table(
            ("Tenth of the traders", "Predicted", "Left"),
            [(str(found.bin), percent(found.predicted), percent(found.observed)) for found in bins],
        ),
    )


def calibration_error(outlook: Outlook) -> float | None:
    """Mean gap between what was predicted of each tenth and what came."""
    gaps = [
        abs(found.predicted - found.observed)
        for found in outlook.calibration
        if found.predicted is not None and found.observed is not None
    ]
    return sum(gaps) / len(gaps) if gaps else None


@dataclass(frozen=True)
class CohortFigure:
    """The triangle, what each cohort brought, and how many earlier cohorts are left out."""

    chart: Chart
    table: Table
    left_out: int


def cohorts(outlook: Outlook) -> CohortFigure:
    """Retention of the last cohorts by week since the first fill, and of all cohorts together.

    A cohort without a whole week after its first has no row yet.
    """
    cells = {(found.cohort_week, found.weeks_since): found for found in outlook.cohorts}
    sizes = {found.cohort_week: found.traders for found in outlook.cohorts}
    told = {f.cohort_week for f in outlook.cohorts if f.weeks_since and f.active is not None}
    shown = sorted(told)[-COHORTS_SHOWN:]
    last = max((since for week, since in cells if week in set(shown)), default=0)
    columns = range(1, min(last, COHORTS_SHOWN) + 1)

    def cell(active: int | None, traders: int, of: str, since: int) -> Cell:
        if active is None or not traders:
            return Cell("", MISSING)
        share = active / traders
        tip = f"{of}, week {since}: {exact(active)} of {plural(traders, 'trader')}"
        return Cell(f"{share * 100:.0f}", percent(share), retention_level(share), tip)

    def together(since: int) -> Cell:
        found = [f for f in outlook.cohorts if f.weeks_since == since and f.active is not None]
        return cell(
            sum(f.active or 0 for f in found) if found else None,
            sum(f.traders for f in found),
            "All cohorts",
            since,
        )

    def of_cohort(week: date, since: int) -> Cell:
        found = cells.get((week, since))
        return cell(found.active if found else None, sizes[week], str(week), since)

    total = sum(sizes.values())
    chart = grid_chart(
        "retention",
        "triangle",
        "Retention by week of the first fill",
        "Triangle: one row per week of the first fill, one column per week since, darker for a "
        "larger share of the cohort that traded in the week, in percent.",
        "Week of the first fill, traders",
        list(map(str, columns)),
        [
            GridRow(f"All, {count(total)}", [together(since) for since in columns]),
            *(
                GridRow(
                    f"{week}, {count(sizes[week])}", [of_cohort(week, since) for since in columns]
                )
                for week in shown
            ),
        ],
    )
    revenue: defaultdict[date, list[float]] = defaultdict(list)
    for found in outlook.cohorts:
        if found.revenue_usd is not None:
            revenue[found.cohort_week].append(found.revenue_usd)
    brought = {week: sum(values) for week, values in revenue.items()}
    table = Table(
        ("First fill, week from", "Traders", "Net value so far", "Per trader"),
        [
            (
                str(week),
                exact(sizes[week]),
                exact_money(brought.get(week)),
                exact_money(ratio(brought.get(week), sizes[week])),
            )
            for week in shown
        ],
    )
    return CohortFigure(chart, table, len(told) - len(shown))


def retention_level(share: float) -> str:
    """Colour class of a retention, ``s0`` (under 10 %) to ``s5`` (70 % and more)."""
    return f"s{sum(share >= edge for edge in RETENTION_EDGES)}"


def survival_curve(weeks: Iterable[SurvivalWeek]) -> list[SurvivalPoint]:
    """Kaplan-Meier estimate of weeks in any order, several rows of a week added up.

    Bounds are 95 % on the scale of log(-log), from Greenwood's variance (Kalbfleisch and Prentice
    1980), as in the mart ``segment_survival``; None before anybody has left, and once all have.
    """
    at_risk: Counter[int] = Counter()
    events: Counter[int] = Counter()
    for week in weeks:
        at_risk[week.weeks_since] += week.at_risk
        events[week.weeks_since] += week.events
    points = []
    survival, variance = 1.0, 0.0
    for since in sorted(at_risk):
        size, left = at_risk[since], events[since]
        if size:
            survival *= 1 - left / size
            variance += left / (size * (size - left)) if left < size else math.inf
        low = high = None
        if 0 < survival < 1:
            width = math.exp(_NORMAL_QUANTILE * math.sqrt(variance) / -math.log(survival))
            low, high = survival**width, survival ** (1 / width)
        points.append(SurvivalPoint(since, size, left, survival, low, high))
    return points


@dataclass(frozen=True)
class SurvivalFigure:
    """One small chart per style, all traders first, and one table for them."""

    charts: Sequence[tuple[str, str, Chart]]
    """Name, what the curve says in words, and the drawing."""
    table: Table


def survival(outlook: Outlook) -> SurvivalFigure:
    """Survival curves of all traders and of the styles with the most traders."""
    by_style: defaultdict[str, list[SurvivalWeek]] = defaultdict(list)
    for week in outlook.survival:
        by_style[week.style].append(week)
    sizes = {
        style: sum(week.at_risk for week in weeks if week.weeks_since == 0)
        for style, weeks in by_style.items()
    }
    styles = sorted(sizes, key=lambda style: (-sizes[style], style))
    curves = {_ALL: survival_curve(outlook.survival)}
    curves |= {words(style): survival_curve(by_style[style]) for style in styles}
    end = max((week.weeks_since for week in outlook.survival), default=0) + 1
    reference = _steps(curves[_ALL], end)
    shown = [name for name, curve in curves.items() if curve and curve[0].at_risk >= LEAST_AT_RISK][
        :CURVES_SHOWN
    ]
    step = next(step for step in (1, 2, 4, 8, 13, 26, 52) if end <= 6 * step or step == 52)
    axes = (
        Axis("Weeks since the first fill", [(w / end, str(w)) for w in range(0, end + 1, step)]),
        Axis("Still trading", [(0.0, "0"), (0.5, "50"), (1.0, "100\u202f%")]),
    )
    charts = []
    for position, name in enumerate(shown):
        lines = [Line("own", *_drawn(curves[name], end))]
        if name != _ALL:
            lines.insert(0, Line("reference", reference))
        charts.append(
            (
                name,
                _in_words(curves[name]),
                curve_chart(
                    f"survival-{position}",
                    "survival",
                    f"Survival, {name.lower()}",
                    "Step curve: estimated share of traders who trade on after each week since "
                    "their first fill, with its 95 % bounds as a band. " + _in_words(curves[name]),
                    axes,
                    lines,
                ),
            )
        )
    points = {name: {point.weeks_since: point for point in curve} for name, curve in curves.items()}
    table = Table(
        ("Weeks since the first fill", *curves),
        [
            (str(since), *(_point_text(points[name].get(since)) for name in curves))
            for since in range(end)
        ]
        if outlook.survival
        else [],
    )
    return SurvivalFigure(charts, table)


def _steps(curve: Sequence[SurvivalPoint], end: int) -> list[tuple[float, float]]:
    """Corners of the step curve, as long as enough traders are left to tell."""
    corners = [(0.0, 1.0)]
    for point in curve:
        if point.at_risk < LEAST_AT_RISK:
            break
        x = (point.weeks_since + 1) / end
        corners += [(x, corners[-1][1]), (x, point.survival)]
    return corners


def _drawn(
    curve: Sequence[SurvivalPoint], end: int
) -> tuple[list[tuple[float, float]], list[tuple[float, float, float]]]:
    band: list[tuple[float, float, float]] = []
    for point in curve:
        if point.at_risk < LEAST_AT_RISK:
            break
        if point.low is None or point.high is None:
            continue
        x = (point.weeks_since + 1) / end
        if band:
            band.append((x, *band[-1][1:]))
        band.append((x, point.low, point.high))
    return _steps(curve, end), band


def _in_words(curve: Sequence[SurvivalPoint]) -> str:
    told = [point for point in curve if point.at_risk >= LEAST_AT_RISK]
    if not told:
        return "Too few traders to tell."
    last = told[-1]
    half = next((point.weeks_since for point in told if point.survival <= 0.5), None)
    text = (
        f"{plural(curve[0].at_risk, 'trader')}; "
        f"{percent(last.survival)} trade on after week {last.weeks_since}"
    )
    return text + (f", half or fewer after week {half}." if half is not None else ".")


def _point_text(point: SurvivalPoint | None) -> str:
    if point is None:
        return MISSING
    bounds = "" if point.low is None else f" ({percent(point.low)} to {percent(point.high)})"
    return f"{percent(point.survival)}{bounds}, {exact(point.at_risk)} at risk"


@dataclass(frozen=True)
class ReturnsFigure:
    """Who comes back within the shortest time asked, and the numbers of all times."""

    chart: Chart
    table: Table
    within_weeks: int


def returns(outlook: Outlook) -> ReturnsFigure:
    """Share of silences that ended soon, by how long they had lasted, within each style."""
    counts: defaultdict[tuple[str, int, int], list[int]] = defaultdict(lambda: [0, 0])
    sizes: Counter[str] = Counter()
    for found in outlook.returns:
        for style in (_ALL, found.style):
            cell = counts[style, found.silence_weeks, found.within_weeks]
            cell[0] += found.silences
            cell[1] += found.returned
        sizes[found.style] += found.silences
    within = sorted({found.within_weeks for found in outlook.returns})
    soon = within[0] if within else 0
    weeks = sorted({found.silence_weeks for found in outlook.returns})
    styles = [_ALL, *sorted(sizes, key=lambda style: (-sizes[style], style))]

    def name(style: str) -> str:
        return style if style == _ALL else words(style)

    def cell_of(style: str, silence: int) -> Cell:
        silences, returned = counts[style, silence, soon]
        if not silences:
            return Cell(MISSING, MISSING)
        share = returned / silences
        if silences < LEAST_AT_RISK:
            return Cell("·", percent(share))
        tip = (
            f"{name(style)}, silent for {silence} weeks: {exact(returned)} of "
            f"{plural(silences, 'silence')} ended within {soon} more"
        )
        return Cell(f"{share * 100:.0f}", percent(share), share_level(share), tip)

    chart = grid_chart(
        "returns",
        "matrix dates",
        "Who comes back",
        "Matrix: one row per style, one column per length of silence in weeks, darker for a larger "
        f"share, in percent, of the silences that ended within {soon} more weeks.",
        "Style, by weeks of silence",
        list(map(str, weeks)),
        [GridRow(name(style), [cell_of(style, week) for week in weeks]) for style in styles],
    )
    table = Table(
        ("Style", "Silent for", "Watched for", "Silences", "Ended", "Share"),
        [
            (
                name(style),
                plural(week, "week"),
                plural(horizon, "week"),
                *(exact(number) for number in counts[style, week, horizon]),
                percent(ratio(counts[style, week, horizon][1], counts[style, week, horizon][0])),
            )
            for style in styles
            for week in weeks
            for horizon in within
        ],
        names=3,
    )
    return ReturnsFigure(chart, table, soon)


_VALUES = """
select
    trader_segments.segment_id,
    count(*) as traders,
    sum(value.historic_net_value_usd)::double as historic_usd,
    sum(value.expected_value_usd_13w)::double as expected_13w,
    sum(value.expected_value_usd_26w)::double as expected_26w,
    sum(value.expected_value_usd_52w)::double as expected_52w,
    sum(value.expected_value_usd_26w_low)::double as low_26w,
    sum(value.expected_value_usd_26w_high)::double as high_26w,
    avg(value.probability_active::decimal(18, 9))::double as probability_active
from trader_lifetime_value as value
inner join trader_segments using (trader_id)
group by all
order by all
"""

_CHURNS = """
select
    trader_segments.segment_id,
    max(churn.horizon_weeks) as horizon_weeks,
    count(churn.churn_probability) as traders,
    avg(churn.churn_probability::decimal(18, 9))::double as churn_probability,
    count(*) filter (churn.churn_band = 'low') as low,
    count(*) filter (churn.churn_band = 'medium') as medium,
    count(*) filter (churn.churn_band = 'high') as high
from trader_churn as churn
inner join trader_segments using (trader_id)
where churn.churn_probability is not null
group by all
order by all
"""

_CALIBRATION = """
with

points as (
    select
        cast(regexp_extract(measure, '[0-9]+') as bigint) as bin,
        split_part(measure, '[', 1) as measure,
        value
    from churn_quality
    where
        target = 'churn'
        and is_champion
        and as_of_date = (select max(as_of_date) from churn_quality)
        and regexp_full_match(measure, '(mean_probability|outcome_rate)\\[[0-9]+\\]')
)

select
    bin,
    max(value) filter (measure = 'mean_probability') as predicted,
    max(value) filter (measure = 'outcome_rate') as observed
from points
group by all
order by all
"""

_COHORTS = """
select cohort_week, weeks_since, traders, active, revenue_usd::double as revenue_usd
from retention_cohorts
where weeks_since is not null
order by cohort_week, weeks_since
"""

_SURVIVAL = """
select
    coalesce(style, 'unclassified') as style,
    weeks_since,
    sum(at_risk)::bigint as at_risk,
    sum(events)::bigint as events
from segment_survival
where weeks_since is not null and at_risk is not null and events is not null
group by all
order by all
"""

_RETURNS = """
select
    coalesce(style, 'unclassified') as style,
    silence_weeks,
    within_weeks,
    coalesce(sum(silences), 0)::bigint as silences,
    coalesce(sum(returned), 0)::bigint as returned
from segment_reactivation
where silence_weeks is not null and within_weeks is not null
group by all
order by all
"""
