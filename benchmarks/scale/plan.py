"""What builds of any size take, fitted to what was measured, and a cluster for a given size.

From the project's root, after scale.py: python benchmarks/scale/plan.py --work <folder>
Each quantity is a + b x million fills + c x thousand traders, none of a, b, c negative, fitted with
relative errors of equal weight; memory only up to where DuckDB is at its limit and spills. The two
largest sizes are held out once to check the forecast.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scale_venues import Size
from scipy.optimize import nnls

QUANTITIES: Mapping[str, tuple[str, str, str]] = {
    "CPU seconds of a whole build": ("full", "cpu", "s"),
    "CPU seconds of a one-day increment": ("increment", "cpu", "s"),
    "CPU seconds of a scoring": ("scoring", "cpu", "s"),
    "peak memory of a whole build": ("full", "megabytes", "MB"),
    "working database": ("full", "disk", "MB"),
}
"""What is forecast: the run, its figure, the unit."""

HELD_OUT = 2
CLOSE = 0.2
"""A held-out size is forecast well within this share of what was measured."""


@dataclass(frozen=True)
class Plan:
    """Coefficients of one quantity: fixed, per million fills, per thousand traders; and what it
    does not exceed."""

    fixed: float
    per_million_fills: float
    per_thousand_traders: float
    ceiling: float = math.inf

    def forecast(self, size: Size) -> float:
        """The quantity at a size."""
        return min(
            self.ceiling,
            self.fixed
            + self.per_million_fills * size.fills / 1e6
            + self.per_thousand_traders * size.traders / 1e3,
        )


def fitted(sizes: Sequence[Size], values: Sequence[float], limit: float = math.inf) -> Plan:
    """Non-negative least squares of relative errors, so that small sizes count as much as large.

    Parameters
    ----------
    limit
        Value from which on the quantity is bounded: sizes there tell the ceiling and no slope.

    Raises
    ------
    ValueError
        With fewer than three sizes.
    """
    if len(sizes) < 3:
        raise ValueError(f"three sizes are needed, got {len(sizes)}")
    measured: NDArray[np.float64] = np.asarray(values, dtype=float)
    below = measured < limit
    if not below.any():
        return Plan(float(measured.max()), 0.0, 0.0)
    design = np.array([[1.0, size.fills / 1e6, size.traders / 1e3] for size in sizes])[below]
    scale = np.abs(design).max(axis=0)
    coefficients, _ = nnls(design / scale / measured[below, None], np.ones(len(design)))
    fixed, fills, traders = (coefficients / scale).tolist()
    return Plan(fixed, fills, traders, math.inf if below.all() else float(measured.max()))


@dataclass(frozen=True)
class Check:
    """A held-out size: what the others forecast for it and what was measured."""

    size: Size
    forecast: float
    measured: float

    @property
    def error(self) -> float:
        """Forecast over measured, less one."""
        return self.forecast / self.measured - 1

    @property
    def is_close(self) -> bool:
        """Within 20 %."""
        return abs(self.error) <= CLOSE


def held_out(
    sizes: Sequence[Size], values: Sequence[float], limit: float = math.inf
) -> list[Check]:
    """The two largest sizes, forecast from the smaller ones; none with fewer than five sizes."""
    if len(sizes) < 3 + HELD_OUT:
        return []
    order = sorted(range(len(sizes)), key=lambda place: sizes[place])
    known, kept_back = order[:-HELD_OUT], order[-HELD_OUT:]
    plan = fitted([sizes[k] for k in known], [values[k] for k in known], limit)
    return [Check(sizes[k], plan.forecast(sizes[k]), values[k]) for k in kept_back]


@dataclass(frozen=True)
class Shuffle:
    """Rows that go over a cluster's network once: bytes a row, and rows for each fill."""

    what: str
    bytes_per_row: int
    rows_per_fill: float


_ID, _NAME, _TIME, _DECIMAL, _ROW = 16, 24, 8, 16, 16
"""Bytes in Spark's rows: an id or a name with its length, a timestamp, DECIMAL(38), a row's own."""


@dataclass(frozen=True)
class Density:
    """Rows of what grows with time for each fill, over 180 days."""

    trader_days: float
    position_days: float


def density(found: Sequence[Mapping[str, Any]]) -> Density:
    """That of the largest size."""
    largest = max(found, key=size_of)
    rows, fills = largest["trader_days"], size_of(largest).fills
    return Density(rows["rows"] / fills, rows["position_days"] / fills)


def shuffles(rows: Density) -> list[Shuffle]:
    """What the models send over the network, widths from the contract's types.

    Joins with instruments and prices are left out: those are small enough to be sent whole.
    """
    fill = _ROW + 7 * _ID + 3 * _NAME + 2 * _TIME + 6 * _DECIMAL
    return [
        Shuffle("keys of fills: copies", _ROW + _NAME, 1),
        Shuffle("fills by account: owners", fill, 1),
        Shuffle("fills by trader and day: order, gaps, median", fill - 5 * _ID - 2 * _NAME, 1),
        Shuffle("sums by trader, instrument and day", _ROW + 2 * _ID + 2 * _NAME + 8 * _DECIMAL, 1),
        Shuffle("fills by trader, order and time: legs, strategies", fill, 3),
        Shuffle("fills by instrument and time: mids, markouts, matches", fill - 4 * _ID, 3),
        Shuffle("fills by trader and period: choices", _ROW + 2 * _ID + _TIME + 2 * _DECIMAL, 1),
        Shuffle(
            "positions by trader and day",
            _ROW + 2 * _ID + _NAME + 8 * _DECIMAL,
            rows.position_days,
        ),
        Shuffle(
            "sums by trader and day, a theme each",
            _ROW + _ID + _TIME + 16 * _DECIMAL,
            10 * rows.trader_days,
        ),
    ]


@dataclass(frozen=True)
class OnSpark:
    """What the sizes built on Spark tell, each less the smallest of them.

    Attributes
    ----------
    slowdown
        CPU seconds of dbt and Spark for one of DuckDB.
    shuffle_bytes_per_fill
        Written by shuffles, compressed.
    checks
        By quantity, the largest size forecast by a line through the others; none with two sizes.
    """

    slowdown: float
    shuffle_bytes_per_fill: float
    checks: Mapping[str, Check]


SPARK_QUANTITIES = {
    "CPU seconds of a whole build on Spark": ("cpu", "s"),
    "written by shuffles": ("shuffle_megabytes", "MB"),
}


def on_spark(found: Sequence[Mapping[str, Any]]) -> OnSpark | None:
    """None where fewer than two sizes were built on Spark."""
    built = sorted((each for each in found if "spark" in each), key=size_of)
    if len(built) < 2:
        return None
    sizes = [size_of(each) for each in built]

    def gained(run: str, figure: str) -> float:
        return float(built[-1][run][figure] - built[0][run][figure])

    checks = {}
    for name, (figure, _) in SPARK_QUANTITIES.items() if len(built) > 2 else ():
        *known, measured = (float(each["spark"][figure]) for each in built)
        line = np.polyfit([size.fills for size in sizes[:-1]], known, 1)
        checks[name] = Check(sizes[-1], float(np.polyval(line, sizes[-1].fills)), measured)
    return OnSpark(
        slowdown=gained("spark", "cpu") / gained("full", "cpu"),
        shuffle_bytes_per_fill=gained("spark", "shuffle_megabytes")
        * 1e6
        / (sizes[-1].fills - sizes[0].fills),
        checks=checks,
    )


@dataclass(frozen=True)
class Cluster:
    """Workers of a cluster, and what is assumed of them.

    Attributes
    ----------
    slowdown
        CPU seconds of Spark for one of DuckDB.
    busy
        Share of the cores' time in which they work on the build.
    gigabits
        Network of a worker.
    compression
        Bytes sent over bytes of rows.
    skew
        Bytes of the largest partition over those of a mean one.
    """

    workers: int = 50
    cores: int = 16
    slowdown: float = 4.0
    busy: float = 0.7
    gigabits: float = 10.0
    compression: float = 0.5
    skew: float = 4.0
    partition_megabytes: float = 128.0

    def hours(self, cpu_seconds: float) -> float:
        """Hours of computing for CPU seconds of DuckDB."""
        return cpu_seconds * self.slowdown / (self.workers * self.cores * self.busy) / 3600

    def network_hours(self, sent_bytes: float) -> float:
        """Hours in which the workers' networks carry so many bytes."""
        return sent_bytes * 8 / (self.workers * self.gigabits * 1e9) / 3600

    def worker_gigabytes(self) -> float:
        """Memory of a worker: a task a core, each with its largest partition twice, and as much
        again for Spark itself."""
        return 2 * 2 * self.cores * self.skew * self.partition_megabytes / 1000


def cluster_of(
    found: Sequence[Mapping[str, Any]],
    workers: int = Cluster.workers,
    cores: int = Cluster.cores,
    slowdown: float | None = None,
) -> Cluster:
    """A cluster whose slowdown is the one given, else the one measured, else the one assumed."""
    measured = on_spark(found)
    if slowdown is None:
        slowdown = measured.slowdown if measured else Cluster.slowdown
    return Cluster(workers, cores, slowdown)


def cluster_figures(
    plans: Mapping[str, Plan],
    size: Size,
    cluster: Cluster,
    density: Density,
    shuffle_bytes_per_fill: float | None = None,
) -> dict[str, float]:
    """What a size takes on a cluster, in the units that the names end in.

    Fixed costs are left out: at such sizes they are nothing, and Spark has its own. Where what
    shuffles write was not measured it is what rows are wide (:func:`shuffles`).
    """
    rows = size.fills

    def of(name: str) -> float:
        plan = plans[name]
        return plan.forecast(size) - plan.fixed

    if shuffle_bytes_per_fill is None:
        widths = sum(s.bytes_per_row * s.rows_per_fill for s in shuffles(density))
        shuffle_bytes_per_fill = widths * cluster.compression
    moved = shuffle_bytes_per_fill * rows
    full, scoring = (of(f"CPU seconds of {what}") for what in ("a whole build", "a scoring"))
    return {
        "core_hours": full * cluster.slowdown / 3600,
        "hours": cluster.hours(full),
        "scoring_hours": cluster.hours(scoring),
        "shuffle_terabytes": moved / 1e12,
        "network_hours": cluster.network_hours(moved),
        "worker_gigabytes": cluster.worker_gigabytes(),
        "storage_terabytes": of("working database") / 1e6,
        "core_hours_per_100_million": full * cluster.slowdown / 3600 / (rows / 1e8),
    }


def measured_values(found: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    """A quantity of each size."""
    run, figure, _ = QUANTITIES[name]
    return [float(each[run][figure]) for each in found]


def limit_of(name: str, memory: str) -> float:
    """Where a quantity is bounded: peak memory by DuckDB's limit, in MB, the others nowhere."""
    return _megabytes(memory) if QUANTITIES[name][1] == "megabytes" else math.inf


def _megabytes(memory: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(MB|GB)", memory.strip().upper())
    if match is None:
        raise ValueError(f"{memory!r} is no amount of memory: 800MB and 5GB are")
    return float(match[1]) * (1000 if match[2] == "GB" else 1)


def size_of(figures: Mapping[str, Any]) -> Size:
    """The size that figures were measured at."""
    return Size(**figures["size"])


def read_figures(work: Path) -> list[dict[str, Any]]:
    """Figures of all sizes that were measured to the end, smallest first."""
    found = []
    for folder in (work / "figures").iterdir():
        figures = {
            path.stem: json.loads(path.read_text(encoding="utf-8"))
            for path in folder.glob("*.json")
        }
        if {"full", "increment", "scoring", "size"} <= figures.keys():
            found.append(figures)
    return sorted(found, key=size_of)


def main() -> None:
    """Print the forecast for a size, with the check of the model."""
    from scale_page import plan_section

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="the folder of scale.py")
    parser.add_argument("--size", type=Size.parse, default="10B:100M", help="default: %(default)s")
    parser.add_argument("--workers", type=int, default=Cluster.workers)
    parser.add_argument("--cores", type=int, default=Cluster.cores, help="of a worker")
    parser.add_argument(
        "--slowdown",
        type=float,
        help="CPU seconds of Spark for one of DuckDB; default: as measured",
    )
    parser.add_argument("--memory", default="5GB", help="DuckDB's limit in scale.py (%(default)s)")
    given = parser.parse_args()
    found = read_figures(given.work)
    cluster = cluster_of(found, given.workers, given.cores, given.slowdown)
    print(plan_section(found, given.size, cluster, given.memory))


if __name__ == "__main__":
    main()
