"""Is anything of a person left? Databases are read value by value, and every byte is looked at.

Bytes alone prove little of a database or a Parquet file, since both are compressed; values alone
say nothing of pages that were freed. So databases are written anew before, their values and those
of Parquet files are read back, and the bytes of every file are searched as well.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

_DISTINCTIVE = 6
_DISTINCTIVE_DIGITS = 9
"""Shorter values stand in many bytes and texts by chance; they are sought as whole values."""
_NUMBERS = re.compile(
    r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL.*|DOUBLE|FLOAT|BOOLEAN|DATE|TIME.*|INTERVAL)$"
)


@dataclass(frozen=True)
class Needle:
    """A value that must be nowhere; `what` it is can be said, the value cannot."""

    what: str
    value: str = field(repr=False)

    @property
    def is_distinctive(self) -> bool:
        """Whether it is long enough to mean the person wherever it stands."""
        least = _DISTINCTIVE_DIGITS if self.value.isdigit() else _DISTINCTIVE
        return len(self.value.encode()) >= least

    @property
    def pattern(self) -> str:
        """Regular expression, of Python and DuckDB, of a text that holds it as a word, not as a
        part of a longer one; of a short value, as a text in JSON or a part of a key."""
        bounds = (
            ("^|[^A-Za-z0-9]", "[^A-Za-z0-9]|$") if self.is_distinctive else ('^|[|"]', '[|"]|$')
        )
        return f"({bounds[0]}){re.escape(self.value)}({bounds[1]})"


@dataclass(frozen=True)
class Finding:
    """Where something stands that must not."""

    where: str
    what: str


@dataclass
class Search:
    """What was looked at, and what was found.

    Attributes
    ----------
    looked_at
        A line for each place.
    findings
        What was found.
    embedded
        Needles that are a part of other values, such as the id A1 of A10: the bytes of a database
        say nothing about them, its values do.
    """

    needles: Sequence[Needle]
    looked_at: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    embedded: set[Needle] = field(default_factory=set)

    def database(self, path: Path, shown: str) -> None:
        """Search every value of every table of a DuckDB file, then its bytes."""
        columns = rows = 0
        with duckdb.connect() as connection:
            connection.execute(f"attach {_literal(path)} as searched (read_only)")
            tables = connection.execute(
                "select schema_name, table_name from duckdb_tables() "
                "where database_name = 'searched' order by all"
            ).fetchall()
            for schema, table in tables:
                name = f'searched."{schema}"."{table}"'
                counted = self._relation(connection, name, f"{shown}, table {table}")
                columns, rows = columns + counted[0], rows + counted[1]
            texts = connection.execute(
                "select 'view ' || view_name, sql from duckdb_views() "
                "where database_name = 'searched' and not internal union all "
                "select 'table ' || table_name, concat_ws(' ', comment, sql) from duckdb_tables() "
                "where database_name = 'searched'"
            ).fetchall()
        for name, text in texts:
            self._text(text, f"{shown}, definition of {name}")
        self._bytes(path, shown)
        self.looked_at.append(
            f"{shown}: {len(tables):,} tables, {columns:,} columns of text, {rows:,} rows, "
            f"{_size([path])} of bytes"
        )

    def parquet(self, paths: Sequence[Path], shown: str) -> None:
        """Read every text of Parquet files back, and search their bytes."""
        rows = 0
        with duckdb.connect() as connection:
            for path in paths:
                name = f"read_parquet({_literal(path)})"
                rows += self._relation(connection, name, f"{shown}/{path.name}")[1]
                self._bytes(path, f"{shown}/{path.name}")
        self.looked_at.append(
            f"{shown}: {len(paths):,} Parquet files, {rows:,} rows, {_size(paths)} of bytes"
        )

    def files(self, paths: Sequence[Path], shown: str) -> None:
        """Search the bytes of other files, those that are text word by word."""
        for path in paths:
            try:
                self._text(path.read_text(encoding="utf-8"), str(path))
            except UnicodeDecodeError:
                self._bytes(path, str(path))
        self.looked_at.append(f"{shown}: {len(paths):,} files, {_size(paths)} of bytes")

    def _relation(
        self, connection: duckdb.DuckDBPyConnection, relation: str, shown: str
    ) -> tuple[int, int]:
        """Columns of text and rows of a relation, after a search of its values."""
        columns = [
            row[0]
            for row in connection.execute(f"describe from {relation}").fetchall()
            if not _NUMBERS.match(row[1])
        ]
        pairs = [(column, needle) for column in columns for needle in self.needles]
        counts = ", ".join(
            f"count(*) filter (contains({_text_of(column)}, ?))" for column, _ in pairs
        )
        values = [needle.value for _, needle in pairs]
        row = connection.execute(
            f"select count(*){f', {counts}' if pairs else ''} from {relation}", values
        ).fetchone()
        held = row or (0,)
        for (column, needle), count in zip(pairs, held[1:], strict=True):
            if not count:
                continue
            word = connection.execute(
                f"select count(*) from {relation} where regexp_matches({_text_of(column)}, ?)",
                [needle.pattern],
            ).fetchone()
            if word and word[0]:
                self.findings.append(
                    Finding(f"{shown}, column {column}, {word[0]:,} rows", needle.what)
                )
            else:
                self.embedded.add(needle)
        return len(columns), held[0]

    def _text(self, text: str, shown: str) -> None:
        for needle in self.needles:
            if needle.value in text and re.search(needle.pattern, text, re.MULTILINE):
                self.findings.append(Finding(shown, needle.what))

    def _bytes(self, path: Path, shown: str) -> None:
        if path.stat().st_size == 0:
            return
        with (
            path.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as held,
        ):
            for needle in self.needles:
                if not needle.is_distinctive or needle in self.embedded:
                    continue
                if held.find(needle.value.encode()) >= 0:
                    self.findings.append(Finding(f"{shown}, bytes", needle.what))


def scrub(paths: Iterable[Path], needles: Sequence[Needle]) -> int:
    """Write `[erased]` over what stands in text files; how many files were changed."""
    patterns = [(needle.value, re.compile(needle.pattern, re.MULTILINE)) for needle in needles]
    changed = 0
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        scrubbed = text
        for value, pattern in patterns:
            found = int(value in scrubbed)
            while found:  # words side by side share what is between them
                scrubbed, found = pattern.subn(r"\1[erased]\2", scrubbed)
        if scrubbed != text:
            path.write_text(scrubbed, encoding="utf-8")
            changed += 1
    return changed


def plain_files(folder: Path) -> Iterator[Path]:
    """Every file of a folder at any depth that is no link."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _size(paths: Iterable[Path]) -> str:
    return f"{sum(path.stat().st_size for path in paths) / 1e6:,.1f} MB"


def _text_of(column: str) -> str:
    name = '"' + column.replace('"', '""') + '"'
    return f"cast({name} as varchar)"


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
