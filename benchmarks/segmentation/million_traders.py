"""A million traders fitted and scored: time and memory of each step of the dbt project.

From the project's root, after `make build` of the sample venue:

    python benchmarks/segmentation/million_traders.py [--traders 1000000] [--memory 700MB]

The traders are those of the build, each drawn many times and jittered by the hash of its number:
amounts by a factor of exp(-1/2) to exp(1/2), shares and ratios within their bounds. They stand as
`trader_features` in a database of their own, on which dbt runs every model between that table and
`trader_segments`, first with a fit, then with the model of the first run. Models run one after the
other, each on all cores; the peak is that of the whole process while the step runs. A plain scan of
all columns and scikit-learn's k-means on the same inputs run beside it, each in its own process.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import yaml

ROOT = Path(__file__).resolve().parents[2]
SELECTION = "trader_features+,+file:trader_segments.sql"
AROUND = ("segmentation_measures", "drift_sample")
"""Models beyond the segments that look at every trader, in Python."""

GIVEN = ("int_as_of_date", "styles", "style_rules", "axis_rules")
JITTERED = {
    "log1p": "{x} * exp({e})",
    "asinh": "{x} * exp({e})",
    "logit": "{x} + {e} * {x} * (1 - {x})",
    "fisher_z": "{x} + {e} * (1 - {x} * {x})",
    "identity": "{x}",
}


def make_warehouse(home: Path, source: Path, traders: int) -> None:
    """Write a warehouse with so many traders, drawn from a build's, and nothing derived of them."""
    registry = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    columns = []
    for group in registry["vars"]["trader_features"]:
        for column in group["columns"]:
            name, kind = column["name"], column["data_type"]
            noise = f"(hash('{name}', number) % 1000000 / 1e6 - 0.5)"
            value = JITTERED[column["transform"]].format(x=f"cast({name} as double)", e=noise)
            columns.append(f"cast({value} as {kind}) as {name}")
    (home / "build").mkdir(parents=True)
    with duckdb.connect(str(home / "build" / "warehouse.duckdb")) as connection:
        connection.execute(f"attach '{source}' as source (read_only)")
        for table in GIVEN:
            connection.execute(f"create table {table} as from source.main.{table}")
        connection.execute(
            f"""
            create table trader_features as
            with drawn as (
                select row_number() over (order by trader_id) - 1 as place, *
                from source.main.trader_features
            )
            select
                'trader-' || lpad(cast(number as varchar), 9, '0') as trader_id,
                as_of_date,
                {", ".join(columns)}
            from range({traders}) as numbers (number)
            inner join drawn on drawn.place = number % (select count(*) from drawn)
            order by hash(number)
            """
        )


def reset_peak() -> None:
    """Forget the peak of the resident set; without Linux's /proc it stays that of the process."""
    if os.access("/proc/self/clear_refs", os.W_OK):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_bytes() -> int:
    """Highest resident set since the last reset."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def report(name: str, wall: float, cpu: float, peak: float) -> None:
    """Print one line of the table."""
    print(f"{name:<34}{wall:>9.1f}{cpu:>9.1f}{peak / 1e6:>9.0f}", flush=True)


def run_dbt(selection: list[str]) -> None:
    """Run models and print what each took, and all together."""
    from dbt.cli.main import dbtRunner

    steps: list[tuple[str, float, float, int]] = []
    begun: dict[str, tuple[float, float]] = {}

    def note(event: object) -> None:
        kind = event.info.name  # type: ignore[attr-defined]
        if kind not in ("NodeStart", "NodeFinished"):
            return
        name = event.data.node_info.node_name  # type: ignore[attr-defined]
        if kind == "NodeStart":
            reset_peak()
            begun[name] = (time.perf_counter(), time.process_time())
        else:
            wall, cpu = begun[name]
            taken = (time.perf_counter() - wall, time.process_time() - cpu)
            steps.append((name, *taken, peak_bytes()))
            report(*steps[-1])

    arguments = ["--quiet", "run", "--threads", "1", "--select", *selection]
    result = dbtRunner(callbacks=[note]).invoke([*arguments, "--exclude", "trader_features"])
    report("together", sum(s[1] for s in steps), sum(s[2] for s in steps), max(s[3] for s in steps))
    if not result.success:
        raise SystemExit(f"dbt failed: {result.exception or [r.message for r in result.result]}")


def run_beside(home: Path, what: str) -> None:
    """Scan every column once, or cluster the model's inputs with k-means."""
    with duckdb.connect(str(home / "build" / "warehouse.duckdb"), read_only=True) as connection:
        if what == "scan":
            names = connection.sql("select * from trader_features limit 0").columns
            scan = ", ".join(f"sum(cast({name} as double))" for name in names[2:])
            wall, cpu = time.perf_counter(), time.process_time()
            connection.execute(f"select {scan} from trader_features").fetchall()
        else:
            from sklearn.cluster import KMeans

            known = "select distinct feature from segmentation_parameters where kind = 'input'"
            names = [name for (name,) in connection.execute(known).fetchall()]
            rows = connection.sql(f"select {', '.join(sorted(names))} from int_trader_inputs")
            inputs = rows.df().to_numpy()
            wall, cpu = time.perf_counter(), time.process_time()
            KMeans(11, n_init=1, random_state=0).fit_predict(inputs)
    taken = (time.perf_counter() - wall, time.process_time() - cpu)
    report({"scan": "scan of all columns", "kmeans": "k-means, 11"}[what], *taken, peak_bytes())


def main() -> None:
    """Prepare the traders, then run each part in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--traders", type=int, default=1_000_000)
    parser.add_argument("--home", type=Path, default=Path(os.getenv("TRADER_SEGMENTS_HOME", ".")))
    parser.add_argument("--memory", default="700MB")
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        if given.part[0] == "dbt":
            run_dbt(given.part[1:])
        else:
            run_beside(given.work, given.part[0])
        return
    with tempfile.TemporaryDirectory() as folder:
        home = given.work or Path(folder) / "home"
        if not (home / "build").exists():
            make_warehouse(home, given.home.resolve() / "build/warehouse.duckdb", given.traders)
        environment = {
            **os.environ,
            "TRADER_SEGMENTS_HOME": str(home),
            "TRADER_SEGMENTS_MEMORY": given.memory,
            "RAW_DATA": str(given.home.resolve() / "build/sample/raw"),
            "DBT_TARGET_PATH": str(home / "target"),
            "DBT_LOG_PATH": str(home / "logs"),
        }
        parts = {
            "fit and score": ["dbt", SELECTION],
            "score with the stored model": ["dbt", SELECTION],
            "around": ["dbt", *AROUND],
            "beside": ["scan"],
            "": ["kmeans"],
        }
        for title, part in parts.items():
            if title:
                print(f"\n{title:<34}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}", flush=True)
            command = [sys.executable, __file__, "--work", str(home), "--part", *part]
            subprocess.run(command, env=environment, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
