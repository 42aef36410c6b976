"""Scale-mode venues of 180 days and one day more, which arrives later."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

DAYS = 180
FILLS_PER_TRADER = 100
COMMAND = str(Path(sys.executable).with_name("trader-segments"))
_UNITS = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}


@dataclass(frozen=True, order=True)
class Size:
    """Fills in 180 days, and traders who make them."""

    fills: int
    traders: int

    @classmethod
    def parse(cls, text: str) -> Size:
        """`20M` has a trader for each 100 fills, `20M:1M` a million of them.

        Raises
        ------
        ValueError
            Where the text is no size.
        """
        fills, _, traders = text.partition(":")
        count = _number(fills)
        return cls(count, _number(traders) if traders else count // FILLS_PER_TRADER)

    @property
    def name(self) -> str:
        """A name for files: `20M-200K`."""
        return f"{short(self.fills)}-{short(self.traders)}"


def short(count: float) -> str:
    """A count in thousands, millions or billions, as exactly as three digits can say it."""
    for unit in ("B", "M", "K"):
        if count >= _UNITS[unit]:
            return f"{count / _UNITS[unit]:.3g}{unit}"
    return f"{count:.3g}"


def _number(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMB]?)", text.upper())
    if match is None:
        raise ValueError(f"{text!r} is no size: 300K, 20M and 20M:1M are")
    return round(float(match[1]) * _UNITS[match[2]])


@dataclass(frozen=True)
class ScaleVenue:
    """The raw tables of a size.

    Attributes
    ----------
    folder
        Holds `days-180/` and `days-181/`, each a whole input; what both have is one file linked
        twice. `raw` is a link to one of them, so that a build sees one input that grows.
    """

    size: Size
    folder: Path

    @property
    def first(self) -> Path:
        """The input before the last day arrives."""
        return self.folder / f"days-{DAYS}"

    @property
    def second(self) -> Path:
        """The input with it."""
        return self.folder / f"days-{DAYS + 1}"

    @property
    def raw(self) -> Path:
        """The input that builds are told."""
        return self.folder / "raw"

    def make(self, seed: int = 7) -> None:
        """Simulate and split, unless that is done."""
        if self.second.exists():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        whole = self.folder / "whole"
        subprocess.run(
            [
                *(COMMAND, "simulate", "--out", str(whole)),
                *("--fills", str(-(-self.size.fills * (DAYS + 1) // DAYS))),
                *("--traders", str(self.size.traders)),
                *("--days", str(DAYS + 1), "--seed", str(seed)),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        split_last_day(whole / "raw", self.first, self.second)
        shutil.rmtree(whole)

    def show(self, input_folder: Path) -> None:
        """Let `raw` be one of the two inputs."""
        fresh = self.folder / "raw.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(input_folder.name)
        fresh.replace(self.raw)

    def rows(self) -> Mapping[str, int]:
        """Fills of the first days and of the last one, read from the files' footers."""
        counts = [_count(folder / "fills") for folder in (self.first, self.second)]
        return {"first": counts[0], "last_day": counts[1] - counts[0]}


def split_last_day(whole: Path, first: Path, second: Path) -> None:
    """Make of one input two: without its last day, and all of it in the same files and new ones.

    Fills are ordered by time over their files, so that one file at most is written anew.
    """
    with duckdb.connect() as connection:
        parts = connection.execute(
            "select filename, min(executed_at), max(executed_at) "
            f"from read_parquet('{_fills(whole)}', filename = true) group by 1 order by 1"
        ).fetchall()
        last_day = dt.datetime.combine(max(part[2] for part in parts).date(), dt.time())
        fresh = second.with_name(second.name + ".new")
        for folder in (first, fresh):
            shutil.rmtree(folder, ignore_errors=True)
            (folder / "fills").mkdir(parents=True)
            for table in whole.glob("*.parquet"):
                (folder / table.name).hardlink_to(table)
        for name, earliest, latest in parts:
            source, target = Path(name), first / "fills" / Path(name).name
            late = fresh / "fills" / f"last-day-{source.name}"
            if latest < last_day:
                target.hardlink_to(source)
            elif earliest >= last_day:
                late.hardlink_to(source)
            else:
                for path, condition in ((target, "<"), (late, ">=")):
                    connection.execute(
                        f"copy (from '{name}' where executed_at {condition} ?) to '{path}' "
                        "(format parquet, compression lz4_raw, parquet_version v2)",
                        [last_day],
                    )
        for path in (first / "fills").iterdir():
            (fresh / "fills" / path.name).hardlink_to(path)
    fresh.replace(second)


def _fills(folder: Path) -> str:
    return (folder / "fills" / "*.parquet").as_posix()


def _count(folder: Path) -> int:
    with duckdb.connect() as connection:
        row = connection.execute(f"select count(*) from '{folder.as_posix()}/*.parquet'").fetchone()
    assert row is not None
    return int(row[0])
