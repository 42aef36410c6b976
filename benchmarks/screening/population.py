"""Listed names as a sanctioned customer may write them, and innocent names to hold against them."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from faker import Faker

from trader_segments.screening.lists import Entry
from trader_segments.screening.names import ENTITY, INDIVIDUAL

LATIN = [
    *("cs_CZ", "de_DE", "en_GB", "en_IN", "en_NG", "en_US", "es_CO", "es_MX", "fi_FI", "fr_FR"),
    *("id_ID", "it_IT", "nl_NL", "pl_PL", "pt_BR", "ro_RO", "sv_SE", "tr_TR"),
]
CYRILLIC = ["ru_RU", "uk_UA", "bg_BG"]
ABJAD = ["ar_AA", "fa_IR", "he_IL"]
HAN = ["zh_CN"]

_TO_CYRILLIC = [
    ("shch", "щ"), ("sch", "щ"), ("tch", "ч"), ("dzh", "дж"), ("kh", "х"), ("zh", "ж"),
    ("ch", "ч"), ("sh", "ш"), ("ts", "ц"), ("ya", "я"), ("yu", "ю"), ("ye", "е"), ("yo", "ё"),
    ("iy", "ий"), ("ay", "ай"), ("ey", "ей"), ("oy", "ой"), ("ph", "ф"), ("th", "т"), ("ck", "к"),
    ("qu", "кв"), ("oo", "у"), ("ou", "у"), ("ee", "и"), ("x", "кс"), ("j", "дж"), ("w", "в"),
    ("q", "к"), ("c", "к"), ("h", "х"), ("y", "и"),
    *zip("abdefgiklmnoprstuvz", "абдефгиклмнопрстувз", strict=True),
]  # fmt: skip
_TO_ARABIC = [
    ("kh", "خ"), ("sch", "ش"), ("sh", "ش"), ("ch", "ش"), ("gh", "غ"), ("th", "ث"), ("dh", "ذ"),
    ("ou", "و"), ("oo", "و"),
    ("ee", "ي"), ("ay", "ي"), ("ai", "ي"), ("aw", "و"), ("b", "ب"), ("t", "ت"), ("j", "ج"),
    ("h", "ح"), ("d", "د"), ("r", "ر"), ("z", "ز"), ("s", "س"), ("f", "ف"), ("q", "ق"), ("k", "ك"),
    ("l", "ل"), ("m", "م"), ("n", "ن"), ("w", "و"), ("v", "ف"), ("p", "ب"), ("g", "ج"), ("y", "ي"),
    ("c", "ك"), ("x", "كس"), ("'", "ع"),
]  # fmt: skip
_ALSO = {"ح": "حه", "س": "سص", "ت": "تط", "د": "دض", "ك": "كق"}
_ARABIC = {
    latin: written.replace("+", " ")
    for pair in Path(__file__).with_name("arabic_names.txt").read_text("utf-8").split()
    for latins, written in [pair.split(":")]
    for latin in latins.split(",")
}
_LONG = {"a": "ا", "i": "ي", "u": "و", "o": "و", "e": "ي"}
_SYLLABLES = dict(
    pair.split(":") for pair in Path(__file__).with_name("syllables.txt").read_text("utf-8").split()
)
_ARABIC_SPEAKING = re.compile(
    "Syria|Iraq|Lebanon|Egypt|Saudi|Yemen|Libya|Jordan|Palestin|Sudan|Algeria|Tunisia|Morocco|"
    "Kuwait|Qatar|United Arab Emirates|Bahrain"
)
_ROMANISED = [
    ("muhammad", "mohamed"), ("mohammad", "mohammed"), ("ahmad", "ahmed"), ("husayn", "hussein"),
    ("hasan", "hassan"), ("yusuf", "youssef"), ("shaykh", "sheikh"), ("aleksandr", "alexander"),
    ("sergei", "sergey"), ("yuri", "iouri"), ("dmitri", "dmitry"), ("ov", "off"), ("sh", "ch"),
    ("kh", "h"), ("iy", "y"), ("ks", "x"), ("q", "k"), ("ou", "u"), ("zh", "j"), ("ee", "i"),
]  # fmt: skip
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"


@dataclass(frozen=True)
class Planted:
    """A listed name as a customer wrote it, and the date of birth in the customer's papers."""

    entry: Entry
    kind: str
    name: str
    birth_date: str | None


def natural(name: str, kind: str | None) -> str:
    """The given name first, in capitals and small letters."""
    if kind == INDIVIDUAL and name.count(",") == 1:
        surname, given = name.split(",")
        name = f"{given.strip()} {surname.strip()}"
    return name.title()


def edited(name: str, edits: int, draw: random.Random) -> str:
    """So many typing errors at different places: a letter too few, too many, wrong, or swapped."""
    original = name.casefold()
    while True:
        text = name
        for _ in range(edits):
            place = draw.randrange(len(text))
            letter = draw.choice(string.ascii_lowercase)
            how = draw.choice(["insert", "delete", "substitute", "swap"])
            if how == "insert":
                text = text[:place] + letter + text[place:]
            elif how == "delete":
                text = text[:place] + text[place + 1 :]
            elif how == "substitute":
                text = text[:place] + letter + text[place + 1 :]
            else:
                text = text[:place] + text[place : place + 2][::-1] + text[place + 2 :]
        if text.casefold() != original and text.strip():
            return text


def edited_by_length(name: str, draw: random.Random) -> str | None:
    """With two typing errors, where a reader could know the words again; None where nowhere.

    As Elasticsearch's fuzziness AUTO has it: none in a word of one or two letters, one in three to
    five, two in longer ones. Spaces stay.
    """
    words = list(re.finditer(r"\w+", name))
    room = [0 if len(w.group()) < 3 else 1 if len(w.group()) < 6 else 2 for w in words]
    if sum(room) < 2:
        return None
    chosen = draw.sample([n for n, free in enumerate(room) for _ in range(free)], 2)
    text = name
    for number in sorted(chosen, reverse=True):
        start, end = words[number].span()
        text = text[:start] + edited(name[start:end], 1, draw) + text[end:]
    if chosen[0] == chosen[1]:
        start, end = words[chosen[0]].span()
        text = name[:start] + edited(name[start:end], 2, draw) + name[end:]
    return text


def reordered(name: str, draw: random.Random) -> str | None:
    """Its words in another order; None where there is one word alone."""
    words = name.replace(",", " ").split()
    if len(set(words)) < 2:
        return None
    mixed = words
    while mixed == words:
        mixed = draw.sample(words, len(words))
    return " ".join(mixed)


def _replaced(name: str, rules: list[tuple[str, str]]) -> str:
    for latin, other in rules:
        name = name.replace(latin, other)
    return name


def cyrillic(name: str) -> str | None:
    """As a Russian reader would write the sounds."""
    text = _replaced(name.casefold(), _TO_CYRILLIC)
    return None if re.search("[a-z]", text) else text.title()


def arabic(name: str, draw: random.Random) -> str:
    """As it is written in Arabic: frequent names as everybody spells them, others by sound.

    By sound, each vowel inside a word is written or not, half and half; one Latin letter stands for
    several Arabic ones as often as either; an apostrophe is an ayn.
    """
    words = []
    for word in re.split(r"[\s\-]+", name.casefold().replace(".", "")):
        known = _ARABIC.get(word) or _ARABIC.get(word.replace("'", ""))
        if known:
            words.append(known)
            continue
        word = re.sub(r"([^aiueo])\1", r"\1", word)
        text = _replaced(word, _TO_ARABIC) if word not in ("al", "el") else "ال"
        text = re.sub("^[aiueo]", "ا", text)
        text = re.sub("a$", draw.choice("اة"), text)
        text = re.sub("[iy]$", "ي", text)
        text = re.sub("[aiueo]", lambda match: draw.choice(["", _LONG[match.group()]]), text)
        text = re.sub("[حستدك]", lambda match: draw.choice(_ALSO[match.group()]), text)
        words.append(text)
    return re.sub(r"\bال ", "ال", " ".join(words))


def chinese(listed: str) -> str | None:
    """Characters of its syllables; None where one is not in the table."""
    surname, _, given = listed.partition(",")
    text = ""
    for word in (*surname.casefold().split(), *re.split(r"[\s\-]+", given.strip().casefold())):
        rest = word
        while rest:
            size = next((n for n in range(6, 1, -1) if rest[:n] in _SYLLABLES), 0)
            if not size:
                return None
            text, rest = text + _SYLLABLES[rest[:size]], rest[size:]
    return text


def romanised(name: str) -> str | None:
    """As another country's registry would spell the same sounds."""
    text = _replaced(name.casefold(), _ROMANISED)
    return None if text == name.casefold() else text.title()


def hidden(name: str, draw: random.Random) -> str:
    """With a byte-order mark in front and invisible characters inside."""
    place = draw.randrange(1, len(name))
    return f"\ufeff{name[:place]}{draw.choice(_INVISIBLE)}{name[place:]}"


def without_middle(name: str) -> str | None:
    words = name.split()
    return " ".join([words[0], *words[2:]]) if len(words) > 2 else None


def plant(entries: list[Entry], draw: random.Random) -> list[Planted]:
    """Each entry's main name in every way that it can be written."""
    planted = []
    for entry in entries:
        name = natural(entry.names[0], entry.entity_type)
        is_person = entry.entity_type == INDIVIDUAL
        turned = reordered(name, draw)
        comes_from = " ".join(entry.countries)
        born = birth_date(entry, draw)
        ways: list[tuple[str, str | None]] = [
            ("identical", name),
            ("upper case, as listed", entry.names[0].upper()),
            ("invisible characters", hidden(name, draw)),
            ("one edit", edited(name, 1, draw)),
            ("two edits", edited(name, 2, draw)),
            ("two edits, by length", edited_by_length(name, draw)),
            ("reordered", turned),
            ("reordered, one edit", edited(turned, 1, draw) if turned else None),
        ]
        if is_person:
            ways += [
                ("Cyrillic", cyrillic(name)),
                ("Arabic", arabic(name, draw) if _ARABIC_SPEAKING.search(comes_from) else None),
                ("Chinese", chinese(entry.names[0])),
                ("other romanisation", romanised(name)),
                ("without a middle name", without_middle(name)),
            ]
        planted += [Planted(entry, kind, text, born) for kind, text in ways if text]
    return planted


def birth_date(entry: Entry, draw: random.Random) -> str | None:
    """One of an entry's dates of birth, to the day; where the list has a year, any day of it."""
    if not entry.birth_dates:
        return None
    listed = draw.choice(entry.birth_dates)
    return listed if len(listed) == len("YYYY-MM-DD") else f"{listed[:4]}-{_day_of_year(draw)}"


def _day_of_year(draw: random.Random) -> str:
    return f"{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"


def innocents(count: int, seed: int) -> list[tuple[str, str, str | None]]:
    """Names, customer types and dates of birth: names of 25 locales from Faker's lists.

    Nine in ten are people, of one country as often as of another; some in their own script,
    Russians and Ukrainians as often in Latin letters. They were born from 1940 to 2006, on any day.
    """
    draw = random.Random(seed)
    fakers: dict[str, Faker] = {}
    for locale in (*LATIN, *CYRILLIC, *ABJAD, *HAN):
        fakers[locale] = Faker(locale)
        fakers[locale].seed_instance(seed)
    makers: list[Callable[[], tuple[str, str]]] = [
        lambda fake=fake: (f"{fake.first_name()} {fake.last_name()}", INDIVIDUAL)
        for fake in fakers.values()
    ]
    companies = [lambda fake=fakers[locale]: (fake.company(), ENTITY) for locale in LATIN]
    found: dict[tuple[str, str], None] = {}
    while len(found) < count:
        found[draw.choice(companies if draw.random() < 0.1 else makers)()] = None
    return [
        (
            name,
            kind,
            f"{draw.randrange(1940, 2007)}-{_day_of_year(draw)}" if kind == INDIVIDUAL else None,
        )
        for name, kind in found
    ]
