"""The page of figures on lifetime value: what each bar asks, and what was reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Template

Figures = Mapping[str, Any]
TEMPLATE = Path(__file__).with_name("value-evaluation.md.j2")
RECENT, ALL = "recently_active", "all"
SHIFT = 0.1
"""Where what came differs so much from what the true rates say, the market has moved."""

METHODS = {
    "value": "Trader Segments",
    "run_rate": "run rate so far",
    "last_8_weeks": "run rate of 8 weeks",
    "last_4_weeks": "run rate of 4 weeks",
    "rfm_quintiles": "RFM quintiles",
    "oracle": "oracle",
}
MEASURES = {
    "spearman": "rank correlation",
    "mae": "error / mean",
    "decile_mape": "deciles",
    "top_decile_mape": "upper five deciles",
    "total_bias": "bias of the total",
}


@dataclass(frozen=True)
class Bar:
    """A measure with the range its mean over seeds must lie in; `values` maps seeds to figures."""

    measure: str
    asked: str
    lowest: float
    highest: float
    values: Mapping[str, float]

    @property
    def mean(self) -> float:
        """Mean over seeds, NaN without any."""
        return float(np.mean(list(self.values.values()))) if self.values else float("nan")

    @property
    def is_met(self) -> bool:
        """Whether the mean lies in the range; where no seed asks it, it does."""
        return not self.values or self.lowest <= self.mean <= self.highest

    def row(self, seeds: Sequence[str]) -> list[str]:
        """A row of the table."""
        each = [f"{self.values[seed]:.3f}" if seed in self.values else "–" for seed in seeds]
        mean = f"{self.mean:.3f}" if self.values else "–"
        return [self.measure, self.asked, mean, "yes" if self.is_met else "**no**", *each]


def bars(figures: Figures) -> list[Bar]:
    """Every acceptance number as a bar, among recently active traders."""
    seeds = figures["seeds"]
    recent = {seed: found[RECENT] for seed, found in seeds.items()}

    def beside(measure: str) -> dict[str, float]:
        return {seed: m[measure]["value"] / m[measure]["oracle"] for seed, m in recent.items()}

    def plain(measure: str) -> dict[str, float]:
        return {seed: m[measure]["value"] for seed, m in recent.items()}

    moved = [seed for seed, m in recent.items() if abs(m["total_bias"]["oracle"]) > SHIFT]
    bias = {seed: abs(value) for seed, value in plain("total_bias").items() if seed not in moved}
    inside = {seed: value for seed, value in plain("total_in_band").items() if seed in moved}
    most = float("inf")
    return [
        Bar("rank correlation / oracle's", "≥ 0.94", 0.94, most, beside("spearman")),
        Bar("error / oracle's", "≤ 1.4", 0.0, 1.4, beside("mae")),
        Bar("error less than the run rate's by", "≥ 0.15", 0.15, most, plain("mae_gain")),
        Bar("decile error", "≤ 0.30", 0.0, 0.3, plain("decile_mape")),
        Bar("bias of the total, market as before", "≤ 0.10", 0.0, 0.1, bias),
        Bar("total within the band, market moved", "≥ 0.75", 0.75, 1.0, inside),
        Bar("traders within 80 % bounds", "0.75–0.85", 0.75, 0.85, plain("coverage")),
    ]


def write_page(figures: Figures, folder: Path) -> str:
    """Write `value-evaluation.md` to a folder; returns its text."""
    text = render(figures)
    (folder / "value-evaluation.md").write_text(text)
    return text


def render(figures: Figures) -> str:
    """The page as Markdown."""
    seeds = list(figures["seeds"])
    reached = bars(figures)
    template = Template(TEMPLATE.read_text(), keep_trailing_newline=True)
    columns = ["measure", "bar", "mean", "met", *(f"seed {seed}" for seed in seeds)]
    return template.render(
        seeds=", ".join(seeds),
        traders=f"{figures['traders']:,}",
        bars=_table(columns, [bar.row(seeds) for bar in reached]),
        missed=", ".join(bar.measure for bar in reached if not bar.is_met) or "none",
        recent=_methods(figures, RECENT),
        everybody=_methods(figures, ALL),
        styles=_styles(figures),
        counts={name: _counts(figures, name) for name in (RECENT, ALL)},
        active_weeks=_active_weeks(figures),
        largest=_largest_errors(figures),
        bands=", ".join(f"±{1.2816 * found['band']:.0%}" for found in figures["seeds"].values()),
    )


def _methods(figures: Figures, population: str) -> str:
    found = [each[population] for each in figures["seeds"].values()]
    rows = [
        [title, *(f"{np.mean([each[m][method] for each in found]):.3f}" for m in MEASURES)]
        for method, title in METHODS.items()
    ]
    return _table(["mean of the seeds", *MEASURES.values()], rows)


def _styles(figures: Figures) -> str:
    sums: dict[str, list[list[float]]] = {}
    for found in figures["seeds"].values():
        for style, row in found["by_style"].items():
            sums.setdefault(style, []).append(row)
    rows = []
    for style, each in sorted(sums.items(), key=lambda item: -sum(row[2] for row in item[1])):
        traders, forecast, actual, coverage = np.array(each).T
        covered = float(np.average(coverage, weights=traders))
        rows.append(
            [
                style.replace("_", " "),
                f"{traders.sum():,.0f}",
                f"{forecast.sum():,.0f}",
                f"{actual.sum():,.0f}",
                f"{(forecast.sum() - actual.sum()) / abs(actual.sum()):+.0%}",
                f"{covered:.2f}",
            ]
        )
    return _table(["style", "traders", "forecast, USD", "came, USD", "bias", "within bounds"], rows)


def _counts(figures: Figures, population: str) -> str:
    counts = [found[population]["traders"] for found in figures["seeds"].values()]
    return f"{min(counts):,} to {max(counts):,}"


def _largest_errors(figures: Figures) -> str:
    shares = [found[RECENT]["largest_error"] for found in figures["seeds"].values()]
    return ", ".join(f"{share:.0%}" for share in shares)


def _active_weeks(figures: Figures) -> str:
    apart = [
        found["active_weeks"]["forecast"] / found["active_weeks"]["actual"] - 1.0
        for found in figures["seeds"].values()
    ]
    return f"{min(apart):+.1%} to {max(apart):+.1%}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column holds words."""
    alignment = ["---", *("---:" for _ in columns[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, alignment, *rows))
