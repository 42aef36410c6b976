"""Customers against sanctions lists: data frames in, data frames out.

Every frame here holds or identifies personal data and belongs in the restricted database.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator
from typing import Any

import pandas as pd

from trader_segments.screening.births import agreement
from trader_segments.screening.matching import Match, NameIndex, Part
from trader_segments.screening.names import (
    ABJAD,
    COMMON_NAMES,
    ENTITY,
    INDIVIDUAL,
    PARTICLES,
    Name,
    fold,
    parse_name,
    visible,
    wallet,
    without_middle,
)

DEFAULT_THRESHOLD = 0.79
"""At most 0.1 % of innocent names hit, measured in benchmarks/screening."""

SHORTENED_FACTOR = 0.9
"""Of the score of a listed name whose middle names the customer leaves out."""
_MOST_DIFFERENT = 0.5
"""Edits by which what is left of such a name may differ: spellings, no typing errors."""
_RARE_AT = 3
"""Entries that a surname may occur in for the middle names to be left out."""

HIT_COLUMNS = (
    "match_id",
    "trader_id",
    "list_name",
    "entry_id",
    "listed_name",
    "score",
    "matched_words",
    "birth_date_agreement",
    "listed_birth_dates",
    "listed_countries",
    "listed_since",
)
WALLET_HIT_COLUMNS = (
    "match_id",
    "trader_id",
    "list_name",
    "entry_id",
    "address",
    "asset",
    "listed_since",
    "used_since",
)
_PEOPLE_AND_ENTITIES = (INDIVIDUAL, ENTITY)
_Asked = tuple[str | None, str, str | None]


def screen(
    customers: pd.DataFrame, names: pd.DataFrame, *, threshold: float = DEFAULT_THRESHOLD
) -> pd.DataFrame:
    """Customers whose name may be a listed one.

    Parameters
    ----------
    customers
        A row each: `trader_id`, `legal_name`, `customer_type` (`individual`, `entity` or NULL) and
        `birth_date` (a date or NULL). Rows without a name are left out.
    names
        A row per listed name: `list_name`, `entry_id`, `name`, `entity_type`, `birth_dates` and
        `countries` (joined by "; ", or NULL), `first_loaded_on`. Vessels and aircraft are left out;
        people are compared with people, entities with entities, and what is neither with both.
    threshold
        Lowest score of a hit, above 0 and at most 1.

    Returns
    -------
    `HIT_COLUMNS`, a row per customer and entry (the best of its names), by trader, score and
    entry. `score` is 1 for the same words in any order. `matched_words` says word by word what was
    compared and what it cost in edits. `birth_date_agreement` is that of `births.agreement`: a day
    or a year of birth that agrees makes differences of the name count less, any other leaves the
    score alone. `listed_since` is the day on which the name was first loaded. Memory: the listed
    names, the customers, and the candidates of one batch of names.

    Raises
    ------
    ValueError
        If the threshold is not in (0, 1].
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"a threshold is above 0 and at most 1, not {threshold}")
    asked = _asked_names(customers)
    listed = _listed_names(names) if asked else []
    found: dict[tuple[Hashable, Hashable, Hashable], dict[str, Any]] = {}
    for given, match in _matches(asked, listed, threshold):
        entry = listed[match.listed]
        for customer in given:
            key = (customer["trader_id"], entry["list_name"], entry["entry_id"])
            rank = (-match.score, entry["name"])
            if key not in found or rank < found[key]["rank"]:
                found[key] = {
                    "rank": rank,
                    "customer": customer,
                    "entry": entry,
                    "match": match,
                }
    hits = [_hit(each) for each in found.values()]
    hits.sort(
        key=lambda hit: (str(hit["trader_id"]), -hit["score"], hit["list_name"], hit["entry_id"])
    )
    return _typed(hits, HIT_COLUMNS)


def screen_wallets(addresses: pd.DataFrame, wallets: pd.DataFrame) -> pd.DataFrame:
    """Addresses that are listed, equal after `names.wallet`.

    Parameters
    ----------
    addresses
        `trader_id`, `address`, `used_since`; repeated and NULL ones are left out.
    wallets
        `list_name`, `entry_id`, `asset`, `address`, `first_loaded_on`. The asset is not compared:
        one key pair holds many assets, and lists name one.

    Returns
    -------
    `WALLET_HIT_COLUMNS`, a row per trader, entry and address.
    """
    known = wallets.assign(address=wallets["address"].map(wallet))
    known = known.sort_values(["list_name", "entry_id", "address", "asset"], na_position="last")
    known = known.drop_duplicates(["list_name", "entry_id", "address"])
    keys = addresses["address"].drop_duplicates().dropna()
    spelled = pd.DataFrame({"spelled": keys, "address": keys.map(wallet)})
    spelled = spelled[spelled["address"].isin(known["address"])]
    asked = addresses.rename(columns={"address": "spelled"}).merge(spelled, on="spelled")
    asked = asked.assign(used_since=asked["used_since"].map(_day, na_action="ignore"))
    first = asked.sort_values("used_since").drop_duplicates(["trader_id", "address"])
    hits = _records(first[["trader_id", "address", "used_since"]].merge(known, on="address"))
    for hit in hits:
        hit["match_id"] = match_id(
            hit["trader_id"], hit["list_name"], hit["entry_id"], hit["address"]
        )
        hit["listed_since"] = _day(hit["first_loaded_on"])
    hits.sort(
        key=lambda hit: (str(hit["trader_id"]), hit["list_name"], hit["entry_id"], hit["address"])
    )
    return _typed(hits, WALLET_HIT_COLUMNS)


def match_id(
    trader_id: object, list_name: object, entry_id: object, listed: str, written: str = ""
) -> str:
    """A match's name, the same on every run until the entry, its name or the customer's changes.

    A clearance can name it, so that a customer who takes another name is looked at again.
    """
    parts = (str(trader_id), str(list_name), str(entry_id), listed, visible(written).casefold())
    return f"SM-{hashlib.sha256(chr(31).join(parts).encode()).hexdigest()[:24]}"


def _listed_names(names: pd.DataFrame) -> list[dict[str, Any]]:
    kept = names[names["entity_type"].isna() | names["entity_type"].isin(_PEOPLE_AND_ENTITIES)]
    rows = _records(kept)
    rows.sort(key=lambda row: (str(row["list_name"]), str(row["entry_id"]), str(row["name"])))
    return rows


def _asked_names(customers: pd.DataFrame) -> dict[_Asked, list[dict[str, Any]]]:
    """Customers by type, name and date of birth, in an order of their own, each of these once."""
    asked: dict[_Asked, list[dict[str, Any]]] = {}
    columns = ["trader_id", "legal_name", "customer_type", "birth_date"]
    rows = _records(customers[columns].dropna(subset=["trader_id", "legal_name"]))
    for row in rows:
        row["birth_date"] = _day(row["birth_date"]) if row["birth_date"] is not None else None
        key = (row["customer_type"], row["legal_name"], row["birth_date"])
        asked.setdefault(key, []).append(row)
    return dict(sorted(asked.items(), key=lambda item: tuple(part or "" for part in item[0])))


def _matches(
    asked: dict[_Asked, list[dict[str, Any]]], listed: list[dict[str, Any]], threshold: float
) -> Iterator[tuple[list[dict[str, Any]], Match]]:
    """Customers of the same name, and a match of it, whose `listed` counts in `listed`."""
    rows = list(range(len(listed)))
    parsed = [parse_name(row["name"], row["entity_type"]) for row in listed]
    for number, shorter in _shortened(listed, parsed):
        rows.append(number)
        parsed.append(shorter)
    for kind in sorted({kind for kind, _, _ in asked}, key=str):
        wanted = [key for key in asked if key[0] == kind]
        names = [parse_name(text, kind) for _, text, _ in wanted]
        of_kind = [
            number
            for number, row in enumerate(rows)
            if parsed[number].tokens
            and (kind is None or listed[row]["entity_type"] in (kind, None))
        ]
        for given, others, consonants in _passes(names, [parsed[number] for number in of_kind]):
            if not given or not others:
                continue
            numbers = [of_kind[place] for place in others]
            index = NameIndex(
                [parsed[number] for number in numbers],
                [_entry(listed[rows[number]]) for number in numbers],
                [listed[rows[number]]["birth_dates"] for number in numbers],
                consonants=consonants,
            )
            found = index.matches(
                [names[place] for place in given], [wanted[place][2] for place in given], threshold
            )
            for match in found:
                number = numbers[match.listed]
                score, parts = match.score, match.parts
                if number >= len(listed):
                    if consonants or sum(part.cost for part in parts) > _MOST_DIFFERENT:
                        continue
                    score *= SHORTENED_FACTOR
                    parts = (*parts, *_left_out(parsed[rows[number]], parsed[number]))
                if score >= threshold:
                    place = given[match.given]
                    yield asked[wanted[place]], Match(place, rows[number], score, parts)


def _shortened(listed: list[dict[str, Any]], parsed: list[Name]) -> Iterator[tuple[int, Name]]:
    """Names of people without the middle, where few entries share the surname."""
    users: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row, name in zip(listed, parsed, strict=True):
        for token in name.tokens:
            users[fold(token)].add(_entry(row))
    for number, row in enumerate(listed):
        shorter = without_middle(row["name"]) if row["entity_type"] == INDIVIDUAL else None
        if shorter is not None and all(
            token in PARTICLES
            or (len(users[fold(token)]) <= _RARE_AT and token not in COMMON_NAMES)
            for token in shorter.tokens[1:]
        ):
            yield number, shorter


def _left_out(whole: Name, shorter: Name) -> list[Part]:
    left = Counter(whole.tokens) - Counter(shorter.tokens)
    return [Part(None, token, "left out", 0.0) for token in left.elements()]


def _entry(row: dict[str, Any]) -> tuple[str, str]:
    return str(row["list_name"]), str(row["entry_id"])


def _passes(names: list[Name], listed: list[Name]) -> Iterator[tuple[list[int], list[int], bool]]:
    """Whom to compare with whom, and whether by consonants: wherever one side is an abjad."""
    abjad = [number for number, name in enumerate(names) if name.tokens and name.script == ABJAD]
    other = [number for number, name in enumerate(names) if name.tokens and name.script != ABJAD]
    listed_abjad = [number for number, name in enumerate(listed) if name.script == ABJAD]
    listed_other = [number for number, name in enumerate(listed) if name.script != ABJAD]
    yield other, listed_other, False
    yield other, listed_abjad, True
    yield abjad, list(range(len(listed))), True


def _hit(found: dict[str, Any]) -> dict[str, Any]:
    customer, entry, match = found["customer"], found["entry"], found["match"]
    number = match_id(
        customer["trader_id"],
        entry["list_name"],
        entry["entry_id"],
        entry["name"],
        customer["legal_name"],
    )
    return {
        "match_id": number,
        "trader_id": customer["trader_id"],
        "list_name": entry["list_name"],
        "entry_id": entry["entry_id"],
        "listed_name": entry["name"],
        "score": round(match.score, 4),
        "matched_words": "; ".join(map(_said, match.parts)),
        "birth_date_agreement": agreement(customer["birth_date"], entry["birth_dates"]),
        "listed_birth_dates": entry["birth_dates"],
        "listed_countries": entry["countries"],
        "listed_since": _day(entry["first_loaded_on"]),
    }


def _said(part: Part) -> str:
    words = " = ".join(word.replace("_", "") for word in (part.given, part.listed) if word)
    return f"{words} ({part.how}{f', {part.cost:g}' if part.cost else ''})"


def _day(date: object) -> str:
    return str(date)[:10]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with None for whatever pandas has in place of it."""
    return [
        {str(column): None if _is_null(value) else value for column, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _is_null(value: object) -> bool:
    return bool(pd.isna(value))  # type: ignore[call-overload]


def _typed(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    """Rows as a frame with these columns, with types also where there is no row."""
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({c: "float64" if c == "score" else "str" for c in columns})
