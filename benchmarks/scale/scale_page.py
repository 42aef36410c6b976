"""The page of scale: bars, ratios by size, what is costly, and the forecast past these machines."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from curves import curves
from jinja2 import Template
from plan import (
    CLOSE,
    QUANTITIES,
    SPARK_QUANTITIES,
    Check,
    Cluster,
    Plan,
    cluster_figures,
    cluster_of,
    density,
    fitted,
    held_out,
    limit_of,
    measured_values,
    on_spark,
    shuffles,
    size_of,
)
from processes import ROOT
from scale_venues import FILLS_PER_TRADER, Size, short
from trader_columns import COLUMNS, FEATURES

sys.path.append(str(Path(__file__).parents[1] / "segmentation"))

from page import met, table

Figures = Mapping[str, Any]
Seconds = Callable[[str, str], float]
CLOCKS = ("wall", "cpu")
PAST = Size.parse("10B:100M")
TEMPLATE = Path(__file__).with_name("scale.md.j2")
PLAN_TEMPLATE = Path(__file__).with_name("plan.md.j2")


@dataclass(frozen=True)
class Bar:
    """A measure with the value it must reach; `values` by clock and by CPU, None: not measured."""

    measure: str
    bar: float
    at_least: bool
    values: Sequence[float | None]
    unit: str = ""

    def row(self) -> list[str]:
        """A row of the table."""
        cells = [self.measure, f"{'≥' if self.at_least else '≤'} {self.bar:g}{self.unit}"]
        for value in self.values:
            if value is None:
                cells += ["", "not measured"]
            else:
                reached = value >= self.bar if self.at_least else value <= self.bar
                cells += [f"{value:.3g}{self.unit}", met(reached)]
        return cells


def bars(sample: Figures, tiny: Figures, found: Sequence[Figures]) -> list[Bar]:
    """Every measure that has a bar, at the size that the bar is for."""
    at = {size_of(figures): figures for figures in found}
    twenty, hundred = at.get(Size.parse("20M")), at.get(Size.parse("100M"))

    def ratio(name: str, figures: Figures | None) -> list[float | None]:
        known = ratios(tiny, figures)[name] if figures else []
        return [*known, None, None][: len(CLOCKS)]

    span = [figures for size, figures in at.items() if 5e6 <= size.fills <= 1e8]
    growth: list[float | None] = [
        growth_exponent(span, tiny, clock) if twenty and hundred else None for clock in CLOCKS
    ]
    memory = hundred["full"]["megabytes"] / 1000 if hundred else None
    return [
        Bar(
            "full build of 20 M fills less the fixed cost, over the floor",
            5,
            False,
            ratio("floor", twenty),
        ),
        Bar(
            "growth exponent of the full build's data time, 5 M to 100 M fills", 1.05, False, growth
        ),
        Bar("peak memory, 100 M fills and 1 M traders", 8, False, [memory, memory], " GB"),
        Bar(
            "one-day increment on 180 days over the full build, 20 M fills, data time of both",
            0.05,
            False,
            ratio("increment", twenty),
        ),
        Bar(
            "full build of the sample venue, all models and data tests",
            45,
            False,
            [sample["full"][clock] for clock in CLOCKS],
            " s",
        ),
        Bar("pandas over the full build, 20 M fills", 10, True, ratio("pandas", twenty)),
        Bar(
            "pandas over the same features by dbt, their data time, 20 M fills",
            10,
            True,
            ratio("pandas_same", twenty),
        ),
    ]


def ratios(tiny: Figures, figures: Figures) -> dict[str, list[float]]:
    """Ratios of one size by clock and by CPU; fewer, or none, where a part was not measured.

    Data time is what a build takes beyond that of the tiny venue. The scripts time themselves
    from their imports on, the floor its queries.
    """

    def taken(run: str, clock: str) -> float:
        return float(figures[run][clock])

    def data(run: str, clock: str) -> float:
        return max(taken(run, clock) - float(tiny[run][clock]), 0.0)

    def ratio(upper: tuple[str, Seconds], lower: tuple[str, Seconds]) -> list[float]:
        found: list[float] = []
        for clock in CLOCKS:
            if any(clock not in figures.get(run, {}) for run, _ in (upper, lower)):
                break
            below = lower[1](lower[0], clock)
            if below <= 0.0:
                break
            found.append(upper[1](upper[0], clock) / below)
        return found

    return {
        "floor": ratio(("full", data), ("floor", taken)),
        "increment": ratio(("increment", data), ("full", data)),
        "scoring": ratio(("scoring", data), ("full", data)),
        "pandas": ratio(("pandas", taken), ("full", taken)),
        "pandas_same": ratio(("pandas", taken), ("same_features", data)),
        "polars_same": ratio(("polars", taken), ("same_features", data)),
        "spark": ratio(("spark", taken), ("full", taken)),
    }


def growth_exponent(found: Sequence[Figures], tiny: Figures, clock: str) -> float | None:
    """Slope of log data time over log fills by least squares, at the usual fills for a trader.

    None with fewer than two such sizes.
    """
    points = [
        (figures["size"]["fills"], figures["full"][clock] - tiny["full"][clock])
        for figures in found
        if figures["size"]["fills"] == FILLS_PER_TRADER * figures["size"]["traders"]
    ]
    points = [(fills, seconds) for fills, seconds in points if seconds > 0]
    return exponent(points) if len(points) > 1 else None


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """Slope of log y over log x by least squares."""
    x, y = np.log(np.array(points, dtype=float)).T
    return float(np.cov(x, y, ddof=0)[0, 1] / np.var(x))


RUNS = {
    "floor": "floor: one scan, one grouping",
    "full": "full build",
    "increment": "one-day increment",
    "scoring": "scoring alone",
    "same_features": "the scripts' features alone, by dbt",
    "pandas": "pandas and scikit-learn",
    "polars": "polars and scikit-learn",
    "spark": "full build, Spark local[2]",
}


def write_page(
    sample: Figures, tiny: Figures, found: Sequence[Figures], memory: str, folder: Path
) -> str:
    """Write `scale-benchmarks.md` and its plot to a folder; returns the page's text."""
    folder.mkdir(parents=True, exist_ok=True)
    usual = [
        f for f in found if f["size"]["fills"] == FILLS_PER_TRADER * f["size"]["traders"]
    ] or found
    series = {
        name: [(f["size"]["fills"], f[run]["cpu"]) for f in usual if "cpu" in f.get(run, {})]
        for run, name in RUNS.items()
        if run != "same_features"
    }
    plot = curves("CPU seconds by fills", "fills in 180 days", "CPU seconds", series)
    (folder / "scale-benchmarks.svg").write_text(plot, encoding="utf-8")
    text = render(sample, tiny, found, memory)
    (folder / "scale-benchmarks.md").write_text(text, encoding="utf-8")
    return text


def render(sample: Figures, tiny: Figures, found: Sequence[Figures], memory: str) -> str:
    """The page as Markdown."""
    template = Template(TEMPLATE.read_text(encoding="utf-8"), keep_trailing_newline=True)
    largest = max(found, key=size_of)
    measure_columns = ["measure", "bar", "by clock", "met", "by CPU", "met"]
    return template.render(
        bars=table(measure_columns, (bar.row() for bar in bars(sample, tiny, found))),
        ratios=_ratios_table(tiny, found),
        exponents=[growth_exponent(found, tiny, clock) for clock in CLOCKS],
        costs=_costs_table([tiny, *found]),
        nodes=table(
            ["", "seconds"], [[name, f"{s:.1f}"] for name, s in largest["full"]["nodes"].items()]
        ),
        has_tables="tables" in largest["trader_days"],
        tables=table(
            ["largest tables", "rows", "rows a fill"],
            [
                [f"`{name}`", f"{rows:,}", f"{rows / size_of(largest).fills:.2f}"]
                for name, rows in largest["trader_days"].get("tables", {}).items()
            ],
        ),
        sizes=" ".join(f"{short(s.fills)}:{short(s.traders)}" for s in map(size_of, found)),
        largest=_named(size_of(largest)),
        tiny=_named(size_of(tiny)),
        features={
            group: ", ".join(f"`{name}`" for name in names) for group, names in FEATURES.items()
        },
        checks=_agreement_table(found),
        memory=memory,
        compared=len(COLUMNS),
        registered=_registered(),
        spark=_spark_table([tiny, *found]),
        plan=plan_section([tiny, *found], PAST, cluster_of([tiny, *found]), memory),
    )


def plan_section(found: Sequence[Figures], size: Size, cluster: Cluster, memory: str) -> str:
    """The model, its check, and a cluster for a size, as Markdown; too few sizes: a sentence.

    `memory` is the limit that DuckDB had, such as `5GB`.
    """
    if len(found) < 3:
        return "The model needs three sizes and a check of it five.\n"
    sizes = [size_of(figures) for figures in found]
    plans: dict[str, Plan] = {}
    rows, checks = [], []
    for name, (_, _, unit) in QUANTITIES.items():
        values, limit = measured_values(found, name), limit_of(name, memory)
        plan = plans[name] = fitted(sizes, values, limit)
        coefficients = (plan.fixed, plan.per_million_fills, plan.per_thousand_traders)
        bound = "" if math.isinf(plan.ceiling) else f"{plan.ceiling:,.0f}"
        rows.append([name, unit, *(f"{value:.3g}" for value in coefficients), bound])
        checks += [_check_row(name, unit, check) for check in held_out(sizes, values, limit)]
    rows_a_fill = density(found)
    spark = on_spark(found)
    if spark:
        checks += [
            _check_row(name, SPARK_QUANTITIES[name][1], check)
            for name, check in spark.checks.items()
        ]
    template = Template(PLAN_TEMPLATE.read_text(encoding="utf-8"), keep_trailing_newline=True)
    ratios_measured = len({s.fills / s.traders for s in sizes})
    return template.render(
        model=table(
            ["", "unit", "a, fixed", "b, per million fills", "c, per 1,000 traders", "at most"],
            rows,
        ),
        checks=table(["", "size", "forecast", "measured", "error", f"within {CLOSE:.0%}"], checks)
        if checks
        else "",
        is_identified=ratios_measured > 1,
        size=_named(size),
        density=rows_a_fill,
        shuffles=table(
            ["rows that move", "bytes a row", "rows a fill"],
            [
                [s.what, str(s.bytes_per_row), f"{s.rows_per_fill:.2g}"]
                for s in shuffles(rows_a_fill)
            ],
        ),
        cluster=cluster,
        spark=spark,
        figures=cluster_figures(
            plans, size, cluster, rows_a_fill, spark.shuffle_bytes_per_fill if spark else None
        ),
    )


def _check_row(name: str, unit: str, check: Check) -> list[str]:
    return [
        name,
        _named(check.size),
        f"{check.forecast:,.0f} {unit}",
        f"{check.measured:,.0f} {unit}",
        f"{check.error:+.0%}",
        met(check.is_close),
    ]


def _spark_table(found: Sequence[Figures]) -> str:
    rows = [
        [
            _named(size_of(figures)),
            *(f"{cost[name]:,.0f}" for name in ("wall", "cpu", "task_cpu")),
            *(f"{cost[name]:,.0f}" for name in ("shuffle_megabytes", "spilled_megabytes")),
        ]
        for figures in found
        if (cost := figures.get("spark"))
    ]
    columns = ["size", "seconds", "CPU seconds", "of them tasks'", "MB shuffled", "MB spilled"]
    return table(columns, rows) if rows else ""


def _registered() -> int:
    """Features that the product measures."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    return sum(len(group["columns"]) for group in project["vars"]["trader_features"])


def _named(size: Size) -> str:
    return f"{short(size.fills)} fills, {short(size.traders)} traders"


def _ratios_table(tiny: Figures, found: Sequence[Figures]) -> str:
    names = {
        "floor": "full build's data time over the floor",
        "increment": "increment's data time over the full build's",
        "scoring": "scoring's data time over the full build's",
        "pandas": "pandas over the full build",
        "pandas_same": "pandas over the same features by dbt, data time",
        "polars_same": "polars over the same features by dbt, data time",
        "spark": "Spark over DuckDB, full build",
    }
    by_size = [ratios(tiny, figures) for figures in found]
    rows = [
        [label, *(_clock_and_cpu(each[name]) for each in by_size)]
        for name, label in names.items()
        if any(each[name] for each in by_size)
    ]
    return table(["by clock (by CPU)", *(_named(size_of(f)) for f in found)], rows)


def _clock_and_cpu(values: Sequence[float]) -> str:
    words = [f"{value:.3g}" for value in values]
    return f"{words[0]} ({words[1]})" if len(words) > 1 else "".join(words)


def _costs_table(found: Sequence[Figures]) -> str:
    rows = []
    for figures in found:
        for run, name in RUNS.items():
            if cost := figures.get(run):
                rows.append(
                    [
                        _named(size_of(figures)),
                        name,
                        *(f"{cost[clock]:,.1f}" if clock in cost else "" for clock in CLOCKS),
                        *(f"{cost[mb]:,.0f}" if mb in cost else "" for mb in ("megabytes", "disk")),
                    ]
                )
    return table(["size", "run", "seconds", "CPU seconds", "peak MB", "disk MB"], rows)


def _agreement_table(found: Sequence[Figures]) -> str:
    rows = [
        [_named(size_of(f)), name, f"{f[name]['values']:,}", f"{f[name]['differing']:,}"]
        for f in found
        for name in ("pandas", "polars")
        if name in f
    ]
    return table(["size", "script", "values compared", "differing"], rows) if rows else ""
