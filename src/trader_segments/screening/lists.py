"""Sanctions lists as their publishers hand them out, read into one form.

Formats, told apart by their content:

- OFAC SDN, the "native" CSV: 12 columns without a header, `-0-` for nothing, further names, dates
  of birth and wallets inside the remarks (https://ofac.treasury.gov, "SDN List Data Formats");
  its second file `alt.csv` with most aliases, 5 columns, is read with it,
- OpenSanctions `targets.simple.csv` (https://www.opensanctions.org/docs/bulk/csv/),
- sanctioned addresses taken from OFAC's list: `ent_num, asset, address`,
- labelled addresses: `blockchain, address, tag_name` among others.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from trader_segments.screening.names import ENTITY, INDIVIDUAL, visible, wallet

VESSEL, AIRCRAFT, WALLET = "vessel", "aircraft", "wallet"
_LONGEST_RECORD = 20
"""Lines that one record may take; a quote that is open for longer is an error of its first line."""
_MOST_SHOWN = 200


class ListError(Exception):
    """A file that is no list of a known format; the text says what to do."""


@dataclass(frozen=True)
class Entry:
    """One listed person, entity, vessel, aircraft or wallet.

    Attributes
    ----------
    entry_id
        The publisher's; unique in its list.
    entity_type
        `individual`, `entity`, `vessel`, `aircraft`, `wallet`; None where the list does not say.
    names
        As listed but for invisible characters, the main one first; empty where only addresses are
        known.
    birth_dates
        `YYYY-MM-DD`, `YYYY-MM`, `YYYY` or `YYYY/YYYY` (between).
    countries
        Of nationality, citizenship or residence, as listed (names or ISO 3166-1 codes).
    wallets
        Pairs of asset (None where unknown) and address.
    programs
        Sanctions programmes.
    remarks
        What else the list says, None if nothing.
    """

    entry_id: str
    entity_type: str | None
    names: tuple[str, ...] = ()
    birth_dates: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    wallets: tuple[tuple[str | None, str], ...] = ()
    programs: tuple[str, ...] = ()
    remarks: str | None = None


@dataclass(frozen=True)
class BrokenLine:
    """A line that could not be read: its number from 1, why, and what stands in it."""

    line: int
    reason: str
    content: str


@dataclass(frozen=True)
class SanctionsList:
    """A list, read.

    Attributes
    ----------
    list_name
        What it is stored as; loading another version replaces it.
    list_format
        `ofac_sdn`, `opensanctions`, `ofac_addresses` or `labelled_addresses`.
    list_version
        SHA-256 of the file, or of the files.
    listed_on
        Date of the list, where the file states one.
    records
        Lines, or groups of lines, that hold a record: those read, repeated and broken.
    repeated
        Records that say nothing that an earlier one did not.
    """

    list_name: str
    list_format: str
    list_version: str
    listed_on: dt.date | None
    entries: tuple[Entry, ...]
    broken: tuple[BrokenLine, ...]
    records: int
    repeated: int


@dataclass
class _Records:
    """The records of a file with the number of their first line, and what could not be read."""

    text: str
    broken: list[BrokenLine] = field(default_factory=list)
    count: int = 0

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        lines = self.text.split("\n")
        width = None
        number = 0
        while number < len(lines):
            first = number
            number += 1
            if not visible(lines[first]):
                if lines[first].strip("\r\n\t \ufeff"):
                    self.count += 1
                    self.reject(first + 1, "no text", repr(lines[first])[1:-1])
                continue
            self.count += 1
            fields = _fields(lines[first])
            if fields is None:
                fields, number = _continued(lines, first, width)
            if fields is None:
                self.reject(
                    first + 1, "a quote is not closed, or stands inside a value", lines[first]
                )
                continue
            width = width or len(fields)
            yield first + 1, [visible(value) for value in fields]

    def reject(self, line: int, reason: str, content: str) -> None:
        self.broken.append(BrokenLine(line, reason, content.strip()[:_MOST_SHOWN]))


def read_list(
    path: Path, list_name: str | None = None, aliases: Path | None = None
) -> SanctionsList:
    """Read a list of any known format.

    Parameters
    ----------
    path
        The file, UTF-8 (with or without a byte-order mark) or, failing that, Windows-1252.
    list_name
        By default the name of the format.
    aliases
        OFAC's `alt.csv`, with the further names of the entries in its `sdn.csv`.

    Raises
    ------
    ListError
        If the format is unknown or no line can be read.
    """
    content = path.read_bytes()
    records = _Records(_text(content))
    rows = iter(records)
    first = next(rows, None)
    if first is None:
        raise ListError(f"{path}: there is no list in it")
    known_format = next((each for each in _FORMATS if _places(first[1], each[1]) is not None), None)
    if known_format is None:
        raise ListError(
            f"{path}: not a format that is known. Expected are OFAC's native sdn.csv (12 columns "
            "without a header), OpenSanctions' targets.simple.csv, or addresses with the columns "
            "ent_num, asset, address or blockchain, address, tag_name"
        )
    list_format, columns, parse = known_format
    places = _places(first[1], columns) or {}
    has_header = bool(columns)
    width = len(first[1])
    found: dict[str, Entry] = {}
    repeated = 0
    newest: dt.date | None = None
    if has_header:
        records.count -= 1
    for line, values in rows if has_header else itertools.chain([first], rows):
        if len(values) != width:
            records.reject(line, f"{len(values)} values instead of {width}", ",".join(values))
            continue
        row = {column: values[place] for column, place in places.items()} if has_header else None
        parsed = parse(row if row is not None else dict(zip(_SDN, values, strict=True)))
        if isinstance(parsed, str):
            records.reject(line, parsed, ",".join(values))
            continue
        entry, seen_on = parsed
        newest = max(filter(None, (newest, seen_on)), default=None)
        known = found.get(entry.entry_id)
        merged = _merged(known, entry)
        repeated += merged == known
        found[entry.entry_id] = merged
    if not found:
        raise ListError(f"{path}: none of its {records.count:,} records can be read")
    digest = hashlib.sha256(content)
    if aliases is not None:
        if parse is not _sdn:
            raise ListError(f"{aliases}: aliases in a file of their own are read with sdn.csv only")
        digest.update(aliases.read_bytes())
        repeated += _add_aliases(aliases, found, records)
    return SanctionsList(
        list_name=list_name or list_format,
        list_format=list_format,
        list_version=digest.hexdigest(),
        listed_on=newest,
        entries=tuple(found.values()),
        broken=tuple(records.broken),
        records=records.count,
        repeated=repeated,
    )


def _add_aliases(path: Path, found: dict[str, Entry], records: _Records) -> int:
    """Add the names in `alt.csv` to their entries, its records to the others; how many say nothing.

    Columns: number of the entry, number of the alias, kind (`aka`, `fka`, `nka`), name, remarks.
    """
    aliases = _Records(_text(path.read_bytes()))
    repeated, read = 0, 0
    for line, values in aliases:
        name = values[3] if len(values) == _ALIAS_COLUMNS else ""
        known = found.get(values[0])
        if not name or name == "-0-":
            aliases.reject(line, "not an alias of the native format", ",".join(values))
        elif known is None:
            aliases.reject(line, "an alias of an entry that is not there", ",".join(values))
        else:
            merged = _merged(known, Entry(known.entry_id, None, names=(name,)))
            repeated += merged == known
            found[known.entry_id] = merged
            read += 1
    if not read:
        raise ListError(f"{path}: none of its {aliases.count:,} records is an alias in {_ALIASES}")
    records.count += aliases.count
    records.broken += [
        replace(broken, reason=f"{path.name}: {broken.reason}") for broken in aliases.broken
    ]
    return repeated


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


_ALIAS_COLUMNS = 5
_ALIASES = (
    "OFAC's native form (ent_num, alt_num, alt_type, alt_name, alt_remarks, without a header)"
)
_Parsed = tuple[Entry, dt.date | None] | str
_SDN = (
    "ent_num",
    "name",
    "type",
    "program",
    "title",
    "call_sign",
    "vessel_type",
    "tonnage",
    "grt",
    "flag",
    "owner",
    "remarks",
)


def _sdn(row: dict[str, str]) -> _Parsed:
    values = {column: "" if value == "-0-" else value for column, value in row.items()}
    if not values["ent_num"].isdigit():
        return "the number of the entry is no number"
    if not values["name"]:
        return "no name"
    remarks = values["remarks"]
    aliases, born, countries, wallets = [], [], [], []
    for part in remarks.split(";"):
        said = part.strip().removeprefix("alt. ")
        if match := re.match(r"(?:[afn]\.k\.a\.|d\.b\.a\.) '(.*)", said):
            aliases.append(match[1].rstrip(".").strip(" '\""))
        elif match := re.match("DOB (.*)", said):
            born.append(_birth_date(match[1]))
        elif match := re.match("(?:nationality|citizen) (.*)", said):
            countries.append(match[1].rstrip("."))
        elif match := re.match(r"Digital Currency Address - (\S+) (\S+)", said):
            wallets.append((match[1], wallet(match[2].rstrip("."))))
    kind = {"": ENTITY, INDIVIDUAL: INDIVIDUAL, VESSEL: VESSEL, AIRCRAFT: AIRCRAFT}
    return Entry(
        entry_id=values["ent_num"],
        entity_type=kind.get(values["type"].lower()),
        names=_unique([values["name"], *aliases]),
        birth_dates=_unique(born),
        countries=_unique(countries),
        wallets=tuple(dict.fromkeys(wallets)),
        programs=_unique(re.split(r"\]\s*\[", values["program"])),
        remarks=remarks or None,
    ), None


_OPENSANCTIONS = (
    "id",
    "schema",
    "name",
    "aliases",
    "birth_date",
    "countries",
    "addresses",
    "identifiers",
    "sanctions",
    "program_ids",
    "dataset",
    "last_seen",
)
_REQUIRED_OF_OPENSANCTIONS = 6
_SCHEMAS = {
    "Person": INDIVIDUAL,
    "Company": ENTITY,
    "Organization": ENTITY,
    "PublicBody": ENTITY,
    "Vessel": VESSEL,
    "Airplane": AIRCRAFT,
    "CryptoWallet": WALLET,
}


def _opensanctions(row: dict[str, str]) -> _Parsed:
    if not row["id"]:
        return "no id"
    kind = _SCHEMAS.get(row["schema"])
    names = _unique([row["name"], *row["aliases"].split(";")])
    if not names:
        return "no name"
    wallets: tuple[tuple[str | None, str], ...] = ()
    if kind == WALLET:
        keys = [*names, *row.get("identifiers", "").split(";")]
        wallets = tuple((None, key) for key in _unique([wallet(key) for key in keys]))
        names = ()
    return Entry(
        entry_id=row["id"],
        entity_type=kind,
        names=names,
        birth_dates=_unique(row["birth_date"].split(";")),
        countries=_unique(row["countries"].upper().split(";")),
        wallets=wallets,
        programs=_unique(row.get("program_ids", "").split(";")),
        remarks=row.get("sanctions") or None,
    ), _date(row.get("last_seen", ""))


def _ofac_address(row: dict[str, str]) -> _Parsed:
    if not row["ent_num"].isdigit():
        return "the number of the entry is no number"
    if not row["address"]:
        return "no address"
    return Entry(
        row["ent_num"], None, wallets=((row["asset"] or None, wallet(row["address"])),)
    ), None


_NOBODY = frozenset(("", "anonymous", "null", "unknown", "n/a"))


def _labelled_address(row: dict[str, str]) -> _Parsed:
    address = wallet(row["address"])
    if not address:
        return "no address"
    name = "" if row["tag_name"].casefold() in _NOBODY else row["tag_name"]
    return Entry(
        entry_id=name or address,
        entity_type=None,
        names=(name,) if name else (),
        wallets=((row["blockchain"] or None, address),),
        remarks=row.get("tag_type") or None,
    ), None


_FORMATS: tuple[tuple[str, tuple[str, ...], Callable[[dict[str, str]], _Parsed]], ...] = (
    ("opensanctions", _OPENSANCTIONS, _opensanctions),
    ("ofac_addresses", ("ent_num", "asset", "address"), _ofac_address),
    ("labelled_addresses", ("blockchain", "address", "tag_name", "tag_type"), _labelled_address),
    ("ofac_sdn", (), _sdn),
)
_OPTIONAL = frozenset((*_OPENSANCTIONS[_REQUIRED_OF_OPENSANCTIONS:], "tag_type"))


def _places(values: list[str], columns: tuple[str, ...]) -> dict[str, int] | None:
    """Where each column stands if this is the header of the format (or a first row of SDN)."""
    if not columns:
        is_sdn = len(values) == len(_SDN) and values[0].isdigit()
        return {} if is_sdn else None
    header = [value.casefold() for value in values]
    places = {column: header.index(column) for column in columns if column in header}
    return places if _OPTIONAL.issuperset(set(columns) - set(places)) else None


def _fields(text: str) -> list[str] | None:
    try:
        return next(csv.reader([text.rstrip("\r")], strict=True))
    except (csv.Error, StopIteration):
        return None


def _continued(lines: list[str], first: int, width: int | None) -> tuple[list[str] | None, int]:
    """A record whose quoted value holds line ends, and the line after it."""
    for last in range(first + 1, min(first + _LONGEST_RECORD, len(lines))):
        try:
            rows = list(csv.reader(["\n".join(lines[first : last + 1]).rstrip("\r")], strict=True))
        except csv.Error:
            continue
        if len(rows) == 1 and width in (None, len(rows[0])):
            return rows[0], last + 1
        break
    return None, first + 1


def _merged(known: Entry | None, entry: Entry) -> Entry:
    """Two records of one entry as one: nothing that either says is lost."""
    if known is None:
        return entry

    def both(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*first, *second)))

    remarks = both(*([text] if text else [] for text in (known.remarks, entry.remarks)))
    return Entry(
        entry_id=known.entry_id,
        entity_type=known.entity_type or entry.entity_type,
        names=both(known.names, entry.names),
        birth_dates=both(known.birth_dates, entry.birth_dates),
        countries=both(known.countries, entry.countries),
        wallets=tuple(dict.fromkeys((*known.wallets, *entry.wallets))),
        programs=both(known.programs, entry.programs),
        remarks="; ".join(remarks) or None,
    )


def _unique(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (value.strip() for value in values))))


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


def _birth_date(text: str) -> str:
    said = text.strip(" .").removeprefix("circa ")
    if match := re.fullmatch(r"(?:.*\s)?(\d{4}) to (?:.*\s)?(\d{4})", said):
        return f"{match[1]}/{match[2]}"
    for pattern, shown in (("%d %b %Y", "%Y-%m-%d"), ("%b %Y", "%Y-%m"), ("%Y", "%Y")):
        try:
            return dt.datetime.strptime(said, pattern).strftime(shown)
        except ValueError:
            continue
    return said
