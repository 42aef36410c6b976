"""One spelling of a name, whatever script, case, punctuation or invisible characters it came in."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from anyascii import anyascii
from rapidfuzz.distance import OSA

INDIVIDUAL, ENTITY = "individual", "entity"

_INVISIBLE_LETTERS = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
"""Blank signs that Unicode classes as letters, symbols or marks: ignorable ones of
DerivedCoreProperties.txt, and the empty Braille pattern."""

_LOOKALIKES = str.maketrans("авекмнорстухіјѕԁԛԝѵαεικνορτυχ", "abekmhopctyxijsdqwvaeikvoptux")
"""Cyrillic and Greek letters that look like a Latin one, for words that mix scripts."""

_ARABIC_ARTICLE = "ال"
ALPHABET, ABJAD, CHARACTERS = "alphabet", "abjad", "characters"
_SCRIPTS = {ABJAD: ("ARABIC ", "HEBREW ", "SYRIAC "), CHARACTERS: ("CJK ", "HANGUL ")}


def _read(words: str) -> frozenset[str]:
    return frozenset(files(__package__).joinpath(f"words/{words}.txt").read_text("ascii").split())


LEGAL_FORMS = _read("legal_forms")
"""Words that say what kind of company it is, as transliterated."""
TITLES = _read("titles")
"""Words before a person's name, in Latin letters and as transliterated from Arabic."""
_TITLES_IN_ARABIC = frozenset(("dktwr", "hj", "hjy", "mhnds", "shykh"))
"""Titles in Arabic letters, as transliterated; Omar has the consonants of Mr."""
PARTICLES = _read("particles")
"""Words that come and go in spellings of the same name."""
COMMON_NAMES = _read("common_names")
"""Frequent given names and surnames of many countries: a word of them is no typing error."""

_LONG_LEGAL_FORMS = {
    form: 2 if len(form) > 6 else 1 for form in sorted(LEGAL_FORMS) if len(form) > 4
}
"""Those that are known with one or two typing errors."""

_GLUED_FORM = re.compile("^(?:company|limited)(?=...)|(?<=...)(?:company|limited)$")
"""A legal form to which the space is missing."""

_DIGRAPHS = re.compile(
    "ff$|c(?:i|e|y)|shch|tsch|sch|tch|dzh|dj|zh|kh|gh|ph|th|dh|ck|sh|ch|ts|tz|ou|oo|ee|ie|[qxwyjoecz]|ij$"
)
_FOLDED = {
    "ff": "v",
    "shch": "$",
    "ci": "si",
    "ce": "si",
    "cy": "si",
    "tsch": "%",
    "sch": "$",
    "tch": "%",
    "dzh": "j",
    "dj": "j",
    "zh": "j",
    "kh": "h",
    "gh": "g",
    "ph": "f",
    "th": "t",
    "dh": "d",
    "ck": "k",
    "sh": "$",
    "ch": "%",
    "ts": "z",
    "tz": "z",
    "ou": "u",
    "oo": "u",
    "ee": "i",
    "ie": "i",
    "q": "k",
    "x": "ks",
    "w": "v",
    "y": "i",
    "j": "j",
    "o": "u",
    "e": "i",
    "c": "k",
    "z": "z",
    "ij": "i",
}
_NO_DIGRAPH = re.compile("(?<=[cdgkpstz])\x00(?=h)|(?<=(.))\x00(?=\\1)")
"""Between two letters of an abjad that are not one sound; a doubled one it writes once."""
_REPEATED = re.compile(r"(.)\1+")
_VOWELS = re.compile("[aiu]")
_ONE_LETTER_IN_ARABIC = str.maketrans({"%": "$", "p": "b", "g": "j"})
_NOT_AS_ANYASCII = str.maketrans({**dict.fromkeys("اأإآٱىةא", "a"), "ё": "yo", "ظ": "z"})
"""Letters of a long a, which a transliteration into consonants leaves out, and ё."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it is compared.

    Attributes
    ----------
    tokens
        Its words in their order: lower-case ASCII letters and digits.
    text
        All its words, also titles and legal forms, which are not among the tokens.
    forms
        Those words that are not.
    script
        `alphabet`; `abjad` without short vowels, so that only its consonants can be compared; or
        `characters`, in which nobody makes a typing error of one letter.
    """

    tokens: tuple[str, ...]
    text: str
    forms: tuple[str, ...]
    script: str


def visible(text: str) -> str:
    """NFKC without invisible characters, white space single: byte-order mark, zero width, …

    What is removed: format and control characters, blank letters, and marks that no letter
    precedes. White space and line ends become one space.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = []
    for character in unicodedata.normalize("NFKC", text):
        category = unicodedata.category(character)
        if character.isspace():
            kept.append(" ")
        elif category in ("Cf", "Cc", "Cs", "Co", "Cn") or character in _INVISIBLE_LETTERS:
            continue
        elif not (category in ("Mn", "Me") and (not kept or kept[-1] == " ")):
            kept.append(character)
    return " ".join("".join(kept).split())


def wallet(address: str) -> str:
    """An address in the one form in which equal addresses are equal.

    Hexadecimal addresses (0x…) and Bech32 (`bc1…`, `ltc1…`, BIP 173) mean the same in either case;
    Base58 does not.
    """
    text = re.sub(r"\s", "", visible(address))
    lowered = text.lower()
    if re.fullmatch(r"(0x[0-9a-f]+|(bc|ltc|tb)1[02-9ac-hj-np-z]+|bitcoincash:[0-9a-z]+)", lowered):
        return lowered.removeprefix("bitcoincash:")
    return text


def parse_name(text: str, kind: str | None) -> Name:
    """The words of a name.

    Parameters
    ----------
    text
        As typed or listed. "SURNAME, Given" of an individual becomes "Given SURNAME".
    kind
        `individual` (titles are left out), `entity` or None (legal forms are left out).
    """
    shown = visible(text)
    if kind == INDIVIDUAL and shown.count(",") == 1:
        shown = " ".join(part.strip() for part in reversed(shown.split(",")))
    tokens = _tokens(shown)
    script = _script(shown)
    if kind == INDIVIDUAL and script == ABJAD:
        kept = [token for token in tokens if token not in _TITLES_IN_ARABIC]
    elif kind == INDIVIDUAL:
        kept = [
            token for token in tokens if not (token in TITLES or _fold(token) in _FOLDED_TITLES)
        ]
    else:
        kept = [
            _GLUED_FORM.sub("", token)
            for token in tokens
            if not (token in LEGAL_FORMS or _is_misspelled_legal_form(token))
        ]
    forms = tuple(token for token in tokens if token not in kept) if kept else ()
    return Name(tuple(kept) or tokens, " ".join(tokens), forms, script)


def without_middle(text: str) -> Name | None:
    """A person's first given name and surname, None where that is the whole name.

    What comes before a comma is the surname, without a comma the last word.
    """
    surname, comma, given = visible(text).partition(",")
    name = parse_name(text, INDIVIDUAL)
    kept = parse_name(surname, INDIVIDUAL).tokens if comma else name.tokens[-1:]
    first = parse_name(given, INDIVIDUAL).tokens[:1] if comma else name.tokens[:1]
    if name.script != ALPHABET or not first or len(first) + len(kept) >= len(name.tokens):
        return None
    tokens = (*first, *kept)
    return Name(tokens, " ".join(tokens), (), ALPHABET)


def fold(token: str) -> str:
    """A token with spellings of the same sound made one: kh and h, q and k, o and u, doubles."""
    return _fold(token)


def unvoiced(token: str) -> str:
    """A folded token without what Arabic does not tell apart: p and b, g and j, the first vowel."""
    folded = _fold(token).translate(_ONE_LETTER_IN_ARABIC)
    return (folded[1:] if folded[:1] in ("a", "i", "u") else folded) or folded


def skeleton(token: str) -> str:
    """The consonants of a folded token, all that an abjad is sure to write."""
    sounds = unvoiced(token).replace("v", "")
    return _VOWELS.sub("", sounds.removesuffix("h") if sounds.endswith("ah") else sounds)


@lru_cache(maxsize=1 << 18)
def _fold(token: str) -> str:
    folded = _DIGRAPHS.sub(lambda match: _FOLDED[match.group()], token)
    return _REPEATED.sub(r"\1", folded).replace("_", "")


_FOLDED_TITLES = frozenset(_fold(title) for title in TITLES if len(title) > 4)


def _tokens(shown: str) -> tuple[str, ...]:
    words = (
        _latin(word) for word in re.split(r"[\s\-‐‑‒–—_/,;:|()\[\]{}<>\"“”«»&+]+", shown.casefold())
    )
    text = " ".join(word for word in words if word)
    text = re.sub(r"(?<=[A-Za-z0-9])(?=[A-Z])", " ", text).lower()
    text = re.sub(r"(?<![a-z0-9])([a-z])\.(?=\s?[a-z]\b)", r"\1", text)
    text = re.sub(r"\ba?bd[aeuw]?l", "abd al ", text)
    text = re.sub(r"\bal _?lh\b", "al lah", text)
    return tuple(re.findall(r"[a-z0-9_]+", re.sub(r"['`´’]", "", text)))


@lru_cache(maxsize=1 << 16)
def _latin(word: str) -> str:
    if word.isascii():
        return word
    if word.startswith(_ARABIC_ARTICLE) and len(word) > len(_ARABIC_ARTICLE) + 1:
        return f"al {_latin(word.removeprefix(_ARABIC_ARTICLE))}"
    if any("a" <= letter <= "z" for letter in word):
        word = word.translate(_LOOKALIKES)
    word = word.translate(_NOT_AS_ANYASCII)
    if _script(word) == ABJAD:
        return _NO_DIGRAPH.sub("_", "\x00".join(map(anyascii, word))).replace("\x00", "")
    return anyascii(word)


@lru_cache(maxsize=1 << 16)
def _is_misspelled_legal_form(token: str) -> bool:
    return any(
        OSA.distance(token, form, score_cutoff=allowed) <= allowed
        for form, allowed in _LONG_LEGAL_FORMS.items()
    )


def _script(shown: str) -> str:
    """The script that most of its letters are of."""
    if shown.isascii():
        return ALPHABET
    letters = [unicodedata.name(letter, "") for letter in shown if letter.isalpha()]
    for script, prefixes in _SCRIPTS.items():
        if 2 * sum(letter.startswith(prefixes) for letter in letters) > len(letters):
            return script
    return ALPHABET
