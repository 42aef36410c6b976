"""Audiences to a CRM over HTTP: what has changed since it last took something, in batches.

Each batch is one POST of JSON with an ``Idempotency-Key`` (the header of the IETF draft
draft-ietf-httpapi-idempotency-key-header), so that a batch whose answer was lost can be sent again.
What the destination has is told by the ledger (`ledger.py`) and not by the marts: a push that was
left out, or failed, is made up for by the next one.
"""

from __future__ import annotations

import email.utils
import fcntl
import hashlib
import http.client
import ipaddress
import math
import os
import random
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from trader_segments.campaigns.audiences import FIELDS, ServedBuild, addressed, served_build
from trader_segments.campaigns.ledger import Batch, Change, Key, Ledger

TOKEN_VARIABLE = "TRADER_SEGMENTS_PUSH_TOKEN"
_REPEATED = {408, 409, 425, 429}
"""Answers that mean not now; 409 that a request with the same key is still being worked on."""
_REFUSED = {401, 403, 404, 405}
"""Answers that any batch would get."""
_TOO_MUCH = {400, 413, 422}
"""Answers that may be meant for one change among many."""
_LONGEST_WAIT = 300.0
_READ_BYTES = 300


class PushError(Exception):
    """Why a push stopped, in a sentence. What was not taken is sent by the next one."""


@dataclass(frozen=True)
class Terms:
    """How a push goes about it.

    Attributes
    ----------
    token
        Sent as ``Authorization: Bearer``; empty for none.
    batch_rows
        Changes in a request.
    attempts
        Times that a batch is sent before it is given up.
    timeout
        Seconds in which an answer has to come.
    first_wait
        Seconds before the second attempt, twice as long before each further one; a random part of
        up to a half less.
    sleep
        Waits; tests do not.
    """

    token: str = field(default="", repr=False)
    batch_rows: int = 500
    attempts: int = 5
    timeout: float = 30.0
    first_wait: float = 1.0
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Pushed:
    """What a push did.

    Attributes
    ----------
    upserts, removals
        Changes that were taken, batches left over from an earlier push among them.
    dead
        Changes that were given up; they are in `dead_letters`.
    """

    upserts: int
    removals: int
    dead: int
    dead_letters: Path


@dataclass(frozen=True)
class _Answer:
    """What came of one attempt; `status` is None where nothing came back."""

    status: int | None
    reason: str
    wait: float | None = None

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_redirect(self) -> bool:
        return self.status is not None and 300 <= self.status < 400


def push_audiences(
    published: Path,
    ledgers: Path,
    url: str,
    terms: Terms | None = None,
    *,
    with_control: bool = False,
) -> Pushed:
    """Make a destination's audiences those of the served build.

    Parameters
    ----------
    published
        Folder that readers open.
    ledgers
        Folder of the ledgers and dead letters, one of each for a destination.
    url
        Where batches are posted.
    with_control
        Also who is to be left alone.

    Raises
    ------
    trader_segments.campaigns.audiences.AudienceError
        If nothing is published.
    PushError
        If the address will not do, another push to it is running, or it is down or refuses.
    """
    terms = terms or Terms()
    opener = _opener(url)
    path = ledgers / f"{_name(url)}.sqlite"
    dead_letters = path.with_suffix(".dead.jsonl")
    with _lock(path), Ledger(path) as ledger:
        ledger.forget_dead_letters()
        taken: dict[str, int] = {"upsert": 0, "remove": 0}
        build = served_build(published)
        try:
            # Again where an earlier push left batches: whom they concern may have changed since.
            for _ in range(1 + ledger.has_pending()):
                wanted = _wanted(build, with_control=with_control)
                as_of_date = str(build.manifest["as_of_date"])
                ledger.plan(wanted, build.build_id, as_of_date, terms.batch_rows)
                _send_pending(ledger, opener, url, terms, taken)
        finally:
            dead = ledger.write_dead_letters(dead_letters)
    return Pushed(taken["upsert"], taken["remove"], dead, dead_letters)


def _wanted(build: ServedBuild, *, with_control: bool) -> Iterator[tuple[Key, Change]]:
    with build.connect() as connection:
        rows = connection.execute(f"{addressed(with_control=with_control)} order by all")
        while some := rows.fetchmany(10_000):
            for campaign, trader, *values in some:
                content = dict(zip(FIELDS[2:], values, strict=True))
                yield (campaign, trader), {**content, "assigned_on": str(content["assigned_on"])}


def _send_pending(
    ledger: Ledger,
    opener: urllib.request.OpenerDirector,
    url: str,
    terms: Terms,
    taken: dict[str, int],
) -> None:
    """Send what the ledger holds.

    A batch that is refused for one change is halved until that one is alone, and given up. One that
    no attempt gets through is given up if the destination takes or refuses the next; if it does not
    answer that either it is down, and both stay.
    """
    held: tuple[Batch, str] | None = None
    for batch in ledger.pending():
        answer = _deliver(opener, url, batch, terms)
        if _is_passing(answer):
            if held:
                break
            held = batch, answer.reason
            continue
        if answer.status in _REFUSED or answer.is_redirect:
            raise PushError(f"{_shown(url)} refuses: {answer.reason}")
        if held:
            ledger.bury(*held)
            held = None
        if answer.is_success:
            ledger.confirm(batch)
            for change in batch.changes:
                taken[change["change"]] += 1
        elif answer.status in _TOO_MUCH and len(batch.changes) > 1:
            ledger.split(batch)
        else:
            ledger.bury(batch, answer.reason)
    if held:
        raise PushError(
            f"{_shown(url)} is down: {held[1]}, after {terms.attempts} attempts; the next push "
            "goes on from there"
        )


def _deliver(
    opener: urllib.request.OpenerDirector, url: str, batch: Batch, terms: Terms
) -> _Answer:
    """Send a batch until an answer comes that will not be another one next time."""
    wait = terms.first_wait
    for attempt in range(1, terms.attempts + 1):
        answer = _post(opener, url, batch, terms)
        if not _is_passing(answer) or attempt == terms.attempts:
            break
        pause = wait * random.uniform(0.5, 1.0) if answer.wait is None else answer.wait
        terms.sleep(min(pause, _LONGEST_WAIT))
        wait *= 2
    return answer


def _post(opener: urllib.request.OpenerDirector, url: str, batch: Batch, terms: Terms) -> _Answer:
    request = urllib.request.Request(url, data=batch.body, method="POST")
    request.add_header("Content-Type", "application/json")
    request.add_header("Idempotency-Key", batch.idempotency_key)
    if terms.token:
        request.add_header("Authorization", f"Bearer {terms.token}")
    try:
        with opener.open(request, timeout=terms.timeout) as response:
            response.read()
            return _Answer(response.status, "")
    except urllib.error.HTTPError as error:
        with error:
            said = _beginning(error)
        reason = f"HTTP {error.code} {error.reason}" + (f": {said}" if said else "")
        return _Answer(error.code, reason, _seconds(error.headers.get("Retry-After")))
    except (OSError, http.client.HTTPException) as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        return _Answer(None, str(cause) or type(cause).__name__)


def _is_passing(answer: _Answer) -> bool:
    return answer.status is None or answer.status >= 500 or answer.status in _REPEATED


def _beginning(stream: IO[bytes]) -> str:
    try:
        return " ".join(stream.read(_READ_BYTES).decode(errors="replace").split())
    except (OSError, http.client.HTTPException):
        return ""


def _seconds(retry_after: str | None) -> float | None:
    """The header Retry-After, seconds or a date (RFC 9110, 10.2.3); None where it says nothing."""
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time()
        except ValueError:
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Who redirects does not get the token of who was meant."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _opener(url: str) -> urllib.request.OpenerDirector:
    parts = urllib.parse.urlsplit(url)
    is_local = _is_loopback(parts.hostname or "")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PushError(f"{_shown(url)} is no address of a web server")
    if parts.scheme == "http" and not is_local:
        raise PushError(f"{_shown(url)} is not encrypted: ids and token need https")
    handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
    if is_local:
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name(url: str) -> str:
    """Name of a destination's files; a secret in its query would not be told by it."""
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    return f"{urllib.parse.urlsplit(url).hostname}-{digest}"


def _shown(url: str) -> str:
    """The address without what may be secret: user, password, query."""
    parts = urllib.parse.urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PushError("another push to the same address is running") from None
        yield


def token_of_environment() -> str:
    """The token of the environment, empty where there is none."""
    return os.environ.get(TOKEN_VARIABLE, "").strip()
