"""The report's figures: which numbers go into which chart or table, and how many are shown."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trader_segments.report.charts import (
    Z_EDGES,
    Cell,
    Chart,
    GridRow,
    Panel,
    Table,
    bar_chart,
    flow_chart,
    grid_chart,
    share_level,
    stack_chart,
    z_level,
)
from trader_segments.report.data import (
    LIFECYCLE_STAGES,
    PRESENT_STAGES,
    RISK_APPETITES,
    TYPICAL,
    VALUE_TIERS,
    FeatureDrift,
    MicroSegment,
    Period,
    ReportData,
    Segment,
    total,
)
from trader_segments.report.formats import (
    MISSING,
    count,
    decimal,
    exact,
    exact_money,
    money,
    percent,
    plural,
    quantity,
    ratio,
    signed,
    words,
)
from trader_segments.report.panels import NO_PICTURE

SEGMENTS_SHOWN = 20
PROFILES_SHOWN = 15
PROFILE_FEATURES_SHOWN = 40
MIGRATION_SHOWN = 12
MOVES_SHOWN = 8
FEATURES_SHOWN = 15
REASONS_SHOWN = 30
MODELS_SHOWN = 10
TRAITS_SHOWN = 4
PERIODS_SHOWN = 12
ALARMS_SHOWN = 15
READINGS = {
    "everyone moved alike": "the market moved or time passed",
    "some traders changed": "part of the traders trade differently",
    "other traders": "those who came or left differ from those who stayed",
    "coverage changed": "it is known for more or for fewer traders",
}
_OTHERS = ""

Number = float | None


@dataclass(frozen=True)
class KeyFigure:
    """A headline number with the line that puts it into proportion."""

    label: str
    value: str
    note: str


def key_figures(data: ReportData) -> list[KeyFigure]:
    """Return the headline numbers of the venue."""
    stages, styles = data.traders_by("lifecycle_stage"), data.traders_by("style")
    revenue, volume = data.net_revenue_usd, data.volume_usd
    worth = "net_revenue_usd" if revenue is not None and revenue > 0 else "volume_usd"
    top = [segment for segment in data.segments if segment.value_tier == VALUE_TIERS[0]]
    top_worth = total([getattr(segment, worth) for segment in top])
    top_traders = sum(segment.traders for segment in top)
    take = ratio(revenue, volume)
    return [
        KeyFigure(
            "Traders",
            count(data.traders),
            f"in {plural(len(data.segments), 'segment')}"
            + (f", {plural(data.micro_segments, 'micro-segment')}" if data.micro_segments else ""),
        ),
        KeyFigure("Volume", money(volume), f"{money(ratio(volume, data.traders))} per trader"),
        KeyFigure(
            "Net revenue",
            money(revenue),
            "no fees on this venue"
            if revenue is None
            else f"{decimal(None if take is None else take * 1e4)} bps of volume",
        ),
        KeyFigure(
            "Top value tier",
            percent(ratio(top_worth, getattr(data, worth))),
            f"of {'net revenue' if worth == 'net_revenue_usd' else 'volume'}, "
            f"{percent(ratio(top_traders, data.traders))} of traders",
        ),
        KeyFigure(
            "New, active or returned",
            percent(ratio(sum(stages[stage] for stage in PRESENT_STAGES), data.traders)),
            ", ".join(
                f"{count(stages[stage])} {words(stage).lower()}"
                for stage in LIFECYCLE_STAGES
                if stage not in PRESENT_STAGES
            ),
        ),
        KeyFigure(
            "Classified",
            percent(ratio(data.traders - styles["unclassified"], data.traders)),
            f"{count(styles['unclassified'])} unclassified, "
            f"{plural(sum(group.outliers for group in data.groups), 'outlier')}",
        ),
    ]


@dataclass(frozen=True)
class Alert:
    """Something that somebody should look at, and where the page says more."""

    anchor: str
    figure: str
    text: str


def alerts(data: ReportData) -> list[Alert]:
    """What is out of order: with traders first, then with the input, then with models."""
    oversight = data.oversight
    overdue, held = oversight.count(is_overdue=True), oversight.count(is_held=True)
    critical = sum(group.traders for group in oversight.groups if group.risk_tier == "critical")
    absent = [source.source_table for source in data.sources if not source.is_present]
    rejected = sum(rejection.rejected_rows for rejection in data.rejections)
    drifting = sum(bool(f.is_alarm and f.used_in_segmentation) for f in data.feature_drift)
    failed = [m for m in data.measures if m.passed is False and m.model_version == data.champion]
    failed_tests = [
        measure
        for test in data.outlook.backtests.values()
        for measure in test.measures
        if measure.passed is False
    ]
    silent = data.traders_by("lifecycle_stage")["at_risk"]
    found = [
        (overdue, "due-diligence", "review", "of due diligence {is} overdue"),
        (held, "due-diligence", "trader", "{is} on hold until somebody has looked"),
        (critical, "market-risk", "trader", "{is} in the critical tier of market risk"),
        (silent, "lifecycle-and-risk", "trader", "{is} silent for longer than is usual for them"),
        (rejected, "health", "row", "of the input {was} rejected"),
        (len(absent), "health", "table", f"{{is}} missing: {', '.join(absent)}"),
        (len(failed), "quality", "measure", "of the segmentation {fails} {its} bar"),
        (len(failed_tests), "backtest", "measure", "of the forecasts {fails} {its} bar"),
        (drifting, "drift", "input", "of the segmentation {has} drifted"),
    ]
    return [
        Alert(
            anchor, count(number), f"{noun}{'' if number == 1 else 's'} {_agreeing(text, number)}"
        )
        for number, anchor, noun, text in found
        if number
    ]


def _agreeing(text: str, number: int) -> str:
    """Fill the verbs of a sentence as the number of its subject asks."""
    forms = (
        {"is": "is", "was": "was", "has": "has", "fails": "fails", "its": "its"}
        if number == 1
        else {"is": "are", "was": "were", "has": "have", "fails": "fail", "its": "their"}
    )
    return text.format(**forms)


def standing(data: ReportData) -> str:
    """Say how the first segment compares with the others in traders."""
    if len(data.segments) == 1:
        return "is the only segment"
    is_tied = data.segments[0].traders == data.segments[1].traders
    return (
        f"is {'among the largest' if is_tied else 'the largest'} of {len(data.segments)} segments"
    )


def segment_sizes(data: ReportData) -> Chart:
    """Traders and volume of the segments with the most traders; the rest as one row."""
    shown, rest = data.segments[:SEGMENTS_SHOWN], data.segments[SEGMENTS_SHOWN:]
    return _segment_bars(
        "segment-sizes",
        "Segments by number of traders",
        "Horizontal bars: traders and traded volume of each segment.",
        shown,
        rest,
        [
            ("Traders", lambda segments: sum(s.traders for s in segments), count, exact),
            (
                "Volume",
                lambda segments: total([s.volume_usd for s in segments]),
                money,
                exact_money,
            ),
        ],
    )


def segment_value(data: ReportData) -> Chart:
    """Net revenue by segment and per trader; volume where the venue charges nothing."""
    attribute, name = (
        ("volume_usd", "Volume")
        if data.net_revenue_usd is None
        else ("net_revenue_usd", "Net revenue")
    )

    def worth(segments: Sequence[Segment]) -> Number:
        return total([getattr(segment, attribute) for segment in segments])

    def magnitude(segment: Segment) -> float:
        return abs(worth([segment]) or 0.0)

    def rank(segment: Segment) -> tuple[bool, float]:
        value = worth([segment])
        return value is None, -(value or 0.0)

    by_magnitude = sorted(data.segments, key=magnitude, reverse=True)
    return _segment_bars(
        "segment-value",
        f"{name} by segment",
        f"Horizontal bars: {name.lower()} of each segment, and the same per trader.",
        sorted(by_magnitude[:SEGMENTS_SHOWN], key=rank),
        by_magnitude[SEGMENTS_SHOWN:],
        [
            (name, worth, money, exact_money),
            (
                f"{name} per trader",
                lambda segments: ratio(worth(segments), sum(s.traders for s in segments)),
                money,
                exact_money,
            ),
        ],
    )


Measure = tuple[
    str, Callable[[Sequence[Segment]], Number], Callable[[Number], str], Callable[[Number], str]
]


def _segment_bars(
    chart_id: str,
    title: str,
    description: str,
    shown: Sequence[Segment],
    rest: Sequence[Segment],
    measures: Sequence[Measure],
) -> Chart:
    bars = [[segment] for segment in shown] + ([list(rest)] if rest else [])
    labels = [segment.segment_name for segment in shown]
    if rest:
        labels.append(plural(len(rest), "other segment"))
    panels = [
        Panel(name, [measure(bar) for bar in bars], short, full)
        for name, measure, short, full in measures
    ]
    return bar_chart(chart_id, title, description, "Segment", labels, panels, bool(rest))


def all_segments(data: ReportData) -> Table:
    """Every segment with every measure known for at least one of them."""
    measures: list[tuple[str, str, Callable[[Number], str]]] = [
        ("Traders", "traders", exact),
        ("Share of traders", "trader_share", percent),
        ("Volume", "volume_usd", exact_money),
        ("Net revenue", "net_revenue_usd", exact_money),
        ("Expected value", "expected_value_usd", exact_money),
        ("Churn probability", "churn_probability", percent),
        ("Leverage", "leverage", decimal),
        ("Maker share", "maker_share", percent),
        ("Retention", "retention", percent),
    ]
    known = [
        measure
        for measure in measures
        if any(getattr(segment, measure[1]) is not None for segment in data.segments)
    ]
    return Table(
        ("Segment", *(name for name, _, _ in known)),
        [
            (s.segment_name, *(show(getattr(s, attribute)) for _, attribute, show in known))
            for s in data.segments
        ],
    )


@dataclass(frozen=True)
class Trait:
    """A feature in which a style differs from all traders: medians, in the feature's unit."""

    name: str
    description: str
    style: str
    everybody: str
    z_score: float


@dataclass(frozen=True)
class Card:
    """Who the traders of a style are."""

    style: str
    name: str
    description: str
    traders: int
    trader_share: Number
    volume_share: Number
    revenue_usd: Number
    revenue_share: Number
    traits: Sequence[Trait]
    typical: str
    micros: Sequence[MicroSegment]
    certainty: str
    checks: Sequence[tuple[str, str, str, bool | None]]
    """What was tested, the value, the bar, and whether it is reached."""


def cards(data: ReportData) -> list[Card]:
    """One card per style with traders, the largest first."""
    sizes = data.traders_by("style")
    found = []
    for style in data.styles:
        segments = [segment for segment in data.segments if segment.style == style]
        volume = total([segment.volume_usd for segment in segments])
        revenue = total([segment.net_revenue_usd for segment in segments])
        is_paying = data.net_revenue_usd is not None and data.net_revenue_usd > 0
        found.append(
            Card(
                style,
                words(style),
                next((s.style_description for s in segments if s.style_description), ""),
                sizes[style],
                ratio(sizes[style], data.traders),
                ratio(volume, data.volume_usd),
                revenue,
                ratio(revenue, data.net_revenue_usd) if is_paying else None,
                traits(data, style),
                _typical(data, style),
                [m for m in data.micros if m.style == style and m.traders],
                _certainty(data, style),
                _checks(data, style),
            )
        )
    return found


def traits(data: ReportData, style: str) -> list[Trait]:
    """The features that set a style apart most, one of each group.

    Left out are features known for less than half of the style's traders, and those whose median
    is that of all traders, since they would show a reader no difference.
    """
    features = {feature.feature_name: feature for feature in data.features}
    size = data.traders_by("style")[style]
    z_scores = sorted(
        (-abs(z_score), name, z_score)
        for (of, name), (z_score, known) in data.style_z_scores.items()
        if of == style and 2 * known >= size and abs(z_score) >= Z_EDGES[0]
    )
    found: dict[str, Trait] = {}
    for _, name, z_score in z_scores:
        feature = features[name]
        if feature.feature_group in found or feature.unit in NO_PICTURE:
            continue
        own, everybody = (
            quantity(data.medians.get((of, name)), feature.unit) for of in (style, None)
        )
        if MISSING not in (own, everybody) and own != everybody:
            found[feature.feature_group] = Trait(
                words(name), feature.description.partition(";")[0], own, everybody, z_score
            )
        if len(found) == TRAITS_SHOWN:
            break
    return list(found.values())


def _typical(data: ReportData, style: str) -> str:
    volume, fills, days = (data.medians.get((style, name)) for name in TYPICAL)
    middle = f"Medians: {money(volume)} traded, {count(fills)} fills, {count(days)} active days"

    def usual(attribute: str) -> str:
        sizes: Counter[str] = Counter()
        for group in data.groups:
            if group.style == style:
                sizes[getattr(group, attribute)] += group.traders
        category = min(sizes, key=lambda key: (-sizes[key], key))
        share = percent(ratio(sizes[category], sizes.total()))
        return f"{words(category).lower()} ({share})"

    axes = ", ".join(
        f"{name} {usual(attribute)}"
        for name, attribute in (
            ("value", "value_tier"),
            ("lifecycle", "lifecycle_stage"),
            ("risk appetite", "risk_appetite"),
        )
    )
    return f"{middle}. Most frequent: {axes}."


def _certainty(data: ReportData, style: str) -> str:
    found = next(c for c in data.certainties if c.style == style)
    if style == "unclassified":
        return f"The likeliest style has a mean probability of {percent(found.mean_probability)}."
    if found.certain == found.traders:
        return "Settled by rules: probability 100 % for each."
    return (
        f"Mean probability {percent(found.mean_probability)}; 90 % or more for "
        f"{percent(ratio(found.sure, found.traders))} of its traders."
    )


def _checks(data: ReportData, style: str) -> list[tuple[str, str, str, bool | None]]:
    questions = {
        "bootstrap_jaccard": "The same traders when fitted on resampled cases",
        "seed_agreement": "Clear cases recognised when held out",
    }
    return [
        (question, percent(found.value), percent(found.threshold), found.passed)
        for measure, question in questions.items()
        for found in data.measures
        if found.measure == f"{measure}[{style}]" and found.model_version == data.champion
    ]


def style_matrix(data: ReportData) -> Chart:
    """Traders by style and value tier, shaded by the share of all traders."""
    sizes = data.traders_by_style_and("value_tier")
    tiers = _ordered(VALUE_TIERS, data.traders_by("value_tier"))
    totals = data.traders_by("style")

    def cell(style: str, tier: str) -> Cell:
        size = sizes[style, tier]
        if not size:
            return Cell("·", "0")
        share = size / data.traders
        return Cell(
            count(size),
            exact(size),
            share_level(share),
            f"{words(style)}, {words(tier).lower()} value: {percent(share)} of all traders",
        )

    rows = [
        GridRow(
            words(style),
            [
                *(cell(style, tier) for tier in tiers),
                Cell(count(totals[style]), exact(totals[style])),
            ],
        )
        for style in data.styles
    ]
    return grid_chart(
        "style-matrix",
        "matrix",
        "Traders by style and value tier",
        "Matrix: one row per style, one column per value tier, darker for more traders.",
        "Style",
        [*(words(tier) for tier in tiers), "All"],
        rows,
    )


@dataclass(frozen=True)
class ProfileFigure:
    """The heatmap, the medians of every feature, and what the heatmap leaves out."""

    chart: Chart
    medians: Table
    segments: int
    left_out: int
    features_left_out: int


def segment_profiles(data: ReportData) -> ProfileFigure:
    """Mean of transformed features in the biggest segments against all traders.

    Of many features the heatmap shows those that set some segment apart most.
    """
    cells = {(p.feature_name, p.segment_id): p for p in data.profiles}
    profiled = {p.segment_id for p in data.profiles}
    candidates = [segment for segment in data.segments if segment.segment_id in profiled]
    shown = candidates[:PROFILES_SHOWN]
    ids = [segment.segment_id for segment in shown]
    features = dict.fromkeys(
        (p.feature_group, p.feature_name) for p in data.profiles if p.segment_id in set(ids)
    )

    def cell(feature: str, segment: Segment) -> Cell:
        profile = cells.get((feature, segment.segment_id))
        if profile is None:
            return Cell("·")
        z_score = signed(profile.z_score)
        tip = (
            f"{words(feature)}, {segment.segment_name}: "
            f"z {z_score}, median {decimal(profile.median)}"
        )
        return Cell(z_score, z_score, z_level(profile.z_score), tip)

    def distinction(feature: tuple[str, str]) -> float:
        found = [cells.get((feature[1], segment_id)) for segment_id in ids]
        return max(abs(p.z_score or 0.0) for p in found if p)

    telling = set(sorted(features, key=distinction, reverse=True)[:PROFILE_FEATURES_SHOWN])
    rows: list[GridRow] = []
    medians: list[Sequence[str]] = []
    heading = None
    for group, feature in features:
        if (group, feature) in telling and group != heading:
            rows.append(GridRow(words(group)))
            heading = group
        if (group, feature) in telling:
            rows.append(GridRow(words(feature), [cell(feature, segment) for segment in shown]))
        found = [cells.get((feature, segment_id)) for segment_id in ids]
        medians.append((words(feature), *(decimal(p.median if p else None) for p in found)))
    columns = [segment.segment_name for segment in shown]
    chart = grid_chart(
        "segment-profiles",
        "heatmap",
        "Segment profiles",
        "Heatmap: one row per feature, one column per segment; blue above the average of all "
        "traders, orange below, in standard deviations of the transformed feature.",
        "Feature",
        columns,
        rows,
    )
    table = Table(("Median", *columns), medians)
    return ProfileFigure(
        chart,
        table,
        len(shown),
        len(data.segments) - len(shown),
        len(features) - len(telling),
    )


def lifecycle(data: ReportData) -> Chart:
    """Lifecycle stages within each style."""
    return _distribution(data, "lifecycle", "Lifecycle stage", "lifecycle_stage", LIFECYCLE_STAGES)


def risk_appetite(data: ReportData) -> Chart:
    """Risk appetite within each style."""
    return _distribution(data, "risk-appetite", "Risk appetite", "risk_appetite", RISK_APPETITES)


def legend(data: ReportData, attribute: str) -> list[tuple[str, str, str]]:
    """Colour class, name and share of all traders of each category of a distribution."""
    sizes = data.traders_by(attribute)
    order = LIFECYCLE_STAGES if attribute == "lifecycle_stage" else RISK_APPETITES
    return [
        (_css(attribute, key), words(key), percent(ratio(sizes[key], data.traders)))
        for key in _ordered(order, sizes)
    ]


def _distribution(
    data: ReportData, chart_id: str, title: str, attribute: str, order: Sequence[str]
) -> Chart:
    sizes = data.traders_by_style_and(attribute)
    categories = _ordered(order, data.traders_by(attribute))

    def counts(styles: Sequence[str]) -> dict[str, int]:
        return {
            _css(attribute, category): sum(sizes[style, category] for style in styles)
            for category in categories
        }

    return stack_chart(
        chart_id,
        f"{title} by style",
        f"Stacked bars: share of each {title.lower()} among all traders and within each style.",
        "Style",
        {_css(attribute, category): words(category) for category in categories},
        [
            ("All traders", counts(data.styles)),
            *((words(style), counts([style])) for style in data.styles),
        ],
    )


def movement(data: ReportData) -> Chart:
    """Traders who changed segment and who arrived, by period, the last first."""
    shown = data.periods[:PERIODS_SHOWN]

    def changed(period: Period) -> Number:
        return ratio(period.moved, period.moved + period.stayed)

    return bar_chart(
        "movement-by-period",
        "Movement by period",
        "Horizontal bars: share of the traders scored at both ends who changed segment, and "
        "traders who arrived.",
        "From, to",
        [f"{p.period_start_date} to {p.period_end_date}" for p in shown],
        [
            Panel("Changed segment", [changed(p) for p in shown], percent, percent),
            Panel("Arrived", [float(p.arrived) for p in shown], count, exact),
        ],
    )


def style_sizes(data: ReportData) -> Chart:
    """Traders of each style on the last scoring dates."""
    dates = sorted({size.as_of_date for size in data.style_sizes})[-PERIODS_SHOWN:]
    traders = {(size.style, size.as_of_date): size.traders for size in data.style_sizes}
    totals: Counter[object] = Counter()
    for (_, day_scored), number in traders.items():
        totals[day_scored] += number
    styles = dict.fromkeys([*data.styles, *sorted({style for style, _ in traders})])

    def cell(style: str, day_scored: object) -> Cell:
        number = traders.get((style, day_scored), 0)  # type: ignore[arg-type]
        if not number:
            return Cell("·", "0")
        share = number / totals[day_scored]
        tip = f"{words(style)}, {day_scored}: {percent(share)} of traders"
        return Cell(count(number), exact(number), share_level(share), tip)

    return grid_chart(
        "style-sizes",
        "matrix dates",
        "Traders by style and scoring date",
        "Matrix: one row per style, one column per scoring date, darker for more traders.",
        "Style",
        [str(scored) for scored in dates],
        [GridRow(words(style), [cell(style, scored) for scored in dates]) for style in styles],
    )


@dataclass(frozen=True)
class DriftFigure:
    """What has drifted since the model scored first."""

    reference_date: object
    judged: int
    used_alarms: int
    alarms: Sequence[FeatureDrift]
    readings: Sequence[tuple[str, int, str]]
    segments_judged: int
    segments: Table


def drift(data: ReportData) -> DriftFigure:
    """Features and segments in alarm on the as-of date; inputs of the model first."""
    alarms = [feature for feature in data.feature_drift if feature.is_alarm]
    readings = Counter(feature.reading for feature in alarms)
    return DriftFigure(
        max((f.reference_date for f in data.feature_drift if f.reference_date), default=None),
        sum(feature.is_alarm is not None for feature in data.feature_drift),
        sum(feature.used_in_segmentation for feature in alarms),
        alarms,
        [
            (reading, number, READINGS.get(reading, ""))
            for reading, number in sorted(readings.items(), key=lambda item: (-item[1], item[0]))
        ],
        sum(segment.is_alarm is not None for segment in data.segment_drift),
        Table(
            ("Segment", "Share of active traders then", "Now"),
            [
                (
                    data.name(segment.segment_id, MISSING),
                    percent(segment.reference_share),
                    percent(segment.current_share),
                )
                for segment in data.segment_drift
                if segment.is_alarm
            ],
        ),
    )


def style_flows(data: ReportData) -> Chart:
    """Who changed style in the last period, arrived or left; changes of value tier are left out."""

    def style(segment_id: str | None, missing: str) -> str:
        return words(segment_id.partition("__")[0]) if segment_id else missing

    traders: Counter[tuple[str, str]] = Counter()
    for flow in data.flows:
        start, end = style(flow.from_segment_id, "Arrived"), style(flow.to_segment_id, "Left")
        if start != end:
            traders[start, end] += flow.traders
    sizes: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for (start, end), number in traders.items():
        sizes[0][start] += number
        sizes[1][end] += number
    ends = tuple(sorted(of, key=lambda name: (-of[name], name)) for of in sizes)
    places = [{name: position for position, name in enumerate(names)} for names in ends]
    ordered = sorted(traders, key=lambda ends: (places[0][ends[0]], places[1][ends[1]]))
    return flow_chart(
        "style-flows",
        "From style to style in the last period",
        "Bands from the styles at the start on the left to those at the end on the right, wide as "
        "the number of traders who changed.",
        (ends[0], ends[1]),
        [
            (
                places[0][start],
                places[1][end],
                traders[start, end],
                f"{start} to {end}: {plural(traders[start, end], 'trader')}",
            )
            for start, end in ordered
        ],
        Table(
            ("From", "To", "Traders"),
            [(start, end, exact(traders[start, end])) for start, end in ordered],
            names=2,
        ),
    )


@dataclass(frozen=True)
class MigrationFigure:
    """Who changed segment between the last two scoring dates."""

    chart: Chart
    moves: Table


def migration(data: ReportData) -> MigrationFigure:
    """From/to matrix of the segments with the most changes; the rest in one row and column."""
    moves = [
        flow
        for flow in data.flows
        if flow.from_segment_id
        and flow.to_segment_id
        and flow.from_segment_id != flow.to_segment_id
    ]
    changes: Counter[str] = Counter()
    for flow in data.flows:
        for end in filter(None, (flow.from_segment_id, flow.to_segment_id)):
            changes[end] += flow.traders if flow.from_segment_id != flow.to_segment_id else 0
    ranked = sorted(changes, key=lambda segment_id: (-changes[segment_id], segment_id))
    shown, rest = ranked[:MIGRATION_SHOWN], set(ranked[MIGRATION_SHOWN:])

    def place(segment_id: str | None) -> str | None:
        return _OTHERS if segment_id in rest else segment_id

    def label(key: str | None, missing: str) -> str:
        return plural(len(rest), "other segment") if key == _OTHERS else data.name(key, missing)

    traders: Counter[tuple[str | None, str | None]] = Counter()
    sizes: defaultdict[str | None, dict[str | None, float]] = defaultdict(dict)
    for flow in data.flows:
        start = place(flow.from_segment_id)
        traders[start, place(flow.to_segment_id)] += flow.traders
        if flow.from_segment_share:
            sizes[start][flow.from_segment_id] = flow.traders / flow.from_segment_share

    keys: list[str | None] = [*shown, *([_OTHERS] if rest else [])]
    starts = [*keys, *([None] if any(start is None for start, _ in traders) else [])]
    ends = [*keys, *([None] if any(end is None for _, end in traders) else [])]

    def cell(start: str | None, end: str | None) -> Cell:
        flow = traders[start, end]
        if not flow:
            return Cell("·", "0")
        share = ratio(flow, sum(sizes[start].values()))
        tip = f"{label(start, 'Arrived')} to {label(end, 'Left')}: {plural(flow, 'trader')}" + (
            f", {percent(share)} of the from-segment" if share else ""
        )
        return Cell(
            count(flow), exact(flow), "stay" if start == end else share_level(share or 0.0), tip
        )

    chart = grid_chart(
        "migration",
        "flows",
        "Traders by segment before and after",
        "Matrix: rows are the segments on the earlier date, columns on the later date; darker for "
        "a larger share of the from-segment. The diagonal stayed.",
        "From, to",
        [label(end, "Left") for end in ends],
        [GridRow(label(start, "Arrived"), [cell(start, end) for end in ends]) for start in starts],
    )
    largest = Table(
        ("From", "To", "Traders", "Share of from", "Net revenue so far"),
        [
            (
                data.name(flow.from_segment_id, MISSING),
                data.name(flow.to_segment_id, MISSING),
                exact(flow.traders),
                percent(flow.from_segment_share),
                money(flow.net_revenue_usd),
            )
            for flow in moves[:MOVES_SHOWN]
        ],
        names=2,
    )
    return MigrationFigure(chart, largest)


def partial_coverage(data: ReportData) -> Chart:
    """The features known for some traders only, least known first."""
    partial = sorted(
        (f for f in data.features if f.coverage is not None and 0 < f.coverage < 1),
        key=lambda feature: (feature.coverage, feature.feature_name),
    )[:FEATURES_SHOWN]
    return bar_chart(
        "feature-coverage",
        "Features known for some traders only",
        "Horizontal bars: share of traders for whom the feature has a value.",
        "Feature",
        [words(feature.feature_name) for feature in partial],
        [Panel("Share of traders", [f.coverage for f in partial], percent, percent, 1.0)],
    )


@dataclass(frozen=True)
class Gap:
    """Features that no trader has, and the inputs they want."""

    inputs: Sequence[tuple[str, bool]]
    features: Sequence[str]


def feature_gaps(data: ReportData) -> list[Gap]:
    """Group the features without any value by the inputs they require (name, is missing)."""
    absent = {source.source_table for source in data.sources if not source.is_present}
    gaps: defaultdict[str, list[str]] = defaultdict(list)
    for feature in data.features:
        if not feature.coverage:
            gaps[feature.requires].append(words(feature.feature_name))
    return [
        Gap(
            [
                (name, name.partition(".")[0] in absent)
                for name in (part.strip() for part in requires.split(","))
                if name
            ],
            features,
        )
        for requires, features in sorted(gaps.items())
    ]


def _ordered(order: Sequence[str], present: Counter[str]) -> list[str]:
    return [*order, *sorted(set(present) - set(order))]


def _css(attribute: str, category: str) -> str:
    return f"{attribute}-{category}".replace("_", "-")
