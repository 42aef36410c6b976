"""Audiences leave as files and over HTTP, to a server that fails, hangs, refuses and restarts."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from trader_segments.build import Settings
from trader_segments.campaigns import push as push_module
from trader_segments.campaigns.audiences import AudienceError
from trader_segments.campaigns.export import export_audiences, remove_exports
from trader_segments.campaigns.push import Pushed, PushError, Terms, push_audiences
from trader_segments.cli import main
from trader_segments.privacy.erase import prove
from trader_segments.privacy.search import Needle
from warehouse_builds import ROOT

Row = tuple[str, str, str, str | None]
"""Campaign, trader, arm, why suppressed."""
ROWS: list[Row] = [
    *(("nudge", f"T{number:02d}", "treatment", None) for number in range(10)),
    ("nudge", "T10", "control", None),
    ("nudge", "T11", "treatment", "prohibited"),
    ("win_back", "T01", "control", "hold"),
]


def publish(published: Path, rows: list[Row], build_id: str = "20260630T101500Z-1a2b3c4d") -> Path:
    """A published build of nothing but audiences, served."""
    version = published / "versions" / build_id
    (version / "marts").mkdir(parents=True)
    with duckdb.connect(str(version / "published.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.campaign_audiences (campaign_id varchar, trader_id varchar, "
            "arm varchar, suppressed_because varchar, assigned_on date, is_active boolean)"
        )
        connection.executemany(
            "insert into marts.campaign_audiences values ($1, $2, $3, $4, '2026-06-30', "
            "$3 = 'treatment' and $4 is null)",
            [list(row) for row in rows] or [[None] * 4],
        )
        connection.execute("delete from marts.campaign_audiences where campaign_id is null")
        connection.execute(
            "create table marts.audience_changes as select 'gone' as campaign_id, 'T1' as trader_id"
        )
    manifest = {
        "build_id": build_id,
        "as_of_date": "2026-06-30",
        "hash_key": None,
        "marts": {"campaign_audiences": {}},
    }
    (version / "marts" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    current = published / "current"
    current.unlink(missing_ok=True)
    current.symlink_to(f"versions/{build_id}")
    return published


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return publish(tmp_path / "published", ROWS)


# Files


def test_files_hold_whom_to_address_and_nobody_else(published: Path, tmp_path: Path) -> None:
    version = export_audiences(published, tmp_path / "exports")
    assert (tmp_path / "exports" / "current").resolve() == version
    manifest = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["build_id"] == "20260630T101500Z-1a2b3c4d"
    assert {name: entry["rows"] for name, entry in manifest["campaigns"].items()} == {
        **{"gone": 0, "nudge": 10, "win_back": 0}
    }
    expected = [f"T{number:02d}" for number in range(10)]
    with (version / "nudge.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["trader_id"] for row in rows] == expected
    assert rows[0] == {
        **{"campaign_id": "nudge", "trader_id": "T00"},
        **{"arm": "treatment", "assigned_on": "2026-06-30"},
    }
    assert pq.read_table(version / "nudge.parquet")["trader_id"].to_pylist() == expected
    lines = (version / "nudge.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["trader_id"] for line in lines] == expected
    assert (version / "gone.csv").read_text(encoding="utf-8").splitlines() == [",".join(rows[0])]
    for path in version.glob("nudge.*"):
        content = path.read_bytes()
        assert not any(word in content for word in (b"prohibited", b"hold", b"T10", b"T11"))


def test_the_control_is_in_files_only_if_asked_for(published: Path, tmp_path: Path) -> None:
    version = export_audiences(published, tmp_path / "exports", with_control=True)
    manifest = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["campaigns"]["nudge"]["arms"] == {"control": 1, "treatment": 10}
    assert b"T11" not in (version / "nudge.csv").read_bytes()


def test_digests_are_those_of_the_files(published: Path, tmp_path: Path) -> None:
    version = export_audiences(published, tmp_path / "exports")
    manifest = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
    named = [line for entry in manifest["campaigns"].values() for line in entry["digests"].items()]
    lines = "".join(f"{digest}  {name}\n" for name, digest in named)
    assert len(named) == 9
    subprocess.run(["sha256sum", "--check"], input=lines, cwd=version, text=True, check=True)


def test_an_export_that_fails_leaves_the_files_of_before(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = export_audiences(published, tmp_path / "exports")
    publish(published, ROWS[:3], "20260701T101500Z-00000000")
    monkeypatch.setattr("trader_segments.campaigns.export.FORMATS", {"csv": "csv", "x": "nonsense"})
    with pytest.raises(duckdb.Error):
        export_audiences(published, tmp_path / "exports")
    assert (tmp_path / "exports" / "current").resolve() == before
    assert [path.name for path in (tmp_path / "exports" / "versions").iterdir()] == [before.name]


def test_a_few_versions_stay_and_all_can_be_removed(published: Path, tmp_path: Path) -> None:
    for day in range(1, 6):
        publish(published, ROWS, f"2026070{day}T101500Z-00000000")
        export_audiences(published, tmp_path / "exports")
    kept = [f"2026070{day}T101500Z-00000000" for day in (3, 4, 5)]
    assert remove_exports(tmp_path / "exports") == kept
    assert list((tmp_path / "exports").iterdir()) == []
    assert remove_exports(tmp_path / "nowhere") == []


def test_nothing_is_exported_before_something_is_published(tmp_path: Path) -> None:
    with pytest.raises(AudienceError, match="nothing is published"):
        export_audiences(tmp_path, tmp_path / "exports")
    publish(tmp_path, [("../evil", "T1", "treatment", None)])
    with pytest.raises(AudienceError, match="cannot be the name of a file"):
        export_audiences(tmp_path, tmp_path / "exports")


# HTTP


@dataclass
class Crm:
    """A CRM that keeps what it takes, and does with each request what `behave` says.

    `behave` gets the number of the request, from 1 on, and its changes. It returns a status; None
    closes the connection without an answer. A request whose key was taken before is answered and
    not applied again, as a receiver of idempotency keys does.
    """

    behave: Callable[[int, list[dict[str, Any]]], int | None] = lambda *_: 200
    applies_before_failing: bool = False
    has: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    headers: list[dict[str, str]] = field(default_factory=list)
    requests: int = 0
    url: str = ""

    def take(self, key: str, changes: list[dict[str, Any]]) -> None:
        if key in self.taken:
            return
        self.taken.add(key)
        for change in changes:
            content = dict(change)
            trader = content.pop("campaign_id"), content.pop("trader_id")
            if content.pop("change") == "upsert":
                self.has[trader] = content
            else:
                self.has.pop(trader, None)

    def traders(self) -> set[tuple[str, str]]:
        return set(self.has)


def handler(crm: Crm) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            key, changes = self.headers["Idempotency-Key"], json.loads(body)["changes"]
            with lock:
                crm.requests += 1
                number = crm.requests
                crm.headers.append(dict(self.headers))
                assert crm.bodies.setdefault(key, body) == body
            status = crm.behave(number, changes)
            is_good = status is not None and status < 300
            if is_good or crm.applies_before_failing:
                with lock:
                    crm.take(key, changes)
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "7")
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(b"" if is_good else b"what was wrong")

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@contextmanager
def serving(crm: Crm, port: int = 0) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", port), handler(crm))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    crm.url = f"http://127.0.0.1:{server.server_address[1]}/audiences"
    try:
        yield crm.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Pusher:
    """Pushes of one warehouse; waits are noted and not waited for."""

    published: Path
    ledgers: Path
    waits: list[float] = field(default_factory=list)

    def push(self, url: str, *, with_control: bool = False, **terms: Any) -> Pushed:
        given = {"batch_rows": 3, "attempts": 3, "sleep": self.waits.append, **terms}
        return push_audiences(
            self.published, self.ledgers, url, Terms(**given), with_control=with_control
        )


@pytest.fixture
def pusher(published: Path, tmp_path: Path) -> Pusher:
    return Pusher(published, tmp_path / "pushes")


NUDGED = {("nudge", f"T{number:02d}") for number in range(10)}


def test_a_push_sends_whom_to_address_and_then_only_what_changes(pusher: Pusher) -> None:
    crm = Crm()
    with serving(crm) as url:
        done = pusher.push(url)
        assert (done.upserts, done.removals, done.dead) == (10, 0, 0)
        assert crm.traders() == NUDGED
        assert crm.has["nudge", "T00"] == {"arm": "treatment", "assigned_on": "2026-06-30"}
        assert pusher.push(url).upserts == 0
        assert crm.requests == 4
        publish(pusher.published, [*ROWS[2:10], ("win_back", "T00", "treatment", None)], "2")
        done = pusher.push(url)
    assert (done.upserts, done.removals) == (1, 2)
    assert crm.traders() == NUDGED - {("nudge", "T00"), ("nudge", "T01")} | {("win_back", "T00")}
    assert not done.dead_letters.exists()


def test_who_is_suppressed_or_removed_is_taken_out_also_after_a_push_was_left_out(
    pusher: Pusher,
) -> None:
    crm = Crm()
    with serving(crm) as url:
        pusher.push(url)
        publish(pusher.published, [("nudge", "T00", "treatment", "hold"), *ROWS[2:10]], "2")
        publish(pusher.published, [("nudge", "T00", "treatment", "hold"), *ROWS[3:10]], "3")
        assert pusher.push(url).removals == 3
    assert crm.traders() == {("nudge", f"T{number:02d}") for number in range(3, 10)}


def test_the_control_is_sent_only_if_asked_for(pusher: Pusher) -> None:
    crm = Crm()
    with serving(crm) as url:
        pusher.push(url, with_control=True)
        assert crm.has["nudge", "T10"]["arm"] == "control"
        assert pusher.push(url).removals == 1
    assert crm.traders() == NUDGED


def test_errors_of_the_server_are_tried_again_with_longer_and_longer_waits(pusher: Pusher) -> None:
    crm = Crm(lambda number, _: 500 if number in (1, 2) else 200)
    with serving(crm) as url:
        assert pusher.push(url).upserts == 10
    assert len(crm.bodies) == 4
    first, second = pusher.waits
    assert 0.5 <= first <= 1.0 <= second <= 2.0


def test_a_server_that_asks_for_time_gets_it(pusher: Pusher) -> None:
    crm = Crm(lambda number, _: 429 if number == 1 else 200)
    with serving(crm) as url:
        pusher.push(url)
    assert pusher.waits == [7.0]
    assert crm.traders() == NUDGED


def test_a_batch_whose_answer_was_lost_is_applied_once(pusher: Pusher) -> None:
    """The server takes each batch, and closes the connection or hangs instead of saying so."""

    def behave(number: int, _: object) -> int | None:
        if number == 3:
            time.sleep(0.6)
        return None if number == 1 else 200

    crm = Crm(behave, applies_before_failing=True)
    with serving(crm) as url:
        assert pusher.push(url, timeout=0.2).upserts == 10
    assert crm.requests > len(crm.bodies) == 4
    assert crm.traders() == NUDGED


def test_a_push_goes_on_where_a_server_that_went_down_left_it(pusher: Pusher) -> None:
    crm = Crm(lambda number, _: 200 if number <= 2 else 503, applies_before_failing=True)
    with serving(crm) as url, pytest.raises(PushError, match=r"is down: HTTP 503.*goes on"):
        pusher.push(url)
    keys = set(crm.bodies)
    with pytest.raises(PushError, match="refused"):
        pusher.push(url)
    crm.behave = lambda *_: 200
    with serving(crm, port=int(url.split(":")[2].split("/")[0])) as again:
        assert again == url
        done = pusher.push(url)
    assert (done.upserts, done.dead) == (4, 0)
    assert set(crm.bodies) == keys
    assert crm.traders() == NUDGED


def test_batches_left_over_do_not_bring_back_who_has_gone_since(pusher: Pusher) -> None:
    crm = Crm(lambda *_: 500)
    with serving(crm) as url, pytest.raises(PushError):
        pusher.push(url)
    publish(pusher.published, ROWS[5:10], "2")
    crm.behave = lambda *_: 200
    with serving(crm, port=int(url.split(":")[2].split("/")[0])):
        done = pusher.push(url)
    assert crm.traders() == {("nudge", f"T{number:02d}") for number in range(5, 10)}
    assert (done.upserts, done.removals) == (10, 5)


def test_one_bad_change_is_found_and_kept_as_a_dead_letter(pusher: Pusher) -> None:
    def behave(_: int, changes: list[dict[str, Any]]) -> int:
        return 422 if any(change["trader_id"] == "T04" for change in changes) else 200

    crm = Crm(behave)
    with serving(crm) as url:
        done = pusher.push(url, batch_rows=10)
        assert (done.upserts, done.dead) == (9, 1)
        assert crm.traders() == NUDGED - {("nudge", "T04")}
        (line,) = done.dead_letters.read_text(encoding="utf-8").splitlines()
        letter = json.loads(line)
        assert [change["trader_id"] for change in letter["changes"]] == ["T04"]
        assert letter["reason"].startswith("HTTP 422")
        assert letter["reason"].endswith("what was wrong")
        assert done.dead_letters.stat().st_mode & 0o077 == 0
        assert not pusher.waits
        crm.behave = lambda *_: 200
        assert (pusher.push(url).upserts, crm.traders()) == (1, NUDGED)
    assert not done.dead_letters.exists()


def test_a_batch_that_breaks_the_server_does_not_hold_up_the_others(pusher: Pusher) -> None:
    crm = Crm(lambda _, changes: 500 if changes[0]["trader_id"] == "T03" else 200)
    with serving(crm) as url:
        done = pusher.push(url)
    assert (done.upserts, done.dead) == (7, 3)
    assert len(pusher.waits) == 2


@pytest.mark.parametrize("status", [401, 403, 302])
def test_a_refusal_stops_the_push_at_once(pusher: Pusher, status: int) -> None:
    crm = Crm(lambda *_: status)
    with serving(crm) as url:
        with pytest.raises(PushError, match=rf"refuses: HTTP {status}"):
            pusher.push(url)
        assert crm.requests == 1
        crm.behave = lambda *_: 200
        assert pusher.push(url).upserts == 10


def test_the_token_is_sent_and_written_nowhere(pusher: Pusher, tmp_path: Path) -> None:
    crm = Crm()
    with serving(crm) as url:
        pusher.push(f"{url}?campaign=spring", token="very-secret")
    assert {given["Authorization"] for given in crm.headers} == {"Bearer very-secret"}
    assert "very-secret" not in repr(Terms("very-secret"))
    files = [path for path in (tmp_path / "pushes").iterdir() if path.is_file()]
    assert len(files) == 2
    assert not any(b"very-secret" in path.read_bytes() for path in files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in files if path.suffix == ".sqlite")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://crm.example/audiences", "is not encrypted"),
        ("ftp://crm.example/audiences", "is no address of a web server"),
        ("crm.example", "is no address of a web server"),
    ],
)
def test_addresses_that_would_tell_ids_are_refused(pusher: Pusher, url: str, reason: str) -> None:
    with pytest.raises(PushError, match=reason):
        pusher.push(url)
    assert not pusher.ledgers.exists()


def test_errors_do_not_show_secrets_of_an_address(pusher: Pusher) -> None:
    crm = Crm(lambda *_: 500)
    with serving(crm) as url, pytest.raises(PushError) as raised:
        pusher.push(f"{url}?key=very-secret")
    assert "very-secret" not in str(raised.value)


def test_two_pushes_to_one_place_do_not_meet(pusher: Pusher) -> None:
    failures: list[str] = []

    def behave(*_: object) -> int:
        try:
            pusher.push(crm.url)
        except PushError as error:
            failures.append(str(error))
        return 200

    crm = Crm(behave)
    with serving(crm) as url:
        pusher.push(url, batch_rows=100)
    assert failures == ["another push to the same address is running"]


def test_an_erased_person_is_found_in_the_ledger_until_the_destination_has_been_told(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    home = Settings(tmp_path, tmp_path, "exchange", "")
    pusher = Pusher(published, home.build / "pushes")
    needle = Needle("the trader id", "Trader-in-question")
    publish(published, [("nudge", needle.value, "treatment", None), *ROWS], "2")
    with serving(Crm()) as url:
        pusher.push(url)
        publish(published, ROWS, "3")
        shutil.rmtree(published / "versions" / "2")
        (found,) = prove(home, [needle]).findings
        assert ".sqlite" in found.where
        pusher.push(url)
    assert prove(home, [needle]).findings == []


KILLED = """
import sys
from pathlib import Path
from trader_segments.campaigns.push import Terms, push_audiences
push_audiences(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Terms(batch_rows=2))
"""


@pytest.mark.parametrize("applies", [True, False])
def test_a_push_that_was_killed_goes_on(pusher: Pusher, applies: bool) -> None:
    crm = Crm(applies_before_failing=applies)
    with serving(crm) as url:
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(pusher.published), str(pusher.ledgers), url],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )

        def behave(number: int, _: object) -> int | None:
            if number == 3:
                process.send_signal(signal.SIGKILL)
                process.wait()
                return None
            return 200

        crm.behave = behave
        assert process.wait(timeout=60) == -signal.SIGKILL
        assert crm.requests == 3
        done = pusher.push(url)
    assert done.upserts == 10 - 2 * 2
    assert len(crm.bodies) == 5
    assert crm.traders() == NUDGED


def test_the_commands_export_and_push(
    tmp_path: Path, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("TRADER_SEGMENTS_HOME", str(published.parent))
    monkeypatch.setenv(push_module.TOKEN_VARIABLE, "very-secret")
    runner = CliRunner()
    exported = runner.invoke(main, ["export-audiences"])
    assert exported.exit_code == 0
    assert Path(exported.output.strip()).parent == tmp_path.resolve() / "exports" / "versions"
    crm = Crm(lambda _, changes: 422 if len(changes) == 1 else 200)
    with serving(crm) as url:
        pushed = runner.invoke(main, ["push-audiences", "--to", url, "--batch-rows", "3"])
    assert pushed.exit_code == 1
    assert "9 added or changed, 0 removed" in pushed.output
    assert "1 changes were not taken" in pushed.output
    assert crm.headers[0]["Authorization"] == "Bearer very-secret"
    monkeypatch.setenv("TRADER_SEGMENTS_HOME", str(tmp_path / "nowhere"))
    for command in (["export-audiences"], ["push-audiences", "--to", crm.url]):
        refused = runner.invoke(main, command)
        assert refused.exit_code == 1
        assert "nothing is published" in refused.output
