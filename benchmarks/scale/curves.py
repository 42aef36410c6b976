"""A plot of what grows with size, both axes logarithmic, as an SVG file of its own."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

sys.path.append(str(Path(__file__).parents[1] / "segmentation"))

from plots import GRID, caption, drawing, rule
from scale_venues import short

COLOURS = ("#1b6ca8", "#6b7b8c", "#d1622b", "#2f855a", "#8b5fbf", "#b7791f")
LEFT, TOP, WIDTH, HEIGHT = 90, 50, 420, 300
Points = Sequence[tuple[float, float]]


def curves(title: str, across: str, up: str, series: Mapping[str, Points]) -> str:
    """Lines of positive points, with their names beside their last ones; decades are ruled."""
    points = [point for line in series.values() for point in line]
    x_from, x_to = _decades([x for x, _ in points])
    y_from, y_to = _decades([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + WIDTH * (math.log10(x) - x_from) / (x_to - x_from),
            TOP + HEIGHT * (1 - (math.log10(y) - y_from) / (y_to - y_from)),
        )

    body = Markup("")
    for power in range(x_from, x_to + 1):
        x, _ = place(10.0**power, 10.0**y_from)
        body += rule(x, TOP, x, TOP + HEIGHT, GRID)
        body += caption(x, TOP + HEIGHT + 18, short(10.0**power), "middle")
    for power in range(y_from, y_to + 1):
        _, y = place(10.0**x_from, 10.0**power)
        body += rule(LEFT, y, LEFT + WIDTH, y, GRID)
        body += caption(LEFT - 8, y + 4, f"{10.0**power:g}", "end")
    body += caption(LEFT + WIDTH / 2, TOP + HEIGHT + 40, across, "middle")
    body += caption(LEFT - 60, TOP - 12, up)
    ends = _apart({name: place(*line[-1])[1] for name, line in series.items() if line})
    for colour, (name, line) in zip(COLOURS, series.items(), strict=False):
        if not line:
            continue
        places = [place(*point) for point in line]
        body += Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="2"/>').format(
            " ".join(f"{x:.1f},{y:.1f}" for x, y in places), colour
        )
        for x, y in places:
            body += Markup('<circle cx="{:.1f}" cy="{:.1f}" r="4" fill="{}"/>').format(x, y, colour)
        body += Markup('<g fill="{}">{}</g>').format(
            colour, caption(places[-1][0] + 10, ends[name] + 4, name)
        )
    return drawing(title, TOP + HEIGHT + 54, body)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around values, at least one apart."""
    low = math.floor(math.log10(min(values)))
    return low, max(math.ceil(math.log10(max(values))), low + 1)


def _apart(heights: Mapping[str, float]) -> dict[str, float]:
    """Heights of names, moved down where two would touch."""
    moved: dict[str, float] = {}
    for name, height in sorted(heights.items(), key=lambda each: each[1]):
        moved[name] = max(height, max(moved.values(), default=0.0) + 16)
    return moved
