"""How large the working database is after thirty nights, against one that is built from nothing.

From the project's root:

    python benchmarks/scale/growth.py [--nights 30] [--traders 300] [--days 90]

A sample venue is cut before its last nights. It is built from nothing, and built on with one day
after the other, by the command that `make build` runs, without tests; what a night leaves is the
size after the command's own compaction. At the end the same input is built in an empty home.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import duckdb
from increments import EVENT_TIMES, ROOT

from trader_segments.build import Settings, parse_project, run_dbt
from trader_segments.simulate import simulate
from trader_segments.warehouse import DATABASES, compact

MODELS = ["build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]


def split(raw: Path, target: Path, nights: int) -> list[Path]:
    """The venue before its last nights, and each of these days: a folder each."""
    with duckdb.connect() as connection:
        ((last,),) = connection.execute(
            f"select cast(max(executed_at) as date) from '{raw}/fills.parquet'"
        ).fetchall()
        folders = [target / f"{night:02d}" for night in range(nights + 1)]
        for path in raw.glob("*.parquet"):
            event_at = EVENT_TIMES.get(path.stem)
            for night, folder in enumerate(folders):
                first = f"date '{last}' - {nights - 1}"
                condition = f"cast({event_at} as date) = {first} + {night - 1}"
                if night == 0:
                    condition = f"not coalesce(cast({event_at} as date) >= {first}, false)"
                if event_at is None:
                    condition = "true"
                if event_at or night == 0:
                    file = folder / path.stem / f"{folder.name}.parquet"
                    file.parent.mkdir(parents=True, exist_ok=True)
                    connection.execute(f"copy (from '{path}' where {condition}) to '{file}'")
    return folders


def megabytes(home: Path) -> float:
    """Size of the working databases."""
    return sum((home / "build" / name).stat().st_size for name in DATABASES) / 1e6


def main() -> None:
    """Build night by night and print what each leaves."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--traders", type=int, default=300)
    parser.add_argument("--days", type=int, default=90)
    given = parser.parse_args()
    work = Path(tempfile.mkdtemp())
    try:
        simulate(work / "venue", traders=given.traders, days=given.days, seed=7)
        folders = split(work / "venue" / "raw", work / "nights", given.nights)
        raw = work / "raw"
        os.environ["RAW_DATA"] = str(raw)
        os.environ["TRADER_SEGMENTS_HOME"] = str(work / "home")
        manifest = parse_project(ROOT)

        def build(home: Path) -> None:
            os.environ["TRADER_SEGMENTS_HOME"] = str(home)
            os.environ["DBT_TARGET_PATH"] = str(home / "target")
            os.environ["DBT_LOG_PATH"] = str(home / "logs")
            settings = Settings(ROOT, home, "exchange", str(raw))
            settings.build.mkdir(parents=True, exist_ok=True)
            if not run_dbt(ROOT, MODELS, lambda _: None, manifest=manifest):
                raise SystemExit(f"the build failed; see {home / 'logs'}")
            built = megabytes(home)
            compacted = [name for name in DATABASES if compact(settings.build / name)]
            print(f"{built:>14,.1f}{megabytes(home):>12,.1f}  {', '.join(compacted)}", flush=True)

        print(f"{'night':>5}{'MB when built':>14}{'MB left':>12}  compacted")
        for night, folder in enumerate(folders):
            shutil.copytree(folder, raw, dirs_exist_ok=True)
            print(f"{night:>5}", end="")
            build(work / "home")
        print(f"{'fresh':>5}", end="")
        build(work / "fresh")
        ratio = megabytes(work / "home") / megabytes(work / "fresh")
        print(f"after {given.nights} nights {ratio:.2f} times a fresh one")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
