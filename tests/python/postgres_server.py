"""A PostgreSQL server of its own for tests and benchmarks, from the binaries of the machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import require_tool

_PLACES = (Path("/usr/lib/postgresql"), Path("/opt/homebrew/opt"), Path("/usr/local/opt"))


@contextmanager
def postgres_server(*, is_durable: bool = False) -> Iterator[str]:
    """The address of a new server on this machine, which is stopped and removed at the end.

    PostgreSQL does not run as root: there it runs as the user `postgres` or `nobody`.

    Parameters
    ----------
    is_durable
        Whether it waits for the disk, as a real one does.
    """
    binaries = Path(_find("initdb")).parent
    user = None
    # Not below pytest's folders, which only their owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="trader-segments-postgres-"))
    if os.getuid() == 0:
        user = next(name for name in ("postgres", "nobody") if _exists(name))
        shutil.chown(folder, user)
    data, port = folder / "data", _free_port()

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(binaries / program), "-D", str(data), *arguments],
            cwd=folder,
            user=user,
            extra_groups=None if user is None else [],
            stdout=(folder / "out").open("ab"),
            stderr=subprocess.STDOUT,
            timeout=120,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {(folder / 'out').read_text(encoding='utf-8')}")

    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "''",
        "fsync": "on" if is_durable else "off",
        "max_connections": 40,
    }
    try:
        run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        run("pg_ctl", "-o", options, "-w", "-l", str(folder / "log"), "start")
        try:
            yield f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
        finally:
            run("pg_ctl", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _find(program: str) -> str:
    """A program of PostgreSQL; Debian and Homebrew keep them out of the PATH."""
    found = [path for place in _PLACES for path in place.glob(f"*/bin/{program}")]
    newest = max(found, key=lambda path: (len(path.parts[-3]), path.parts[-3]), default=None)
    return str(newest) if newest else require_tool(program)


def _exists(user: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
