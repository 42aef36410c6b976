"""Raw input in object storage: a local copy of its files, brought up to date before each build.

A copy, because rows that share a key with new ones are read again, and because an export that is
written while a build reads would be two states at once. Only objects that are new or have changed
are fetched. pyarrow speaks to the storage; keys and endpoints come from the storage's own
environment variables (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

_FETCHED_AT_ONCE = 8


class ObjectStorageError(ValueError):
    """Why the input cannot be fetched, in a sentence."""


def is_remote(raw_data: str | None) -> bool:
    """Whether RAW_DATA is an address such as ``s3://bucket/folder``, and no folder."""
    return "://" in (raw_data or "")


def local_folder(home: Path, raw_data: str) -> Path:
    """The folder that has the tables: RAW_DATA itself, or the copy of an address.

    A link keeps its name, so that a folder that is linked anew each night stays one input, of which
    files that have not changed are not read again.
    """
    if not is_remote(raw_data):
        return Path(os.path.abspath(raw_data))  # noqa: PTH100 - resolve() follows links
    digest = hashlib.sha256(raw_data.encode()).hexdigest()[:8]
    return home.resolve() / "build" / "fetched" / digest


def fetch(address: str, folder: Path, suffixes: tuple[str, ...]) -> int:
    """Make a folder the copy of the files at an address.

    Parameters
    ----------
    suffixes
        Ends of the names that matter; other objects, and names that begin with a dot or an
        underscore, are left where they are.

    Returns
    -------
    How many objects were fetched; what is there in the same size and with the same time of change
    is not fetched again.

    Raises
    ------
    ObjectStorageError
        If the address cannot be read. The copy stays as far as it came.
    """
    from pyarrow.fs import FileSelector, FileSystem, FileType

    if "@" in address.partition("://")[2].partition("/")[0]:
        raise ObjectStorageError(
            "RAW_DATA holds a key; leave it out and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    try:
        storage, base = FileSystem.from_uri(address)
        found = storage.get_file_info(FileSelector(base, recursive=True))
        present = {}
        for entry in found:
            name = entry.path.removeprefix(base).lstrip("/")
            parts = Path(name).parts
            if ".." in parts:
                raise ObjectStorageError(f"{address} has an object outside itself: {name}")
            is_hidden = any(part.startswith((".", "_")) for part in parts)
            if entry.type == FileType.File and name.endswith(suffixes) and not is_hidden:
                present[folder / name] = entry
        wanted = {path: entry for path, entry in present.items() if not _is_copy(path, entry)}
        with ThreadPoolExecutor(_FETCHED_AT_ONCE) as pool:
            list(pool.map(lambda item: _fetch_one(storage, item[1], item[0]), wanted.items()))
    except (OSError, ValueError) as error:
        if isinstance(error, ObjectStorageError):
            raise
        raise ObjectStorageError(f"{address} cannot be read: {error}") from error
    for path in folder.rglob("*"):
        if path.is_file() and path not in present:
            path.unlink()
    return len(wanted)


def _is_copy(path: Path, entry: FileInfo) -> bool:
    if not path.exists():
        return False
    stat = path.stat()
    return bool(stat.st_size == entry.size and stat.st_mtime_ns == entry.mtime_ns)


def _fetch_one(storage: FileSystem, entry: FileInfo, path: Path) -> None:
    """Write beside and rename, so that a copy is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    with (
        storage.open_input_stream(entry.path, compression=None) as source,
        unfinished.open("wb") as target,
    ):
        shutil.copyfileobj(source, target, 1 << 20)
    os.utime(unfinished, ns=(entry.mtime_ns, entry.mtime_ns))
    unfinished.replace(path)
