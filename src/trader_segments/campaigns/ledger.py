"""What a destination is known to have, and what is on its way there: a small SQLite file.

A batch is written down with its idempotency key before it is first sent and stays until the
destination has said that it took it. So whatever stops a push, the next one sends the same batches
under the same keys.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

Key = tuple[str, str]
"""Campaign and trader."""
Change = dict[str, Any]

_SCHEMA = """
create table if not exists ledger (ledger_id text);
create table if not exists pushed (member text primary key, content text);
create table if not exists batches (
    number integer primary key autoincrement, build_id text, as_of_date text, changes text
);
create table if not exists dead_letters (
    idempotency_key text, reason text, changes text
)
"""


@dataclass(frozen=True)
class Batch:
    """Changes that are sent together.

    Attributes
    ----------
    number
        Its place in the ledger.
    idempotency_key
        The same whenever the batch is sent; no other batch ever has it.
    build_id, as_of_date
        Where the changes come from.
    changes
        Each a campaign, a trader and what is to be done: ``upsert`` or ``remove``.
    """

    number: int
    idempotency_key: str
    build_id: str
    as_of_date: str
    changes: list[Change]

    @property
    def body(self) -> bytes:
        """What is sent, the same bytes each time."""
        content = {"build_id": self.build_id, "as_of_date": self.as_of_date}
        return json.dumps({**content, "changes": self.changes}, sort_keys=True).encode()


class Ledger:
    """The ledger of one destination; to be used as a context manager.

    Parameters
    ----------
    path
        The file; its folder is made for the owner alone, as it has ids of traders.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None)
        path.chmod(0o600)
        # Who is taken out is not to stay in freed pages.
        self.connection.execute("pragma secure_delete = on")
        self.connection.executescript(_SCHEMA)
        self.connection.execute(
            "insert into ledger select ? where not exists (select * from ledger)", [uuid4().hex]
        )
        (self.ledger_id,) = self.connection.execute("select ledger_id from ledger").fetchone()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.connection.close()

    def has_pending(self) -> bool:
        """Whether an earlier push left batches."""
        return self.connection.execute("select 1 from batches limit 1").fetchone() is not None

    def pending(self) -> Iterator[Batch]:
        """Batches that the destination has not confirmed, first the oldest, those of now too."""
        number = 0
        while True:
            row = self.connection.execute(
                "select number, build_id, as_of_date, changes from batches "
                "where number > ? order by number limit 1",
                [number],
            ).fetchone()
            if row is None:
                return
            number = row[0]
            key = f"{self.ledger_id}-{number}"
            yield Batch(number, key, row[1], row[2], json.loads(row[3]))

    def plan(
        self,
        wanted: Iterable[tuple[Key, Change]],
        build_id: str,
        as_of_date: str,
        batch_rows: int,
    ) -> int:
        """Write down the batches that make what the destination has what it should have.

        Parameters
        ----------
        wanted
            Everybody it should have. Who is in a batch already, or among the dead letters of this
            push, is left out.

        Returns
        -------
        How many changes there are.
        """
        known: dict[Key, str] = {
            tuple(json.loads(member)): content
            for member, content in self.connection.execute("select * from pushed")
        }
        waiting = {
            (change["campaign_id"], change["trader_id"])
            for table in ("batches", "dead_letters")
            for (text,) in self.connection.execute(f"select changes from {table}")
            for change in json.loads(text)
        }
        changes = []
        for key, content in wanted:
            if known.pop(key, None) != _text(content) and key not in waiting:
                changes.append({**_named(key), "change": "upsert", **content})
        left = sorted(known.keys() - waiting)
        changes += [{**_named(key), "change": "remove"} for key in left]
        with _transaction(self.connection):
            for start in range(0, len(changes), batch_rows):
                self._write(changes[start : start + batch_rows], build_id, as_of_date)
        return len(changes)

    def confirm(self, batch: Batch) -> None:
        """The destination has taken a batch."""
        with _transaction(self.connection):
            for change in batch.changes:
                member = _text([change["campaign_id"], change["trader_id"]])
                self.connection.execute("delete from pushed where member = ?", [member])
                if change["change"] == "upsert":
                    content = {
                        name: value
                        for name, value in change.items()
                        if name not in ("campaign_id", "trader_id", "change")
                    }
                    self.connection.execute(
                        "insert into pushed values (?, ?)", [member, _text(content)]
                    )
            self._drop(batch)

    def split(self, batch: Batch) -> None:
        """Send the two halves of a batch instead of it, after everything else."""
        middle = len(batch.changes) // 2
        with _transaction(self.connection):
            for half in (batch.changes[:middle], batch.changes[middle:]):
                self._write(half, batch.build_id, batch.as_of_date)
            self._drop(batch)

    def bury(self, batch: Batch, reason: str) -> None:
        """Give a batch up: it becomes a dead letter."""
        with _transaction(self.connection):
            self.connection.execute(
                "insert into dead_letters values (?, ?, ?)",
                [batch.idempotency_key, reason, _text(batch.changes)],
            )
            self._drop(batch)

    def forget_dead_letters(self) -> None:
        """Those of earlier pushes: what they held is tried again."""
        self.connection.execute("delete from dead_letters")

    def write_dead_letters(self, path: Path) -> int:
        """Write the dead letters to a file, a line each, or remove it where there are none."""
        rows = self.connection.execute("select * from dead_letters order by rowid").fetchall()
        if not rows:
            path.unlink(missing_ok=True)
            return 0
        lines = [
            _text({"idempotency_key": key, "reason": reason, "changes": json.loads(changes)})
            for key, reason, changes in rows
        ]
        draft = path.with_name(f".{path.name}")
        draft.touch(mode=0o600)
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
        draft.replace(path)
        return sum(len(json.loads(changes)) for _, _, changes in rows)

    def _write(self, changes: Sequence[Change], build_id: str, as_of_date: str) -> None:
        self.connection.execute(
            "insert into batches (build_id, as_of_date, changes) values (?, ?, ?)",
            [build_id, as_of_date, _text(changes)],
        )

    def _drop(self, batch: Batch) -> None:
        self.connection.execute("delete from batches where number = ?", [batch.number])


class _transaction:  # noqa: N801
    """All of a block or nothing of it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __enter__(self) -> None:
        self.connection.execute("begin immediate")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.connection.execute("commit" if kind is None else "rollback")


def _named(key: Key) -> Change:
    return {"campaign_id": key[0], "trader_id": key[1]}


def _text(content: Change | Sequence[Change] | Sequence[str]) -> str:
    """JSON, in which ids stand as they are and between quotes, so that a search finds them."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False)
