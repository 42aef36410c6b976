"""Headless Chromium, as a reader's browser."""

import subprocess
from pathlib import Path

from tools import require_tool

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
)


def dump_dom(page: Path, profile: Path) -> tuple[str, list[str]]:
    """Open a page and return its document after scripts ran, and its console messages."""
    run = subprocess.run(
        [
            require_tool("chromium"),
            *_FLAGS,
            f"--user-data-dir={profile}",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return run.stdout, [line for line in run.stderr.splitlines() if "CONSOLE" in line]
