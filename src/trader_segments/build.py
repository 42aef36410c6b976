"""The main job: a sample venue where there is no input, `dbt build`, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from trader_segments import raw_input
from trader_segments.object_storage import is_remote
from trader_segments.privacy.suppression import carry_over
from trader_segments.publish import read_manifest
from trader_segments.simulate import simulate
from trader_segments.warehouse import (
    DATABASES,
    SCHEMA_RAW,
    Origin,
    compact,
    find_origin,
    sample_folder,
    set_aside,
)

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

Say = Callable[[str], None]

_BUILD = ("build", "--exclude-resource-type", "unit_test")
"""Unit tests never look at the data: `make test` runs them, and plain `dbt build`."""


@dataclass(frozen=True)
class Settings:
    """Where a build reads and writes, from the environment.

    Attributes
    ----------
    project_root
        Folder with `dbt_project.yml`.
    home
        Base folder of `build/`, `published/` and `exports/` (TRADER_SEGMENTS_HOME, by default the
        project's).
    venue
        VENUE, by default `exchange`.
    raw_data
        RAW_DATA, empty where it is not set.
    """

    project_root: Path
    home: Path
    venue: str
    raw_data: str

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the settings of this process, with the working directory as the project's root."""
        root = Path.cwd()
        home = os.environ.get("TRADER_SEGMENTS_HOME") or str(root)
        return cls(
            project_root=root,
            home=Path(home).resolve(),
            venue=os.environ.get("VENUE") or "exchange",
            raw_data=os.environ.get("RAW_DATA") or "",
        )

    @property
    def build(self) -> Path:
        """Folder of the working databases."""
        return self.home / "build"

    @property
    def published(self) -> Path:
        """Folder that readers open."""
        return self.home / "published"

    @property
    def exports(self) -> Path:
        """Folder of exported audiences."""
        return self.home / "exports"


def run_build(settings: Settings, dbt_arguments: list[str], say: Say) -> bool:
    """Build and publish; True if new marts are published.

    Raises
    ------
    trader_segments.raw_input.RawInputError
        If the input is not what it says; the message has one sentence a problem.
    """
    settings.build.mkdir(mode=0o700, parents=True, exist_ok=True)
    origin = find_input(settings, say)
    if is_remote(origin.raw_data):
        say(f"Fetching what is new at {origin.raw_data}")
    problems = (
        []
        if origin.raw_data == SCHEMA_RAW
        else raw_input.check(
            settings.project_root, settings.venue, settings.raw_data, home=settings.home
        )
    )
    if problems:
        raise raw_input.RawInputError("\n".join(problem.problem for problem in problems))
    moved = set_aside(settings.build, origin)
    if moved:
        say(moved)
    carry_over(settings.build, settings.venue)
    say(f"Building {settings.venue} from {origin.raw_data}")
    before = read_manifest(settings.published)
    succeeded = run_dbt(settings.project_root, [*_BUILD, *dbt_arguments], say)
    for name in DATABASES:
        if compact(settings.build / name):
            say(f"Compacted {name}")
    after = read_manifest(settings.published)
    return succeeded and after is not None and after != before


def find_input(settings: Settings, say: Say) -> Origin:
    """What is to be built; makes the sample venue where the exchange has no input at all."""
    warehouse = settings.build / DATABASES[0]
    if warehouse.exists():
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            origin = find_origin(connection, settings.home, settings.venue, settings.raw_data)
    else:
        origin = find_origin(None, settings.home, settings.venue, settings.raw_data)
    sample = sample_folder(settings.home)
    if origin == Origin("exchange", str(sample)) and not sample.is_dir():
        say("RAW_DATA is not set: making a sample venue (2,000 traders, 180 days)")
        result = simulate(sample.parent)
        rows = sum(result.rows.values())
        say(f"Made {rows:,} raw rows in {result.seconds:.0f} s: {sample}")
    return origin


def parse_project(project_root: Path) -> Manifest:
    """Read the dbt project once, for several runs."""
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    where = ["--project-dir", str(project_root), "--profiles-dir", str(project_root)]
    result = dbtRunner().invoke(["parse", *where, "--log-level", "error"])
    if not isinstance(result.result, Manifest):
        raise RuntimeError(f"the project cannot be read: {result.exception}")
    return result.result


def run_dbt(
    project_root: Path, arguments: list[str], say: Say, *, manifest: Manifest | None = None
) -> bool:
    """Run dbt in this process and say one line a model; what fails is said in full.

    Nothing is left open.

    Parameters
    ----------
    manifest
        The project as :func:`parse_project` has read it; else it is read now.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    progress = _Progress(say)
    result = dbtRunner(manifest=manifest, callbacks=[progress]).invoke(
        [
            *arguments,
            "--project-dir",
            str(project_root),
            "--profiles-dir",
            str(project_root),
            "--log-level",
            "error",
        ]
    )
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    progress.finish()
    if result.exception is not None:
        say(str(result.exception))
    return bool(result.success)


def run_dbt_in(
    settings: Settings, home: Path, raw_data: str, arguments: list[str], say: Say
) -> bool:
    """Run dbt on the databases of another home."""
    ours = {
        "TRADER_SEGMENTS_HOME": str(home),
        "RAW_DATA": raw_data,
        "VENUE": settings.venue,
        "DBT_TARGET_PATH": str(home / "target"),
        "DBT_LOG_PATH": str(home / "logs"),
    }
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        return run_dbt(settings.project_root, arguments, say)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class _Progress:
    """Turns dbt's events into a line for each table, and counts views and tests."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.views = 0
        self.passed_tests = 0

    def __call__(self, event: Any) -> None:
        name, data = event.info.name, event.data
        if name == "LogModelResult" and " view " in f" {data.description}":
            self.views += 1
        elif name == "LogModelResult":
            self._line(data, data.description.split(".")[-1], data.execution_time)
        elif name == "LogSeedResult":
            self._line(data, data.relation, data.execution_time)
        elif name == "LogTestResult" and data.status == "pass":
            self.passed_tests += 1
        elif name == "Note":
            self.say(event.info.msg)

    def _line(self, data: Any, what: str, seconds: float) -> None:
        outcome = "" if data.status.startswith(("OK", "success")) else f"  {data.status}"
        self.say(f"  {data.index:>3}/{data.total}  {what:<40} {seconds:6.1f} s{outcome}")

    def finish(self) -> None:
        """Say how many views were made and tests passed."""
        self.say(f"  {self.views} views made, {self.passed_tests} tests passed")


def summary(settings: Settings) -> list[str]:
    """What is published, in lines: segments, what was missing, where it is."""
    marts = settings.published / "marts.duckdb"
    with duckdb.connect(str(marts.resolve()), read_only=True) as connection:
        connection.execute("use marts")
        return [
            *_segment_lines(connection),
            *_model_lines(connection),
            *_input_lines(connection),
            "",
            f"Marts    {marts}",
            f"Parquet  {settings.published / 'marts'}",
            f"Report   {settings.published / 'report.html'}",
        ]


def _segment_lines(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        """
        select
            segment_name,
            traders,
            trader_share,
            cast(volume_usd as double),
            cast(net_revenue_usd as double)
        from segment_summary
        order by traders desc, segment_id
        """
    ).fetchall()
    as_of_date = connection.execute("select max(as_of_date) from segment_summary").fetchall()[0][0]
    traders = sum(row[1] for row in rows)
    lines = [
        "",
        f"{traders:,} traders in {len(rows)} segments as of {as_of_date}",
        f"{'segment':<44}{'traders':>9}{'share':>8}{'volume USD':>18}{'net revenue USD':>17}",
    ]
    lines += [
        f"{name:<44.44}{count:>9,}{share:>8.1%}{_amount(volume):>18}{_amount(revenue):>17}"
        for name, count, share, volume, revenue in rows
    ]
    return lines


def _model_lines(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        """
        select status, model_version, coalesce(champion_since, as_of_date), why
        from segmentation_models
        where status <> 'retired'
        order by status
        """
    ).fetchall()
    lines = [""]
    for status, version, since, why in rows:
        if status == "champion":
            lines.append(f"Model {version} scores since {since}")
        else:
            lines.append(f"Challenger {version}: {why}")
    return lines


def _input_lines(connection: duckdb.DuckDBPyConnection) -> list[str]:
    health = connection.execute(
        "select source_table, is_present, rows_rejected, rows_duplicate from source_health "
        "order by source_table"
    ).fetchall()
    missing = [table for table, is_present, _, _ in health if not is_present]
    rejected = [f"{rows:,} of {table}" for table, _, rows, _ in health if rows]
    copies = [f"{rows:,} of {table}" for table, _, _, rows in health if rows]
    unpriced = connection.execute("select currency from unpriced_currencies order by 1").fetchall()
    lines = ["", f"Inputs missing: {', '.join(missing) or 'none'}"]
    lines += _unknown_feature_lines(connection, missing)
    if rejected:
        lines.append(f"Rows rejected (mart rejected_rows): {', '.join(rejected)}")
    if copies:
        lines.append(f"Exact copies dropped: {', '.join(copies)}")
    if unpriced:
        currencies = ", ".join(row[0] for row in unpriced)
        lines.append(f"No dollar price for {currencies}: amounts in it are NULL in US dollars")
    return lines


def _unknown_feature_lines(
    connection: duckdb.DuckDBPyConnection, missing: list[str]
) -> Iterator[str]:
    catalog = connection.execute(
        "select feature_name, requires, coverage from feature_catalog "
        "order by feature_group, feature_name"
    ).fetchall()
    there = {source for _, requires, share in catalog if share for source in requires.split(", ")}
    features_by_cause: dict[str, list[str]] = {}
    for feature, requires, share in catalog:
        if share:
            continue
        wanting = [
            source
            for source in requires.split(", ")
            if source in missing or ("." in source and source not in there)
        ]
        cause = f"without {' and '.join(wanting)}" if wanting else "as no trader has enough of it"
        features_by_cause.setdefault(cause, []).append(feature)
    for cause, features in features_by_cause.items():
        yield f"NULL {cause}: {', '.join(features)}"


def _amount(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"
