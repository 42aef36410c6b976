"""One spelling of a name, whatever script, case, punctuation or invisible characters it came in."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii

INDIVIDUAL, ENTITY = "individual", "entity"

_INVISIBLE_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Blank signs that Unicode classes as letters or symbols."""

_LOOKALIKES = str.maketrans("авекмнорстухіјѕԁԛԝѵαεικνορτυχ", "abekmhopctyxijsdqwvaeikvoptux")
"""Cyrillic and Greek letters that look like a Latin one, for words that mix scripts."""

_ARABIC_ARTICLE = "ال"
_ABJADS = ("ARABIC ", "HEBREW ", "SYRIAC ")

LEGAL_FORMS = frozenset(
    """
    ab ag aktiengesellschaft ao aps as asa bhd bv bvba co company corp corporation cv dmcc eood fzc
    fzco fze gesellschaft gmbh inc incorporated joint jsc kft kg kk lc limited limitada liability
    llc llp lp ltd ltda mbh nv oao ojsc ooo oy oyj pao pjsc plc pllc private pt pte pty public pvt
    rl sa sab sae sal sapi sarl sas sdn sirketi sl societe sociedad spa spol sprl srl sro stock
    stocke tov zao zoo
    """.split()
)
"""Words that say what kind of company it is, as transliterated."""

TITLES = frozenset(
    """
    capt captain col colonel dr eng engineer gen general hajj haji hajji lt maj major maulana
    maulavi mawlawi miss mr mrs ms mullah prof professor rev shaikh shaykh sheik sheikh sir
    """.split()
)

PARTICLES = frozenset("al el ul bin ibn ben bint abu da das de del della der di dos du la van von".split())
"""Words that come and go in spellings of the same name."""

_DIGRAPHS = re.compile(
    "shch|tsch|sch|tch|dzh|dj|zh|kh|gh|ph|th|dh|ck|sh|ch|ts|tz|ou|oo|ee|ie|[qxwyjoecz]|ij"
)
_FOLDED = {
    "shch": "$",
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
_REPEATED = re.compile(r"(.)\1+")
_VOWELS = re.compile("[aiu]")


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it is compared.

    Attributes
    ----------
    tokens
        Its words in their order: lower-case ASCII letters and digits.
    is_abjad
        Whether it was written in a script without short vowels, so that only its consonants can
        be compared.
    """

    tokens: tuple[str, ...]
    is_abjad: bool


def visible(text: str) -> str:
    """NFKC without invisible characters, white space single: byte-order mark, zero width, …

    What is removed: format and control characters, blank letters, and marks that no letter
    precedes. White space and line ends become one space.
    """
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
    left_out = TITLES if kind == INDIVIDUAL else LEGAL_FORMS
    kept = tuple(token for token in tokens if token not in left_out)
    return Name(kept or tokens, _is_abjad(shown))


def fold(token: str) -> str:
    """A token with spellings of the same sound made one: kh and h, q and k, o and u, doubles."""
    return _fold(token)


def skeleton(token: str) -> str:
    """The consonants of a folded token, all that an abjad is sure to write."""
    folded = _fold(token).replace("v", "").replace("%", "$").replace("p", "b").replace("g", "j")
    consonants = _REPEATED.sub(r"\1", _VOWELS.sub("", folded))
    return consonants.removesuffix("h") or consonants


@lru_cache(maxsize=1 << 18)
def _fold(token: str) -> str:
    folded = _DIGRAPHS.sub(lambda match: _FOLDED[match.group()], token)
    return _REPEATED.sub(r"\1", folded)


def _tokens(shown: str) -> tuple[str, ...]:
    words = (_latin(word) for word in re.split(r"[\s\-‐‑‒–—_/,;:|()\[\]{}<>\"“”«»&+]+", shown.casefold()))
    text = " ".join(word for word in words if word)
    text = re.sub(r"(?<=[A-Za-z0-9])(?=[A-Z])", " ", text).lower()
    text = re.sub(r"(?<![a-z0-9])([a-z])\.(?=\s?[a-z]\b)", r"\1", text)
    return tuple(re.findall(r"[a-z0-9]+", re.sub(r"['`´’]", "", text)))


@lru_cache(maxsize=1 << 16)
def _latin(word: str) -> str:
    if word.isascii():
        return word
    if word.startswith(_ARABIC_ARTICLE) and len(word) > len(_ARABIC_ARTICLE) + 1:
        return f"al {anyascii(word.removeprefix(_ARABIC_ARTICLE))}"
    if any("a" <= letter <= "z" for letter in word):
        word = word.translate(_LOOKALIKES)
    return anyascii(word)


def _is_abjad(shown: str) -> bool:
    if shown.isascii():
        return False
    letters = [letter for letter in shown if letter.isalpha()]
    marked = sum(unicodedata.name(letter, "").startswith(_ABJADS) for letter in letters)
    return 2 * marked > len(letters)
