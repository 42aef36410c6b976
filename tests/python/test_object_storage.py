"""Tables in object storage: fetched once, fetched again when changed, gone when gone.

The server speaks the three calls of S3 that reading takes: list, head and get.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from email.utils import format_datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import duckdb
import pytest

from trader_segments.object_storage import ObjectStorageError, fetch, is_remote, local_folder
from trader_segments.raw_input import register
from trader_segments.warehouse import find_origin
from warehouse_builds import DAYS, INSTRUMENTS, ROOT, small_fills, write_csv

SUFFIXES = (".parquet", ".csv", ".csv.gz")
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Bucket(ThreadingHTTPServer):
    """One bucket; `fetched` has the keys that were got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, tuple[bytes, dt.datetime]] = {}
        self.fetched: list[str] = []

    def put(self, key: str, content: bytes, *, minute: int = 0) -> None:
        self.objects[key] = (content, START + dt.timedelta(minutes=minute))


class Handler(BaseHTTPRequestHandler):
    server: Bucket

    def do_HEAD(self) -> None:
        self._object(with_content=False)

    def do_GET(self) -> None:
        if "list-type" in parse_qs(urlsplit(self.path).query):
            self._list()
        else:
            self._object(with_content=True)

    def _list(self) -> None:
        (prefix,) = parse_qs(urlsplit(self.path).query).get("prefix", [""])
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size>"
            f"<LastModified>{changed:%Y-%m-%dT%H:%M:%S.000Z}</LastModified></Contents>"
            for key, (content, changed) in sorted(self.server.objects.items())
            if key.startswith(prefix)
        )
        self._answer(
            200,
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode(),
        )

    def _object(self, *, with_content: bool) -> None:
        key = unquote(urlsplit(self.path).path).lstrip("/").partition("/")[2]
        if key not in self.server.objects:
            self._answer(404, b"" if not with_content else b"<Error><Code>NoSuchKey</Code></Error>")
            return
        content, changed = self.server.objects[key]
        if with_content:
            self.server.fetched.append(key)
        first, last = 0, len(content) - 1
        if "Range" in self.headers:
            bounds = self.headers["Range"].removeprefix("bytes=").partition("-")
            first, last = int(bounds[0]), min(int(bounds[2] or last), last)
        self._answer(
            206 if "Range" in self.headers else 200,
            content[first : last + 1],
            {
                "Last-Modified": format_datetime(changed, usegmt=True),
                "ETag": f'"{md5(content).hexdigest()}"',
                "Content-Range": f"bytes {first}-{last}/{len(content)}",
            },
            with_content=with_content,
        )

    def _answer(
        self,
        status: int,
        content: bytes,
        headers: dict[str, str] | None = None,
        *,
        with_content: bool = True,
    ) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_content:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    server = Bucket()
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield server
    server.shutdown()
    server.server_close()


def names(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def test_objects_are_fetched_once_and_again_when_they_change(
    bucket: Bucket, tmp_path: Path
) -> None:
    for key in ("fills/day=1/a.csv", "fills/day=2/b.csv", "fills/_tmp/c.csv", "notes.txt"):
        bucket.put(f"raw/{key}", key.encode())
    bucket.put("elsewhere/fills.csv", b"")
    assert fetch("s3://venue/raw", tmp_path, SUFFIXES) == 2
    assert names(tmp_path) == ["fills/day=1/a.csv", "fills/day=2/b.csv"]
    assert (tmp_path / "fills/day=1/a.csv").read_text() == "fills/day=1/a.csv"
    times = [(tmp_path / name).stat().st_mtime_ns for name in names(tmp_path)]
    bucket.fetched.clear()
    assert fetch("s3://venue/raw", tmp_path, SUFFIXES) == 0
    assert bucket.fetched == []
    assert times == [(tmp_path / name).stat().st_mtime_ns for name in names(tmp_path)]

    bucket.put("raw/fills/day=1/a.csv", b"corrected", minute=1)
    bucket.put("raw/fills/day=3/d.csv", b"new", minute=1)
    del bucket.objects["raw/fills/day=2/b.csv"]
    assert fetch("s3://venue/raw", tmp_path, SUFFIXES) == 2
    assert set(bucket.fetched) == {"raw/fills/day=1/a.csv", "raw/fills/day=3/d.csv"}
    assert names(tmp_path) == ["fills/day=1/a.csv", "fills/day=3/d.csv"]
    assert (tmp_path / "fills/day=1/a.csv").read_text() == "corrected"


def test_the_tables_of_a_bucket_are_registered(bucket: Bucket, tmp_path: Path) -> None:
    fills, instruments = (
        write_csv(tmp_path / "fills.csv.gz", small_fills(DAYS[:2])),
        write_csv(tmp_path / "instruments.csv", INSTRUMENTS),
    )
    bucket.put("raw/fills/event_date=2025-03-01/part.csv.gz", fills.read_bytes())
    bucket.put("raw/instruments.csv", instruments.read_bytes())
    address = "s3://venue/raw"
    with duckdb.connect() as connection:
        looked = register(connection, ROOT, "exchange", address, home=tmp_path)
        assert [problem.problem for problem in looked] == [
            f"{local_folder(tmp_path, address)} is not a folder: "
            "set RAW_DATA to the folder of the raw tables"
        ]
        assert register(connection, ROOT, "exchange", address, home=tmp_path, scan_csv=True) == []
        found = connection.execute("select count(*), min(event_date) from raw.fills").fetchall()
    assert found == [(len(small_fills(DAYS[:2])), "2025-03-01")]
    assert find_origin(None, tmp_path, "exchange", address).raw_data == address


def test_an_address_that_cannot_be_read_is_a_problem_and_keeps_the_copy(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("raw/fills.csv", b"fills")
    fetch("s3://venue/raw", tmp_path, SUFFIXES)
    with pytest.raises(ObjectStorageError, match="s3://venue/other cannot be read"):
        fetch("s3://venue/other", tmp_path, SUFFIXES)
    with pytest.raises(ObjectStorageError, match="ftp://venue/raw cannot be read"):
        fetch("ftp://venue/raw", tmp_path, SUFFIXES)
    assert names(tmp_path) == ["fills.csv"]


def test_keys_in_the_address_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ObjectStorageError, match="RAW_DATA holds a key"):
        fetch("s3://key:secret@venue/raw", tmp_path, SUFFIXES)


def test_an_object_outside_the_address_is_refused(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("raw/../../fills.csv", b"fills")
    with pytest.raises(ObjectStorageError):
        fetch("s3://venue/raw", tmp_path / "copy", SUFFIXES)
    assert names(tmp_path) == []


def test_folders_are_no_addresses() -> None:
    assert [is_remote(raw) for raw in ("s3://b/x", "gs://b", "../raw", "", None)] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_folder_behind_a_link_keeps_the_name_of_the_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "2026-01-01").mkdir()
    (tmp_path / "current").symlink_to("2026-01-01")
    monkeypatch.chdir(tmp_path)
    assert local_folder(tmp_path, "current") == tmp_path / "current"
    assert local_folder(tmp_path, "2026-01-01/../current") == tmp_path / "current"
