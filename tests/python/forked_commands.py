"""Commands of the project, in processes forked from one that has imported dbt: seconds less."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

FORKED_FROM = multiprocessing.get_context("forkserver")
FORKED_FROM.set_forkserver_preload(
    ["dbt.cli.main", "dbt.adapters.duckdb", "trader_segments.cli", "trader_segments.dbt_models"]
)


def run_forked(
    command: str,
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    output: Path,
    timeout: float,
) -> int:
    """The exit code of `dbt` or `trader-segments`, run in a folder with this environment alone.

    What it prints goes to `output`. Raises TimeoutError after `timeout` seconds.
    """
    process = FORKED_FROM.Process(
        target=_run, args=(command, [*arguments], folder, dict(environment), output)
    )
    process.start()
    process.join(timeout)
    if process.is_alive():
        process.kill()
        process.join()
        raise TimeoutError(f"{command} {' '.join(arguments)} took over {timeout} seconds")
    assert process.exitcode is not None
    return process.exitcode


def _run(
    command: str, arguments: list[str], folder: Path, environment: dict[str, str], output: Path
) -> None:
    with output.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [command, *arguments]
    if command == "dbt":
        from dbt.cli.main import cli as main
    else:
        from trader_segments.cli import main
    try:
        main()
    finally:
        atexit._run_exitfuncs()  # A process of multiprocessing leaves them out.
