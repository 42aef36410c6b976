"""Audiences as files, all of one build, behind one link that is swapped when they are complete::

exports/current -> versions/20260630T101500Z-1a2b3c4d
exports/versions/20260630T101500Z-1a2b3c4d/
    manifest.json
    win_back.csv  win_back.parquet  win_back.jsonl
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from trader_segments.campaigns.audiences import addressed, campaigns, served_build

FORMATS = {"csv": "csv, header", "parquet": "parquet", "jsonl": "json"}
_KEPT = 3


def export_audiences(published: Path, out: Path, *, with_control: bool = False) -> Path:
    """Write the audiences of the served build as one version, then turn the link to it.

    What fails before that leaves the files of before in their place. A campaign that lost its last
    trader has files without rows.

    Parameters
    ----------
    published
        Folder that readers open.
    out
        Folder of ``current`` and ``versions``.
    with_control
        Also who is to be left alone, for who keeps the record of both arms.

    Returns
    -------
    The folder of the version.

    Raises
    ------
    trader_segments.campaigns.audiences.AudienceError
        If there is nothing to export.
    """
    build = served_build(published)
    name = build.build_id + ("-with-control" if with_control else "")
    version = out / "versions" / name
    if not version.exists():
        draft = out / "versions" / f".{name}.{os.getpid()}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            with build.connect() as connection:
                contents = {
                    campaign: _write(connection, draft, campaign, with_control=with_control)
                    for campaign in campaigns(connection)
                }
            manifest = {
                "build_id": build.build_id,
                "as_of_date": build.manifest["as_of_date"],
                "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "hash_key": build.manifest.get("hash_key"),
                "campaigns": contents,
            }
            text = json.dumps(manifest, indent=2) + "\n"
            (draft / "manifest.json").write_text(text, encoding="utf-8")
            _sync(draft)
            draft.rename(version)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    _point(out / "current", f"versions/{name}")
    _prune(out, name)
    return version


def remove_exports(out: Path) -> list[str]:
    """Remove everything that was exported; the names of the versions."""
    names = sorted(path.name for path in (out / "versions").glob("*"))
    (out / "current").unlink(missing_ok=True)
    shutil.rmtree(out / "versions", ignore_errors=True)
    return names


def _write(
    connection: duckdb.DuckDBPyConnection, folder: Path, campaign: str, *, with_control: bool
) -> dict[str, Any]:
    select = f"{addressed(with_control=with_control)} and campaign_id = '{campaign}'"
    rows = connection.execute(
        f"select arm, count(*) from ({select}) group by 1 order by 1"
    ).fetchall()
    files = {}
    for suffix, options in FORMATS.items():
        path = folder / f"{campaign}.{suffix}"
        target = str(path).replace("'", "''")
        connection.execute(f"copy ({select} order by trader_id) to '{target}' (format {options})")
        with path.open("rb") as stream:
            files[path.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"rows": sum(count for _, count in rows), "arms": dict(rows), "digests": files}


def _point(link: Path, target: str) -> None:
    draft = link.with_name(f".{link.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(link)


def _prune(out: Path, served: str) -> None:
    names = sorted((path.name for path in (out / "versions").glob("[!.]*")), reverse=True)
    for name in [name for name in names if name != served][_KEPT - 1 :]:
        shutil.rmtree(out / "versions" / name, ignore_errors=True)


def _sync(folder: Path) -> None:
    for path in (*folder.iterdir(), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
