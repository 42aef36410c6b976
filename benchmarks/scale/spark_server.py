"""A Spark Connect server of two threads for one build, and what its tasks computed and sent."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import ROOT

sys.path.append(str(ROOT / "tests" / "python"))

from spark_cluster import SparkCluster

MEMORY = "6g"
"""Of the server: with it and dbt a build has about what DuckDB's has."""

SETTINGS: Mapping[str, object] = {
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.shuffle.partitions": 8,
    "spark.default.parallelism": 2,
    "spark.eventLog.enabled": "true",
    "spark.eventLog.compress": "false",
    "spark.eventLog.rolling.enabled": "false",
}
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class SparkServer:
    """A server that runs, `local[2]`.

    Attributes
    ----------
    remote
        Its address, for SPARK_REMOTE.
    pid
        Its process.
    events
        Folder of its event log.
    """

    remote: str
    pid: int
    events: Path

    def cpu(self) -> float:
        """CPU seconds of the server so far: tasks, planning, compiling, collecting garbage."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / _TICKS

    def tasks(self) -> dict[str, float]:
        """What all tasks so far took and sent; see :func:`task_totals`."""
        totals = dict.fromkeys(("task_cpu", "shuffle_megabytes", "spilled_megabytes"), 0.0)
        for log in sorted(path for path in self.events.rglob("*") if path.is_file()):
            with log.open(encoding="utf-8") as lines:
                for name, value in task_totals(lines).items():
                    totals[name] += value
        return totals


@contextmanager
def spark_server(folder: Path) -> Iterator[SparkServer]:
    """A server with an empty catalog, ended and removed with the block."""
    events = folder / "events"
    shutil.rmtree(folder, ignore_errors=True)
    events.mkdir(parents=True)
    settings = {**SETTINGS, "spark.eventLog.dir": events.as_uri()}
    with SparkCluster(
        folder, workers=0, memory=MEMORY, settings=settings, java_options="-XX:+UseParallelGC"
    ) as running:
        yield SparkServer(running.remote, running.server_pid, events)
    shutil.rmtree(folder)


def task_totals(events: Iterator[str]) -> dict[str, float]:
    """Of the lines of an event log: CPU seconds of tasks, MB that shuffles wrote, compressed, and
    MB that were spilled to disk."""
    cpu = written = spilled = 0
    for line in events:
        if '"SparkListenerTaskEnd"' not in line:
            continue
        metrics: Mapping[str, Any] = json.loads(line).get("Task Metrics") or {}
        cpu += metrics.get("Executor CPU Time", 0) + metrics.get("Executor Deserialize CPU Time", 0)
        written += metrics.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0)
        spilled += metrics.get("Disk Bytes Spilled", 0)
    return {
        "task_cpu": cpu / 1e9,
        "shuffle_megabytes": written / 1e6,
        "spilled_megabytes": spilled / 1e6,
    }
