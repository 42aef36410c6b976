"""Charts as inline SVG, each with the table of its numbers. Pure functions, no charting library.

A drawing says what share of its panel a mark takes (``--x``, ``--w``) and which row and column
it is in (``--row``, ``--column``); the style sheet (``templates/report.css``) turns that into
lengths. So one drawing fits every screen and paper while its text keeps its size.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from trader_segments.report.formats import MISSING, exact, percent, shorten

Format = Callable[[float | None], str]
SHARE_EDGES = (0.01, 0.05, 0.1, 0.25, 0.5)
Z_EDGES = (0.25, 0.75, 1.5, 2.5)
_SHORTEST_BAR = 0.004
_FLOW_GAP = 22.0
"""Pixels between the ends of flows, so that their names do not touch."""
_FLOW_HEIGHT = 180.0
"""Pixels that all flows together take."""


@dataclass(frozen=True)
class Table:
    """Column names and formatted cells; the first ``names`` columns are words, the rest numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    names: int = 1


@dataclass(frozen=True)
class Chart:
    """A drawing and its numbers."""

    svg: Markup
    table: Table


@dataclass(frozen=True)
class Panel:
    """One bar per row: values, their short form beside the bar, their exact form in the table.

    The scale ends at the largest value, or at ``whole`` where the values are parts of it.
    ``bounds`` (lower, upper), one pair a row, are drawn as a line on the bar and stand in the
    table under ``bounds_name``; a pair with an unknown bound is left out.
    """

    name: str
    values: Sequence[float | None]
    short: Format
    exact: Format
    whole: float = 0.0
    bounds: Sequence[tuple[float | None, float | None]] = ()
    bounds_name: str = ""


@dataclass(frozen=True)
class Line:
    """Points (x, y) from 0 to 1 of the plot, joined; ``kind`` is the class in the style sheet.

    ``band`` are (x, lower, upper), filled behind the line.
    """

    kind: str
    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float, float]] = ()


@dataclass(frozen=True)
class Dot:
    """A point of a plot, ``size`` pixels wide, with its pointer tip."""

    x: float
    y: float
    size: float
    tip: str


@dataclass(frozen=True)
class Axis:
    """Ticks: where on the axis, from 0 to 1, and what stands there; ``name`` is said once."""

    name: str
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Cell:
    """A grid cell: its text, the exact text for the table, colour class, and pointer tip."""

    text: str = MISSING
    exact: str = MISSING
    level: str = "none"
    tip: str = ""


@dataclass(frozen=True)
class GridRow:
    """A row of cells, or a heading where there are none."""

    label: str
    cells: Sequence[Cell] = field(default=())


def bar_chart(
    chart_id: str,
    title: str,
    description: str,
    of: str,
    labels: Sequence[str],
    panels: Sequence[Panel],
    has_rest: bool = False,
) -> Chart:
    """Draw horizontal bars, one row per label and one panel per measure, each from its own zero.

    The last row is drawn in grey where it stands for the rest (``has_rest``). A NULL or zero
    value has no bar. Bars of less than 0.4 % of a panel are drawn at 0.4 %.
    """
    body = Markup("")
    for index, panel in enumerate(panels):
        body += Markup(
            '<g class="panel panel-{}"><text class="panel-name" y="13">{}</text></g>'
        ).format(index, panel.name)
    scales = [_scale(panel) for panel in panels]
    for position, label in enumerate(labels):
        drawn = Markup("").join(
            Markup('<g class="panel panel-{}"><text class="value" y="15">{}</text>{}</g>').format(
                index,
                panel.short(panel.values[position]),
                _bar(panel.values[position], *scale)
                + _whisker(panel.bounds[position] if panel.bounds else (None, None), *scale),
            )
            for index, (panel, scale) in enumerate(zip(panels, scales, strict=True))
        )
        is_rest = has_rest and position == len(labels) - 1
        body += _row(position, label, drawn, "rest" if is_rest else "")
    table = Table(
        (of, *(name for panel in panels for name in _columns(panel))),
        [
            (label, *(text for panel in panels for text in _texts(panel, position)))
            for position, label in enumerate(labels)
        ],
    )
    kind = f"bars panels-{len(panels)}"
    style = f"--rows:{len(labels)}"
    return Chart(_drawing(chart_id, kind, title, description, style, body), table)


def stack_chart(
    chart_id: str,
    title: str,
    description: str,
    of: str,
    categories: Mapping[str, str],
    rows: Sequence[tuple[str, Mapping[str, int]]],
) -> Chart:
    """Draw each row's counts as parts of 100 %.

    Parameters
    ----------
    categories : mapping of str to str
        Category to the name shown, in the order drawn; category is also the colour class.
    rows : sequence of (label, counts by category)
        A row without any count stays empty.
    """
    body = Markup("")
    cells = []
    for position, (label, counts) in enumerate(rows):
        size = sum(counts.get(category, 0) for category in categories)
        parts, start = Markup(""), 0.0
        texts = []
        for category, name in categories.items():
            part = counts.get(category, 0)
            share = part / size if size else 0.0
            texts.append(f"{exact(part)} ({percent(share)})")
            if part:
                parts += Markup(
                    '<rect class="mark {}" style="--x:{:.5f};--w:{:.5f}" y="4" height="14">'
                    "<title>{}: {} {}, {}</title></rect>"
                ).format(category, start, share, label, exact(part), name, percent(share))
            start += share
        drawn = Markup(
            '<g class="panel panel-0"><text class="value" y="15">{}</text>{}</g>'
        ).format(exact(size), parts)
        body += _row(position, label, drawn)
        cells.append((label, exact(size), *texts))
    table = Table((of, "Traders", *categories.values()), cells)
    style = f"--rows:{len(rows)}"
    return Chart(_drawing(chart_id, "stack panels-1", title, description, style, body), table)


def grid_chart(
    chart_id: str,
    kind: str,
    title: str,
    description: str,
    of: str,
    columns: Sequence[str],
    rows: Sequence[GridRow],
) -> Chart:
    """Draw a matrix of coloured cells; ``kind`` is the layout class of the style sheet.

    A cell whose level is ``none`` shows its text without a mark.
    """
    heads = Markup("").join(
        Markup('<text class="column" style="--column:{}">{}</text>').format(index, shorten(column))
        for index, column in enumerate(columns)
    )
    body = heads
    for position, row in enumerate(rows):
        cells = Markup("").join(_cell(cell, index) for index, cell in enumerate(row.cells))
        body += _row(position, row.label, cells, "" if row.cells else "heading")
    table = Table(
        (of, *columns),
        [(row.label, *(cell.exact for cell in row.cells)) for row in rows if row.cells],
    )
    style = f"--rows:{len(rows)};--columns:{len(columns)}"
    return Chart(_drawing(chart_id, f"grid {kind}", title, description, style, body), table)


def curve_chart(
    chart_id: str,
    kind: str,
    title: str,
    description: str,
    axes: tuple[Axis, Axis],
    lines: Sequence[Line],
    dots: Sequence[Dot] = (),
    table: Table | None = None,
) -> Chart:
    """Draw lines, bands and dots over a horizontal and a vertical axis.

    The plot stretches with the page, its strokes and texts do not. Points are shares of the axes,
    0 at the left and at the bottom.
    """
    across, up = axes
    body = Markup("")
    for y, text in up.ticks:
        body += Markup(
            '<rect class="grid-line" style="--y:{0:.5f}"/><text class="y" style="--y:{0:.5f}">'
            "{1}</text>"
        ).format(y, text)
    for x, text in across.ticks:
        body += Markup('<text class="x" style="--x:{:.5f}">{}</text>').format(x, text)
    drawn = Markup("").join(
        [
            Markup('<path class="band {}" d="{}"/>').format(line.kind, _area(line))
            for line in lines
            if line.band
        ]
        + [
            Markup('<path class="line {}" d="{}"/>').format(line.kind, _path(line.points))
            for line in lines
        ]
        + [
            Markup(
                '<path class="dot" style="stroke-width:{:.1f}px" d="M{:.5f} {:.5f}h0">'
                "<title>{}</title></path>"
            ).format(dot.size, dot.x, 1 - dot.y, dot.tip)
            for dot in dots
        ]
    )
    body += Markup(
        '<svg class="plot" viewBox="0 0 1 1" preserveAspectRatio="none">{}</svg>'
    ).format(drawn)
    return Chart(
        _drawing(chart_id, f"curve {kind}", title, description, "", body),
        table or Table((across.name, up.name), []),
    )


def flow_chart(
    chart_id: str,
    title: str,
    description: str,
    ends: tuple[Sequence[str], Sequence[str]],
    flows: Sequence[tuple[int, int, int, str]],
    table: Table,
) -> Chart:
    """Draw flows from names on the left to names on the right as bands, wide as their size.

    Parameters
    ----------
    ends : pair of sequences of str
        Names on the left and on the right, from the top.
    flows : sequence of (int, int, int, str)
        Position on the left and on the right, size, and pointer tip, in the order drawn: from the
        top at each end.
    """
    rows = max(map(len, ends), default=0)
    high = _FLOW_GAP * rows + _FLOW_HEIGHT
    total = sum(size for _, _, size, _ in flows) or 1
    unit, gap = _FLOW_HEIGHT / high / total, _FLOW_GAP / high
    sizes: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    for left, right, size, _ in flows:
        sizes[0][left] += size
        sizes[1][right] += size
    tops: list[list[float]] = [[], []]
    body, marks = Markup(""), Markup("")
    for side, names in enumerate(ends):
        y = (1 - gap * len(names) - unit * total) / 2
        for position, name in enumerate(names):
            height = unit * sizes[side][position]
            tops[side].append(y + gap / 2)
            body += Markup(
                '<text class="end end-{}" style="--y:{:.5f}">{} <tspan>{}</tspan></text>'
            ).format(side, y + (gap + height) / 2, shorten(name), exact(sizes[side][position]))
            marks += Markup(
                '<rect class="end" x="{}" y="{:.5f}" width="0.01" height="{:.5f}"/>'
            ).format(side * 0.99, y + gap / 2, height)
            y += gap + height
    for left, right, size, tip in flows:
        start, end, width = tops[0][left], tops[1][right], unit * size
        tops[0][left] += width
        tops[1][right] += width
        marks += Markup(
            '<path class="flow" d="M0.01 {0:.5f}C0.5 {0:.5f} 0.5 {1:.5f} 0.99 {1:.5f}V{3:.5f}'
            'C0.5 {3:.5f} 0.5 {2:.5f} 0.01 {2:.5f}Z"><title>{4}</title></path>'
        ).format(start, end, start + width, end + width, tip)
    body += Markup(
        '<svg class="plot" viewBox="0 0 1 1" preserveAspectRatio="none">{}</svg>'
    ).format(marks)
    style = f"--high:{high:.0f}px"
    return Chart(_drawing(chart_id, "curve sankey", title, description, style, body), table)


def share_level(share: float | None) -> str:
    """Colour class of a share of 1, ``s0`` (under 1 %) to ``s5`` (50 % and more)."""
    if share is None:
        return "none"
    return f"s{sum(share >= edge for edge in SHARE_EDGES)}"


def z_level(z_score: float | None) -> str:
    """Colour class of a z-score, ``d0`` (far below average) over ``d4`` to ``d8`` (far above)."""
    if z_score is None:
        return "none"
    steps = sum(abs(z_score) >= edge for edge in Z_EDGES)
    return f"d{4 + steps if z_score > 0 else 4 - steps}"


def _scale(panel: Panel) -> tuple[float, float]:
    bounds = [bound for pair in panel.bounds for bound in pair]
    known = [value for value in (*panel.values, *bounds) if value is not None]
    return min([0.0, *known]), max([panel.whole, *known])


def _bar(value: float | None, low: float, high: float) -> Markup:
    span = high - low
    if not span:
        return Markup("")
    zero = -low / span
    axis = Markup('<rect class="zero" style="--x:{:.5f}" y="-1"/>').format(zero)
    if not value:
        return axis
    width = max(abs(value) / span, _SHORTEST_BAR)
    return axis + Markup(
        '<rect class="mark {}" style="--x:{:.5f};--w:{:.5f}" y="5" height="12"/>'
    ).format("gain" if value > 0 else "loss", zero if value > 0 else zero - width, width)


def _whisker(bounds: tuple[float | None, float | None], low: float, high: float) -> Markup:
    lower, upper = bounds
    if lower is None or upper is None or high <= low:
        return Markup("")
    return Markup('<rect class="whisker" style="--x:{:.5f};--w:{:.5f}" y="10" height="2"/>').format(
        (lower - low) / (high - low), (upper - lower) / (high - low)
    )


def _columns(panel: Panel) -> list[str]:
    names = [panel.name]
    if panel.bounds:
        names += [f"{panel.bounds_name}, lower", f"{panel.bounds_name}, upper"]
    return names


def _texts(panel: Panel, position: int) -> list[str]:
    values = [panel.values[position], *(panel.bounds[position] if panel.bounds else ())]
    return [panel.exact(value) for value in values]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.4f} {1 - y:.4f}" for x, y in points) if points else ""


def _area(line: Line) -> str:
    upper = [(x, high) for x, _, high in line.band]
    lower = [(x, low) for x, low, _ in reversed(line.band)]
    return f"{_path([*upper, *lower])}Z"


def _cell(cell: Cell, column: int) -> Markup:
    tip = Markup("<title>{}</title>").format(cell.tip) if cell.tip else ""
    mark = Markup('<rect class="mark {}" style="--column:{}">{}</rect>').format(
        cell.level, column, tip
    )
    text = Markup('<text class="cell on-{}" style="--column:{}">{}</text>').format(
        cell.level, column, cell.text
    )
    return text if cell.level == "none" else mark + text


def _row(position: int, label: str, drawn: Markup, kind: str = "") -> Markup:
    return Markup(
        '<g class="row {}" style="--row:{}"><text class="label" y="15">{}</text>{}</g>'
    ).format(kind, position, shorten(label), drawn)


def _drawing(
    chart_id: str, kind: str, title: str, description: str, style: str, body: Markup
) -> Markup:
    return Markup(
        '<svg id="{0}" class="chart {1}" role="img" aria-labelledby="{0}-title {0}-desc"'
        ' style="{2}"><title id="{0}-title">{3}</title><desc id="{0}-desc">{4}</desc>{5}</svg>'
    ).format(chart_id, kind, style, title, description, body)
