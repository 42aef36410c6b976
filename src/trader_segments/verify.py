"""Proof on a user's own data: what was built load by load is what a build from nothing gives.

A copy of the working databases is brought up to the present input in the usual way, and after that
built anew in the same place; every mart of the one is compared with that of the other, value for
value. The working databases and what is published stay as they are.

What tells of the past is no function of the present input, and no build gives it again: the models
that were fitted, the segments of earlier dates and the drift against the reference of then
(``full_refresh: false``). Both sides carry it over from the working database, and of it only what
the last build writes is put to the proof.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from trader_segments.build import Say, Settings, run_dbt_in
from trader_segments.publish import read_manifest
from trader_segments.warehouse import DATABASES, SCHEMA_RAW, read_origin

STAMPS = {"source_health": ("build_id",), "segmentation_models": ("fitted_at",)}
"""Columns that tell one build from another, and nothing about the data."""

_MODELS = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
_SHOWN_VALUES = 6


class VerifyError(Exception):
    """Why nothing could be compared, in a sentence."""


@dataclass(frozen=True)
class MartDifference:
    """How a mart differs.

    Attributes
    ----------
    rows, rows_anew
        Rows after the increments, and in the build from nothing.
    only, only_anew
        Rows that the other one has not.
    example
        One of them, in words: the key and the values that differ.
    """

    mart: str
    rows: int
    rows_anew: int
    only: int
    only_anew: int
    example: str


def verify_incremental(settings: Settings, say: Say) -> list[MartDifference]:
    """Compare a copy of the working database, built on and built anew; see the module.

    Raises
    ------
    VerifyError
        If there is no working database yet, or one of the two builds fails.
    """
    manifest = read_manifest(settings.published)
    warehouse = settings.build / DATABASES[0]
    if manifest is None or not warehouse.exists():
        raise VerifyError("there is nothing to verify yet: run make build first")
    home = settings.build / "verify"
    shutil.rmtree(home, ignore_errors=True)
    (home / "build").mkdir(parents=True)
    size = sum(path.stat().st_size for path in settings.build.glob("*.duckdb"))
    say(f"Copying the working databases ({size / 1e6:,.0f} MB) to {home}")
    for name in DATABASES:
        if (settings.build / name).exists():
            shutil.copyfile(settings.build / name, home / "build" / name)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        origin = read_origin(connection)
    raw_data = "" if origin is None or origin.raw_data == SCHEMA_RAW else origin.raw_data
    marts = sorted(manifest["marts"])
    try:
        say("Building on from the last load")
        if not run_dbt_in(settings, home, raw_data, [*_MODELS], say):
            raise VerifyError("the incremental build failed; the reason is above")
        _keep_marts(home, marts)
        say("Building anew")
        if not run_dbt_in(settings, home, raw_data, [*_MODELS, "--full-refresh"], say):
            raise VerifyError("the build from nothing failed; the reason is above")
        return compare_marts(home / "marts.duckdb", home / "build" / DATABASES[0], marts)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _keep_marts(home: Path, marts: Sequence[str]) -> None:
    with duckdb.connect(str(home / "marts.duckdb")) as connection:
        connection.execute(f"attach '{home / 'build' / DATABASES[0]}' as built (read_only)")
        for mart in marts:
            connection.execute(f'create table "{mart}" as from built.main."{mart}"')


def compare_marts(incremental: Path, anew: Path, marts: Sequence[str]) -> list[MartDifference]:
    """The marts that differ between two databases, value for value, in the schema main of both.

    Parameters
    ----------
    incremental, anew
        Database files that nobody has open.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach '{incremental}' as incremental (read_only)")
        connection.execute(f"attach '{anew}' as anew (read_only)")
        found = [_compare(connection, mart) for mart in marts]
    return [difference for difference in found if difference is not None]


def _compare(connection: duckdb.DuckDBPyConnection, mart: str) -> MartDifference | None:
    names = [
        name
        for (name, *_) in connection.execute(f'describe incremental.main."{mart}"').fetchall()
        if name not in STAMPS.get(mart, ())
    ]
    columns = ", ".join(f'"{name}"' for name in names)
    sides = [f'select {columns} from {side}.main."{mart}"' for side in ("incremental", "anew")]
    only, only_anew = (
        connection.execute(f"{one} except all {other} order by all").fetchall()
        for one, other in (sides, sides[::-1])
    )
    if not only and not only_anew:
        return None
    rows, rows_anew = (
        connection.execute(f"select count(*) from ({side})").fetchall()[0][0] for side in sides
    )
    example = _describe(names, only, only_anew)
    return MartDifference(mart, rows, rows_anew, len(only), len(only_anew), example)


def _describe(
    names: Sequence[str], only: Sequence[tuple[Any, ...]], only_anew: Sequence[tuple[Any, ...]]
) -> str:
    """The first row that differs, beside the one of the other side that is most like it."""
    if not only or not only_anew:
        side, rows = ("incremental", only) if only else ("anew", only_anew)
        values = list(zip(names, rows[0], strict=True))[:_SHOWN_VALUES]
        return f"only {side}: " + ", ".join(f"{name} {value}" for name, value in values)
    first = only[0]
    like = max(only_anew, key=lambda row: sum(a == b for a, b in zip(first, row, strict=True)))
    same = [(name, a) for name, a, b in zip(names, first, like, strict=True) if a == b]
    other = [(name, a, b) for name, a, b in zip(names, first, like, strict=True) if a != b]
    where = ", ".join(f"{name} {value}" for name, value in same[:2])
    changed = ", ".join(f"{name} {a} incremental, {b} anew" for name, a, b in other[:_SHOWN_VALUES])
    return f"{where}: {changed}"
