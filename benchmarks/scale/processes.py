"""What a command takes: seconds on the clock, CPU seconds, peak of its resident memory."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

ROOT = Path(__file__).resolve().parents[2]
_KIBIBYTE = 1024


class Cost(TypedDict):
    """Seconds on the clock, CPU seconds of all threads, and the peak of resident memory in MB."""

    wall: float
    cpu: float
    megabytes: float


def measured(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Cost:
    """Run a command from the project's root and say what the whole process took.

    The kernel counts a process' peak from that of its parent on, so the caller has to be small:
    what is heavy runs in processes of its own.

    Raises
    ------
    RuntimeError
        Where the command fails; names the log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()
            raise
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed with {process.returncode}, see {log}")
    return {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "megabytes": usage.ru_maxrss * _KIBIBYTE / 1e6,
    }


def measured_script(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Cost:
    """The same of a script that times itself once its imports are done.

    Its last line is a JSON object with `wall` and `cpu`; memory is that of the process.
    """
    whole = measured(command, environment, log)
    said = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    return {"wall": said["wall"], "cpu": said["cpu"], "megabytes": whole["megabytes"]}


class Stopwatch:
    """Clock and CPU of this process since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        """`wall` and `cpu` so far."""
        return {
            "wall": time.perf_counter() - self._wall,
            "cpu": time.process_time() - self._cpu,
        }
