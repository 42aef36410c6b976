"""Plots as SVG files of their own, on a white ground so that they read on any page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

INK, GRID = "#1f2933", "#d9dee3"
SERIES = ("#1b6ca8", "#d1622b", "#6b7b8c")
ROW, LEFT, WIDTH = 26, 230, 420


def dots(title: str, rows: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """One row per label, a dot for each seed and measure, from 0 to 1."""
    measures = list(dict.fromkeys(name for values in rows.values() for name in values))
    body = Markup("")
    for number, (label, values) in enumerate(rows.items()):
        y = 64 + ROW * number
        body += caption(LEFT - 12, y + 4, label, "end") + rule(LEFT, y, LEFT + WIDTH, y)
        for name, shares in values.items():
            colour = SERIES[measures.index(name)]
            for share in shares:
                body += Markup(
                    '<circle cx="{:.1f}" cy="{}" r="5" fill="{}" fill-opacity="0.65"/>'
                ).format(LEFT + WIDTH * max(share, 0.0), y, colour)
    bottom = 64 + ROW * len(rows)
    body += _scale(bottom)
    for number, name in enumerate(measures if len(measures) > 1 else ()):
        x = LEFT + 150 * number
        body += Markup('<circle cx="{}" cy="{}" r="5" fill="{}"/>').format(
            x + 5, bottom + 30, SERIES[number]
        ) + caption(x + 16, bottom + 34, name)
    return drawing(title, bottom + 46, body)


def reliability(title: str, bins: Sequence[tuple[float, float, int]]) -> str:
    """Share right over probability said, a dot each bin, its area by traders; the diagonal."""
    size = 320
    body = rule(LEFT, 50 + size, LEFT + size, 50, GRID)
    most = max(n for _, _, n in bins)
    for said, right, n in bins:
        body += Markup(
            '<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" fill="{}" fill-opacity="0.65"/>'
        ).format(LEFT + size * said, 50 + size * (1 - right), 3 + 14 * (n / most) ** 0.5, SERIES[0])
        body += caption(LEFT + size * said + 18, 54 + size * (1 - right), f"{n:,}")
    for share in (0.0, 0.5, 1.0):
        body += caption(LEFT + size * share, 50 + size + 20, f"{share:g}", "middle")
        body += caption(LEFT - 12, 54 + size * (1 - share), f"{share:g}", "end")
    body += caption(LEFT + size / 2, 50 + size + 42, "largest posterior", "middle")
    body += caption(LEFT - 60, 50 + size / 2, "share right", "end")
    return drawing(title, 50 + size + 56, body)


def _scale(bottom: float) -> Markup:
    return Markup("").join(
        caption(LEFT + WIDTH * share, bottom + 8, f"{share:g}", "middle")
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    )


def caption(x: float, y: float, text: str, anchor: str = "start") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        x, y, anchor, text
    )


def rule(x: float, y: float, to_x: float, to_y: float, colour: str = GRID) -> Markup:
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}"/>').format(
        x, y, to_x, to_y, colour
    )


def drawing(title: str, height: float, body: Markup) -> str:
    width = LEFT + WIDTH + 40
    return str(
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1:.0f}" role="img"'
            ' font-family="system-ui, sans-serif" font-size="13" fill="{2}"><title>{3}</title>'
            '<rect width="100%" height="100%" fill="#ffffff"/>'
            '<text x="16" y="24" font-weight="600">{3}</text>{4}</svg>\n'
        ).format(width, height, INK, title, body)
    )
