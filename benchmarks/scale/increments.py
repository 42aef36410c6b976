"""What a whole build and a one-day increment cost, against the floor of one scan and one GROUP BY.

From the project's root:

    python benchmarks/scale/increments.py [--fills 1000000] [--traders 10000] [--days 180]
    python benchmarks/scale/increments.py --sample

A scale-mode venue (fills, instruments and index prices), or with --sample the whole sample venue,
is cut before its last day. Without tests, one model after the other, it is built from nothing,
built on with that day, and built once more with nothing new. Seconds are of the processor, on all
threads, so that other work on the machine hardly matters; the peak is that of the process. What a
build costs whatever it reads is taken from a venue of 40 traders and 30 days. The floor reads the
same columns of the fills and groups them to trader days, once to warm up and once measured.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from trader_segments.simulate import simulate
from trader_segments.simulate.scale import simulate_scale

ROOT = Path(__file__).resolve().parents[2]
EVENT_TIMES = {
    "fills": "executed_at",
    "orders": "event_at",
    "quotes": "quoted_at",
    "positions": "snapshot_date",
    "open_interest": "snapshot_date",
    "balances": "snapshot_date",
    "transfers": "occurred_at",
    "index_prices": "priced_at",
    "funding_payments": "paid_at",
}
FLOOR = """
    create or replace table trader_days as
    select
        account_id,
        cast(executed_at as date) as event_date,
        count(*) as fills,
        count(order_id) as orders,
        count(distinct instrument_id) as instruments,
        count(case when side = 'buy' then 1 end) as buys,
        count(case when liquidity_role = 'maker' then 1 end) as makers,
        sum(cast(quantity * cast(price as double) as decimal(38, 12))) as notional,
        sum(cast(fee as decimal(38, 12))) as fee,
        sum(cast(realized_pnl as decimal(38, 12))) as realized_pnl,
        max(index_price) as index_price,
        max(mark_iv) as mark_iv,
        max(ingested_at) as ingested_at
    from '{fills}'
    group by 1, 2
"""


def cut(raw: Path, first: Path, last: Path) -> None:
    """Every table of a venue without its last day, and that day alone, a folder of files each."""
    with duckdb.connect() as connection:
        fills = raw / "fills" / "*.parquet" if (raw / "fills").is_dir() else raw / "fills.parquet"
        ((day,),) = connection.execute(
            f"select cast(max(executed_at) as date) from '{fills}'"
        ).fetchall()
        for path in raw.iterdir():
            table, files = path.stem, path / "*.parquet" if path.is_dir() else path
            event_at = EVENT_TIMES.get(table)
            parts = {first: f"not coalesce(cast({event_at} as date) >= '{day}', false)"}
            parts[last] = f"cast({event_at} as date) >= '{day}'"
            for folder, condition in parts.items() if event_at else [(first, "true")]:
                target = folder / table
                target.mkdir(parents=True)
                connection.execute(
                    f"copy (from '{files}' where {condition}) to '{target / folder.name}.parquet'"
                )


def run(step: str, *arguments: str) -> dict[str, Any]:
    """A step of this file in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--step", step, *arguments],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def build(home: Path, raw: Path) -> dict[str, Any]:
    """Processor seconds of a build and of each of its models."""
    from dbt.cli.main import dbtRunner

    os.environ |= {
        "TRADER_SEGMENTS_HOME": str(home),
        "RAW_DATA": str(raw),
        "DBT_TARGET_PATH": str(home / "target"),
        "DBT_LOG_PATH": str(home / "logs"),
    }
    started, models = [time.process_time()], {}

    def note(event: Any) -> None:
        if event.info.name == "NodeStart":
            started.append(time.process_time())
        elif event.info.name == "NodeFinished":
            models[event.data.node_info.unique_id] = time.process_time() - started[-1]

    home.mkdir(parents=True, exist_ok=True)
    without = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    arguments = ["build", *without, "--threads", "1", "--log-level", "none"]
    result = dbtRunner(callbacks=[note]).invoke(arguments)
    if not result.success:
        raise SystemExit(f"the build failed; see {home / 'logs'}: {result.exception}")
    seconds = time.process_time() - started[0]
    size = (home / "build" / "warehouse.duckdb").stat().st_size
    return {"seconds": seconds, "models": models, "bytes": size, "peak": peak()}


def floor(raw: Path) -> dict[str, Any]:
    """Processor seconds of the second of two scans."""
    with tempfile.TemporaryDirectory() as folder:
        with duckdb.connect(str(Path(folder) / "floor.duckdb")) as connection:
            for _ in range(2):
                started = time.process_time()
                connection.execute(FLOOR.format(fills=raw / "fills" / "*.parquet"))
        return {"seconds": time.process_time() - started, "peak": peak()}


def peak() -> float:
    """Largest memory of this process in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    """Measure, and print a table and the models that cost most."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fills", type=int, default=1_000_000)
    parser.add_argument("--traders", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--work", type=Path, help="keep everything in this folder")
    parser.add_argument("--step", choices=["build", "floor"], help=argparse.SUPPRESS)
    parser.add_argument("paths", nargs="*", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        print(json.dumps({"build": build, "floor": floor}[given.step](*given.paths)))
        return
    work = given.work or Path(tempfile.mkdtemp())
    try:
        measure(work, given)
    finally:
        if given.work is None:
            shutil.rmtree(work)


def measure(work: Path, given: argparse.Namespace) -> None:
    """Make the venues in a folder, and run each step on them."""
    if given.sample:
        simulate(work / "venue", traders=given.traders, days=given.days, seed=7)
    else:
        sizes = {"fills": given.fills, "traders": given.traders, "days": given.days}
        simulate_scale(work / "venue", **sizes, seed=7)
    simulate(work / "tiny", traders=40, days=30, seed=7)
    cut(work / "venue" / "raw", work / "first", work / "last")
    home, raw = work / "home", work / "first"
    steps = {"floor": run("floor", str(raw)), "from nothing": run("build", str(home), str(raw))}
    for path in (work / "last").rglob("*.parquet"):
        shutil.copy(path, raw / path.parent.name / path.name)
    steps["one day more"] = run("build", str(home), str(raw))
    steps["nothing new"] = run("build", str(home), str(raw))
    fixed = steps["tiny venue"] = run("build", str(work / "fixed"), str(work / "tiny" / "raw"))
    print(f"{'':<16}{'CPU s':>9}{'less fixed':>12}{'peak GB':>9}{'disk MB':>9}")
    for name, step in steps.items():
        own = step["seconds"] - (0 if name == "floor" else fixed["seconds"])
        disk = f"{step['bytes'] / 1e6:>9,.0f}" if "bytes" in step else ""
        print(f"{name:<16}{step['seconds']:>9.1f}{own:>12.1f}{step['peak']:>9.2f}{disk}")
    for name in ("from nothing", "one day more"):
        print(f"\nModels that cost most, {name}, CPU s:")
        costs = sorted(steps[name]["models"].items(), key=lambda item: -item[1])
        for model, seconds in costs[:15]:
            print(f"  {seconds:>8.2f}  {model.split('.')[-1]}")


if __name__ == "__main__":
    main()
