"""The audiences of the build that readers have: whom to address, and nothing about the others.

Why a trader is suppressed stays where it is: a sales team must not see it, and who is suspected
must not learn of it (EU AMLR 2024/1624 Art. 73).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from trader_segments.publish import read_manifest

FIELDS = ("campaign_id", "trader_id", "arm", "assigned_on")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class AudienceError(Exception):
    """Why there are no audiences to hand on, in a sentence."""


@dataclass(frozen=True)
class ServedBuild:
    """A published build, opened once: it stays the same while the next one is published.

    Attributes
    ----------
    folder
        Its folder, links resolved.
    manifest
        What it says of itself.
    """

    folder: Path
    manifest: dict[str, Any]

    @property
    def build_id(self) -> str:
        return str(self.manifest["build_id"])

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection that reads its marts, in the schema `marts`."""
        return duckdb.connect(str(self.folder / "published.duckdb"), read_only=True)


def served_build(published: Path) -> ServedBuild:
    """The build that readers have.

    Raises
    ------
    AudienceError
        If nothing is published, or nothing with audiences in it.
    """
    current = published / "current"
    manifest = read_manifest(published)
    if manifest is None:
        raise AudienceError(f"nothing is published in {published} yet: run make build first")
    build = ServedBuild(current.resolve(), manifest)
    if "campaign_audiences" not in manifest["marts"]:
        raise AudienceError(f"build {build.build_id} has no campaign_audiences: run make build")
    return build


def campaigns(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Campaigns that have or ever had an audience, in order.

    Raises
    ------
    AudienceError
        If one has a name that cannot be that of a file.
    """
    rows = connection.execute(
        "select campaign_id from marts.campaign_audiences "
        "union select campaign_id from marts.audience_changes order by all"
    ).fetchall()
    for (campaign,) in rows:
        if not _NAME.fullmatch(campaign):
            raise AudienceError(f"the campaign {campaign!r} cannot be the name of a file")
    return [campaign for (campaign,) in rows]


def addressed(*, with_control: bool) -> str:
    """SQL of the traders to hand on, with `FIELDS`: the treated, and the control if asked for."""
    condition = "suppressed_because is null" if with_control else "is_active"
    return f"select {', '.join(FIELDS)} from marts.campaign_audiences where {condition}"
