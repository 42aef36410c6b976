"""What a build does: screen who or what is new, keep what was found of the others."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

import pandas as pd

from trader_segments.screening.screen import DEFAULT_THRESHOLD, screen, screen_wallets
from trader_segments.screening.store import Lists

NAME, WALLET = "name", "wallet"
COLUMNS = (
    "trader_id",
    "subject",
    "screening_key",
    "match_id",
    "list_name",
    "entry_id",
    "score",
    "listed_as",
    "explanation",
    "birth_date_agreement",
    "listed_birth_dates",
    "listed_countries",
    "first_seen_on",
)
_TYPES = dict.fromkeys(COLUMNS, "str") | {"score": "float64"}
_KEYED = ("legal_name", "customer_type", "birth_date", "customer_since")


def screen_all(
    customers: pd.DataFrame,
    addresses: pd.DataFrame,
    lists: Lists,
    earlier: pd.DataFrame,
    *,
    threshold: float = DEFAULT_THRESHOLD,
) -> pd.DataFrame:
    """Names and addresses of customers against all lists.

    Names are compared only where the customer, the lists, the threshold or the code of the
    comparison is another than when `earlier` was made: `screening_key` is a digest of these.

    Parameters
    ----------
    customers
        A row each: `trader_id`, `legal_name`, `customer_type`, `birth_date`, `customer_since`.
    addresses
        A row per customer and address: `trader_id`, `address`, `used_since`.
    earlier
        What the last build returned; without columns on the first one.

    Returns
    -------
    `COLUMNS`, a row per customer's name and hit, or with NULL in place of a hit where there is
    none; and a row per customer, listed entry and address of which it is one. `first_seen_on`
    (`YYYY-MM-DD`) is the first day on which both were there to be seen.
    """
    names = _screen_names(_keyed(customers, lists, threshold), lists, earlier, threshold)
    found = pd.concat([nobody_screened(), names, _screen_addresses(addresses, lists)])
    order = ["trader_id", "subject", "list_name", "entry_id", "listed_as"]
    return found.sort_values(order, na_position="last", ignore_index=True).astype(_TYPES)


def nobody_screened() -> pd.DataFrame:
    """The columns of `screen_all` with their types, and no rows."""
    return pd.DataFrame(columns=list(COLUMNS)).astype(_TYPES)


def _screen_names(
    customers: pd.DataFrame, lists: Lists, earlier: pd.DataFrame, threshold: float
) -> pd.DataFrame:
    key = ["trader_id", "screening_key"]
    kept = nobody_screened()
    if set(earlier.columns) == set(COLUMNS):
        known = earlier[earlier["subject"] == NAME]
        kept = known.merge(customers[key], on=key)[list(COLUMNS)]
    new = customers[~customers["trader_id"].isin(kept["trader_id"])]
    hits = screen(new, lists.names, threshold=threshold)
    hits = hits.rename(columns={"listed_name": "listed_as", "matched_words": "explanation"})
    rows = new.merge(hits, on="trader_id", how="left").assign(subject=NAME)
    rows["first_seen_on"] = _later(rows["listed_since"], rows["customer_since"])
    return pd.concat([kept, rows[list(COLUMNS)]])


def _screen_addresses(addresses: pd.DataFrame, lists: Lists) -> pd.DataFrame:
    hits = screen_wallets(addresses, lists.wallets)
    hits = hits.rename(columns={"address": "listed_as", "asset": "explanation"})
    hits = hits.assign(subject=WALLET, score=1.0)
    hits["first_seen_on"] = _later(hits["listed_since"], hits["used_since"])
    return hits.reindex(columns=list(COLUMNS))


def _later(listed: pd.Series[str], since: pd.Series[str]) -> pd.Series[str]:
    """The later of two days; NULL without the first, the first without the second."""
    return listed.where(~(listed < since.fillna("")), since)


def _keyed(customers: pd.DataFrame, lists: Lists, threshold: float) -> pd.DataFrame:
    made_with = json.dumps([_code(), lists.version, threshold])
    since = customers["customer_since"].astype("str").str[:10]
    customers = customers.assign(customer_since=since)
    values = zip(*(customers[column].astype("str").fillna("") for column in _KEYED), strict=True)
    keys = [
        hashlib.sha256("\x1f".join([made_with, *row]).encode()).hexdigest()[:24] for row in values
    ]
    return customers.assign(screening_key=pd.Series(keys, index=customers.index, dtype="str"))


@cache
def _code() -> str:
    """Digest of the modules and words of this package: what scores come from beside the input."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".txt"):
            digest.update(path.read_bytes())
    return digest.hexdigest()
