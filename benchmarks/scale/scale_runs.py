"""What is measured of each size; each figure is kept, and what is there is not measured again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
from processes import measured, measured_script
from scale_venues import COMMAND, ScaleVenue, Size
from spark_server import spark_server
from trader_columns import COLUMNS, FEATURES, disagreements

SCORING = "int_as_of_date+,+trader_segments"
"""What another scoring date changes of the segments; staging and facts are not built again."""

SAME_FEATURES = tuple(f"+feat_{group}" for group in FEATURES)
SCRIPTS = {"pandas", *(["polars"] if find_spec("polars") else [])}
"""polars is no dependency of the project; where it can be imported its script runs too."""

BUILD = ("build", "--exclude-resource-type", "unit_test")
"""A whole build, as `trader-segments build` runs it."""

BUILDS = ("full", "sample", "trader_days", "increment", "scoring")
"""Figures of a home's builds, in their order."""

COSTLIEST = 12
LARGEST_TABLES = 8
SAMPLED = 1_000
Figures = dict[str, Any]


@dataclass(frozen=True)
class Runs:
    """The runs on one venue, with a home of their own.

    Attributes
    ----------
    raw
        Input folder of the builds.
    home
        TRADER_SEGMENTS_HOME of the whole build and what follows it.
    kept
        Folder of figures, a JSON file each.
    memory
        DuckDB's memory limit, None for the project's own.
    """

    raw: Path
    home: Path
    kept: Path
    memory: str | None = None

    def figures(self) -> Figures:
        """Everything measured so far, by name."""
        return {
            path.stem: json.loads(path.read_text(encoding="utf-8"))
            for path in sorted(self.kept.glob("*.json"))
        }

    def once(self, name: str, measure: Callable[[], Mapping[str, Any]]) -> Figures:
        """The figures of a name; measured and kept where they are not there."""
        path = self.kept / f"{name}.json"
        if not path.exists():
            self.kept.mkdir(parents=True, exist_ok=True)
            found = json.dumps(measure(), indent=1)
            fresh = path.with_suffix(".new")
            fresh.write_text(found, encoding="utf-8")
            fresh.replace(path)
        result: Figures = json.loads(path.read_text(encoding="utf-8"))
        return result

    def full(self) -> Figures:
        """A whole build, tests and publishing among it, into an empty home; and its disk."""
        shutil.rmtree(self.home, ignore_errors=True)
        cost = self._dbt("full", self.home, *BUILD)
        return {**cost, "disk": folder_megabytes(self.home / "build"), **self._nodes()}

    def again(self, name: str) -> Figures:
        """A whole build on what is there."""
        cost = self._dbt(name, self.home, *BUILD)
        return {**cost, "disk": folder_megabytes(self.home / "build"), **self._nodes()}

    def scoring(self) -> Figures:
        """Features of the as-of date, and the segments of all traders by the stored model."""
        return {**self._dbt("scoring", self.home, "run", "--select", SCORING), **self._nodes()}

    def same_features(self) -> Figures:
        """The features alone that the scripts compute, from raw tables, into an empty home."""
        home = self.home.with_name(f"{self.home.name}-features")
        shutil.rmtree(home, ignore_errors=True)
        cost = self._dbt("same_features", home, "run", "--select", *SAME_FEATURES)
        shutil.rmtree(home)
        return dict(cost)

    def sample(self) -> Figures:
        """Features of a thousand traders, spread over all, by trader."""
        path = self.home / "build" / "warehouse.duckdb"
        with duckdb.connect(str(path), read_only=True) as connection:
            return _rows(
                connection,
                "select trader_id, {} from trader_features where fill_count > 0 "
                f"order by md5(trader_id) limit {SAMPLED}",
            )

    def trader_days(self) -> Figures:
        """Rows of `int_trader_days`, position days, and the largest tables by name, in rows."""
        path = self.home / "build" / "warehouse.duckdb"
        with duckdb.connect(str(path), read_only=True) as connection:
            rows = connection.execute(
                "select table_name, estimated_size from duckdb_tables() order by 2 desc, 1"
            ).fetchall()
            held = connection.execute("select count(*) from int_position_quantities").fetchone()
        assert held
        tables = dict(rows)
        return {
            "rows": tables["int_trader_days"],
            "position_days": held[0],
            "tables": dict(rows[:LARGEST_TABLES]),
        }

    def floor(self, raw: Path) -> Figures:
        """One scan of the fills and one grouping by trader and day, in plain DuckDB."""
        return self._script("floor", "scan_floor.py", raw)

    def script(self, name: str, raw: Path) -> Figures:
        """`features_<name>.py`, and how many of the sampled traders' values differ from ours."""
        out = self.kept / f"{name}.parquet"
        cost = self._script(name, f"features_{name}.py", raw, out)
        ours = self.figures()["sample"]
        with duckdb.connect() as connection:
            theirs = _rows(connection, f"select trader_id, {{}} from '{out.as_posix()}'")
        out.unlink()
        differing = disagreements(ours, theirs)
        values = len(ours) * len(COLUMNS)
        return {**cost, "values": values, "differing": len(differing), "first": differing[:5]}

    def spark(self) -> Figures:
        """A whole build by the target `spark` on a server of its own: seconds of dbt and the
        server together, and what the server's tasks computed and sent."""
        home = self.home.with_name(f"{self.home.name}-spark")
        shutil.rmtree(home, ignore_errors=True)
        with spark_server(home.with_name(f"{home.name}-server")) as server:
            before = server.cpu()
            remote = {"SPARK_REMOTE": server.remote}
            cost = self._dbt("spark", home, *BUILD, "--target", "spark", settings=remote)
            cpu = cost["cpu"] + server.cpu() - before
            tasks = server.tasks()
        shutil.rmtree(home)
        return {"wall": cost["wall"], "cpu": cpu, **tasks}

    def _script(self, name: str, script: str, *arguments: Path) -> Figures:
        command = [sys.executable, str(Path(__file__).with_name(script)), *map(str, arguments)]
        return dict(measured_script(command, {}, self.kept / f"{name}.log"))

    def _dbt(
        self, name: str, home: Path, *arguments: str, settings: Mapping[str, str] | None = None
    ) -> Figures:
        (home / "build").mkdir(parents=True, exist_ok=True)
        environment = {
            "TRADER_SEGMENTS_HOME": str(home),
            "RAW_DATA": str(self.raw),
            "VENUE": "exchange",
            "DBT_TARGET_PATH": str(home / "target"),
            "DBT_LOG_PATH": str(home / "logs"),
            **(settings or {}),
        }
        if self.memory:
            environment["TRADER_SEGMENTS_MEMORY"] = self.memory
        command = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *arguments]
        return dict(measured(command, environment, self.kept / f"{name}.log"))

    def _nodes(self) -> Figures:
        """Seconds of the costliest nodes of the last run, tests together."""
        path = self.home / "target" / "run_results.json"
        return {"nodes": costliest(json.loads(path.read_text(encoding="utf-8"))["results"])}


def costliest(results: list[Mapping[str, Any]]) -> dict[str, float]:
    """Seconds of the models that took longest, longest first; all data tests count as one."""
    seconds: dict[str, float] = {}
    for result in results:
        kind, _, name = result["unique_id"].split(".")[:3]
        label = "data tests" if kind == "test" else name
        seconds[label] = seconds.get(label, 0.0) + result["execution_time"]
    longest = sorted(seconds.items(), key=lambda each: -each[1])[:COSTLIEST]
    return {name: round(taken, 2) for name, taken in longest}


def measure_size(
    size: Size,
    work: Path,
    say: Callable[[str], None],
    *,
    memory: str | None = None,
    beside: Collection[str] = (),
    keep: bool = False,
) -> Figures:
    """Every figure of one size; venue and home are deleted once all are there, unless kept.

    `beside`: what is measured beside the builds, of SCRIPTS, `same_features` and `spark`.
    """
    venue = ScaleVenue(size, work / "venues" / size.name)
    runs = Runs(venue.raw, work / "homes" / size.name, work / "figures" / size.name, memory)
    wanted = {*BUILDS, "size", "rows", "floor", *beside}
    if wanted <= runs.figures().keys():
        return runs.figures()
    say(f"{size.name}: venue")
    venue.make()
    runs.once("rows", venue.rows)
    runs.once("size", lambda: asdict(size))
    say(f"{size.name}: floor")
    runs.once("floor", lambda: runs.floor(venue.first))
    _builds(venue, runs, say)
    venue.show(venue.first)
    if "same_features" in wanted:
        say(f"{size.name}: the same features alone")
        runs.once("same_features", runs.same_features)
    for name in sorted(SCRIPTS & wanted):
        say(f"{size.name}: {name}")
        runs.once(name, partial(runs.script, name, venue.first))
    if "spark" in wanted:
        say(f"{size.name}: Spark")
        runs.once("spark", runs.spark)
    if not keep:
        shutil.rmtree(venue.folder)
        shutil.rmtree(runs.home, ignore_errors=True)
    return runs.figures()


def _builds(venue: ScaleVenue, runs: Runs, say: Callable[[str], None]) -> None:
    """A whole build, then the last day, then a scoring: each needs what the one before left.

    Where one was interrupted the home is of no known state, and all three start again.
    """
    if set(BUILDS) <= runs.figures().keys():
        return
    for name in BUILDS:
        (runs.kept / f"{name}.json").unlink(missing_ok=True)
    venue.show(venue.first)
    say(f"{venue.size.name}: whole build")
    runs.once("full", runs.full)
    runs.once("sample", runs.sample)
    runs.once("trader_days", runs.trader_days)
    venue.show(venue.second)
    say(f"{venue.size.name}: increment")
    runs.once("increment", lambda: runs.again("increment"))
    say(f"{venue.size.name}: scoring")
    runs.once("scoring", runs.scoring)


def measure_sample_venue(work: Path, say: Callable[[str], None]) -> Figures:
    """A whole build of the sample venue: 2,000 traders, 180 days, every raw table."""
    folder = work / "venues" / "sample"
    runs = Runs(folder / "raw", work / "homes" / "sample", work / "figures" / "sample")
    if "full" not in runs.figures():
        say("sample venue")
        if not (folder / "raw").exists():
            command = [COMMAND, "simulate", "--out", str(folder)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        runs.once("full", runs.full)
        shutil.rmtree(runs.home)
        shutil.rmtree(folder)
    return runs.figures()


def folder_megabytes(folder: Path) -> float:
    """Bytes of all files of a folder, in MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Figures:
    """Trader to feature to value, as numbers that JSON can hold."""
    values = ", ".join(f"cast({name} as double) as {name}" for name in COLUMNS)
    rows = connection.execute(query.format(values)).fetchall()
    return {row[0]: dict(zip(COLUMNS, row[1:], strict=True)) for row in rows}
