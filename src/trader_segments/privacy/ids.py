"""Keyed hashes that stand for ids of traders and accounts where these must not be known.

HMAC-SHA256 (RFC 2104, FIPS 198-1) with a key from the environment: without the key nobody can tell
by trying ids which one a hash stands for, as could be done with a plain digest. The same id and key
give the same hash in every build and mart, so that hashed marts join.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

KEY_VARIABLE = "TRADER_SEGMENTS_HASH_KEY"
LEAST_BYTES = 32
"""A key should not be shorter than the hash (RFC 2104, section 3)."""
_LEAST_DISTINCT = 8
"""32 random hexadecimal digits have fewer distinct ones once in ten million keys."""


class HashKeyError(ValueError):
    """Why the key cannot be used, in a sentence that does not tell it."""


@dataclass(frozen=True)
class HashKey:
    """A key that hashes ids; what is printed of it does not tell it."""

    secret: bytes = field(repr=False)

    def published(self, venue_id: str) -> str:
        """The hash that stands for an id of the venue in whatever is published."""
        return self._digest(venue_id)

    def suppressed(self, venue_id: str) -> str:
        """The hash by which an erased id is known; another one than is published."""
        return self._digest(f"suppressed\0{venue_id}")

    @property
    def fingerprint(self) -> str:
        """Tells this key from another one."""
        return self._digest("\0fingerprint")[:16]

    def _digest(self, message: str) -> str:
        return hmac.new(self.secret, message.encode(), hashlib.sha256).hexdigest()


def read_key(environment: Mapping[str, str] | None = None) -> HashKey:
    """The key of the environment.

    Raises
    ------
    HashKeyError
        If there is none, or it is one that can be guessed.
    """
    given = (os.environ if environment is None else environment).get(KEY_VARIABLE, "").strip()
    advice = "make one with `openssl rand -hex 32` and keep it"
    if not given:
        raise HashKeyError(f"{KEY_VARIABLE} is not set: {advice}")
    size = len(given.encode())
    if size < LEAST_BYTES:
        raise HashKeyError(
            f"{KEY_VARIABLE} is weak: it has {size} bytes, at least {LEAST_BYTES} are needed; "
            f"{advice}"
        )
    if len(set(given)) < _LEAST_DISTINCT:
        raise HashKeyError(
            f"{KEY_VARIABLE} is weak: it repeats {len(set(given))} characters; {advice}"
        )
    return HashKey(given.encode())


def hash_key_problem() -> str:
    """Say why ids cannot be hashed, empty where they can be."""
    try:
        read_key()
    except HashKeyError as error:
        return str(error)
    return ""
