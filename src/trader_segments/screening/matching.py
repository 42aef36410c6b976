"""Which listed names a name may be: candidates from an index of words, then a score by words."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, LCSseq
from rapidfuzz.process import cdist

from trader_segments.screening import births
from trader_segments.screening.names import (
    CHARACTERS,
    COMMON_NAMES,
    LEGAL_FORMS,
    PARTICLES,
    Name,
    fold,
    skeleton,
    unvoiced,
)

Ids = npt.NDArray[np.int32]
Counts = npt.NDArray[np.integer]
"""Letters of each name, n_names × 30."""

SPELLING_COST = 0.25
"""Of two words that sound alike and are spelled differently, in edits."""
NOT_TYPED_FACTOR = 6.0
"""What an edit weighs of a name in characters: another syllable is another name."""
MUCH_EDITED_FACTOR = 1.3
"""What edits weigh that change a large part of a word."""
VOWEL_COST = 0.5
"""Of a vowel that differs between words with the same consonants, in edits."""
PARTICLE_COST = 0.5
"""Of a particle ("al", "de") that one of the names lacks, in edits."""
SPACE_COST = 0.5
"""Of a space that one of the names lacks, in edits."""
OTHER_NAME_FACTOR = 2.0
"""What an edit weighs that makes a listed word of another listed word: García is no typing error
for Garza."""
FORM_COST = 0.5
"""Of typing errors in a legal form, in edits."""
NUMBER_COST = 2.0
"""Of digits that differ, in edits: nobody mistypes the only thing that tells two firms apart."""
KNOWN_AT = 3
"""Entries a word must occur in to count as a name of its own."""
COMMON_AT = 20
"""Entries a word must occur in for its agreement to say little."""
COMMON_SIZE = 3
"""Letters less that a name counts for where only such words agree and the others are short."""
_SLACK = 0.5
"""Edits by which letter counts may overstate the cost: one edit of a digraph changes two sounds."""
_MOST_EDITED = 0.35
"""Share of a word's letters that typing errors may have changed."""
_FEW_CONSONANTS = 2
"""Consonants that alone say little, so that the long vowels must be the same too."""
_SHORT = 5
"""Letters of the words that differ, up to which the agreement of common ones says little."""
_PERMUTED = 4
"""Words of which every pairing is tried."""
_LEAST_LONG = 7
"""Letters of a word that is found again with two edits though the name has no other."""
_AT_ONCE = 256
"""Such words that are compared with every listed name in one call."""
_LONGEST_FORM = 5
"""Letters of a legal form that is known with a typing error by the other name's."""
_ALPHABET = {letter: place for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz$%")}
_OTHER_SIGNS = len(_ALPHABET)


@dataclass(frozen=True, slots=True)
class Part:
    """How a word of one name was matched to a word of the other.

    Attributes
    ----------
    given, listed
        The words; None where the other name has none for it.
    how
        `same`, `sounds alike`, `edited`, `missing`, `extra`.
    cost
        In edits.
    """

    given: str | None
    listed: str | None
    how: str
    cost: float


@dataclass(frozen=True, slots=True)
class Match:
    """A name and a listed name that may be the same.

    Attributes
    ----------
    given, listed
        Positions in the names that were compared.
    score
        From 0 to 1; 1 only where both have the same words, as far as their script writes them.
    parts
        Why.
    """

    given: int
    listed: int
    score: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class _Words:
    """A name's words as they are written and as they are compared."""

    written: tuple[str, ...]
    folded: tuple[str, ...]
    text: str
    forms: tuple[str, ...]
    digits: str
    is_typed: bool


class NameIndex:
    """Listed names, found again by any word that is within one edit, or one long one within two.

    Parameters
    ----------
    names
        Listed names.
    entries
        The entry of each, so that aliases of one entry count once as uses of a word.
    birth_dates
        Those of each entry, joined by "; ", or None.
    consonants
        Whether to compare consonants alone, for names in an abjad.
    """

    def __init__(
        self,
        names: Sequence[Name],
        entries: Sequence[object],
        birth_dates: Sequence[str | None],
        *,
        consonants: bool = False,
    ) -> None:
        self._consonants = consonants
        self._birth_dates = birth_dates
        self._first_years, self._last_years = births.spans(birth_dates)
        self._words = [_words(name, consonants) for name in names]
        users: dict[str, set[object]] = defaultdict(set)
        for words, entry in zip(self._words, entries, strict=True):
            for word in words.written:
                users[word].add(entry)
        listed = {word for word, found in users.items() if len(found) >= KNOWN_AT}
        self._known = listed | COMMON_NAMES
        self._common = {
            fold(word)
            for word in COMMON_NAMES
            | {word for word, found in users.items() if len(found) >= COMMON_AT}
        }
        self._letters = _letter_counts(self._words)
        self._all_letters = _text_counts(self._words)
        self._sizes = _sizes(self._words)
        postings: dict[str, list[int]] = defaultdict(list)
        for number, words in enumerate(self._words):
            for anchor in _anchors(words):
                postings[anchor].append(number)
        self._anchors = list(postings)
        self._postings = [np.array(found, dtype=np.int32) for found in postings.values()]
        self._shortened: dict[str, list[int]] = defaultdict(list)
        for number, anchor in enumerate(self._anchors):
            for key in _shortened(anchor):
                self._shortened[key].append(number)
        self._wholes, self._whole_of = _wholes(self._words)
        self._near: dict[str, Ids] = {}
        self._costs: dict[tuple[str, str, str, str, bool], float] = {}

    def matches(
        self,
        names: Sequence[Name],
        birth_dates: Sequence[str | None],
        threshold: float,
        batch: int = 4096,
    ) -> Iterator[Match]:
        """Every pair that scores the threshold or more, in the order of the names.

        Memory grows with `batch`, not with the number of names.
        """
        for start in range(0, len(names), batch):
            words = [_words(name, self._consonants) for name in names[start : start + batch]]
            born = birth_dates[start : start + batch]
            self._near.clear()
            self._costs.clear()
            for given, listed in self._candidates(words, born, threshold):
                agreement = births.agreement(born[given], self._birth_dates[listed])
                factor = births.COST_FACTOR.get(agreement, 1.0)
                found = self._score(words[given], self._words[listed], factor, threshold)
                if found is not None:
                    yield Match(start + given, listed, *found)

    def _candidates(
        self, words: list[_Words], born: Sequence[str | None], threshold: float
    ) -> Iterator[tuple[int, int]]:
        """Pairs that share a word, and whose letters differ by no more than the score allows."""
        found = [self._sharing(each) for each in words]
        for place, listed in self._within_two_edits(words):
            found[place] = np.union1d(found[place], listed)
        given = np.repeat(np.arange(len(words)), [len(each) for each in found])
        listed = np.concatenate(found) if found else np.empty(0, dtype=np.int32)
        letters, sizes = _letter_counts(words), _sizes(words)
        all_letters, years = _text_counts(words), births.years(born)
        for start in range(0, len(given), 1 << 20):
            mine, theirs = given[start : start + (1 << 20)], listed[start : start + (1 << 20)]
            size = np.maximum(sizes[mine], self._sizes[theirs])
            may_agree = self._first_years[theirs] <= years[mine]
            may_agree &= years[mine] <= self._last_years[theirs]
            factors = np.where(may_agree, births.LEAST_FACTOR, 1.0)
            allowed = np.floor((1 - threshold) / factors * _TOLERANCES[size] + _SLACK)
            near = _most_different(letters[mine], self._letters[theirs]) <= allowed
            if not self._consonants:
                near |= _most_different(all_letters[mine], self._all_letters[theirs]) <= allowed
            yield from zip(mine[near].tolist(), theirs[near].tolist(), strict=True)

    def _sharing(self, words: _Words) -> Ids:
        found = [self._within_one_edit(anchor) for anchor in _anchors(words)]
        return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int32)

    def _within_two_edits(self, words: list[_Words]) -> Iterator[tuple[int, Ids]]:
        """Long names of one word, and the listed ones within two edits, spaces left out."""
        places = [
            place
            for place, each in enumerate(words)
            if len(each.written) == 1 and len(each.written[0]) >= _LEAST_LONG
        ]
        for start in range(0, len(places) if self._wholes else 0, _AT_ONCE):
            some = places[start : start + _AT_ONCE]
            distances = cdist(
                [words[place].written[0] for place in some],
                self._wholes,
                scorer=OSA.distance,
                score_cutoff=2,
                dtype=np.uint8,
            )
            for place, row in zip(some, distances, strict=True):
                near = np.flatnonzero(row <= 2)
                if len(near):
                    yield place, self._whole_of[near]

    def _within_one_edit(self, anchor: str) -> Ids:
        """Names with a word within one edit."""
        near = self._near.get(anchor)
        if near is None:
            numbers = {
                number
                for key in _shortened(anchor)
                for number in self._shortened.get(key, ())
                if OSA.distance(anchor, self._anchors[number], score_cutoff=1) <= 1
            }
            found = [self._postings[number] for number in numbers]
            near = np.concatenate(found) if found else np.empty(0, dtype=np.int32)
            self._near[anchor] = near
        return near

    def _score(
        self, given: _Words, listed: _Words, factor: float, threshold: float
    ) -> tuple[float, tuple[Part, ...]] | None:
        size = max(_size(given), _size(listed))
        if not self._consonants and len(given.written) == len(listed.written) == 1:
            size = max(len(given.written[0]), len(listed.written[0]))
        cost, parts = self._by_words(given, listed)
        if not self._consonants and cost > SPELLING_COST and self._is_common(listed, parts):
            size = max(size - COMMON_SIZE, 1)
        if cost > SPELLING_COST:
            has_unmatched = any(part.how in ("extra", "missing") for part in parts)
            has_unmatched |= given.text.count(" ") != listed.text.count(" ")
            other, other_parts = self._by_letters(given, listed, has_unmatched)
            if any(self._is_another(part) for part in parts):
                other *= OTHER_NAME_FACTOR
            if other < cost:
                cost, parts = other, other_parts
        if given.digits != listed.digits:
            cost += NUMBER_COST
        if not (given.is_typed and listed.is_typed) and parts[0].how != "same but for spaces":
            cost *= NOT_TYPED_FACTOR
        score = 1 - factor * cost / _tolerance(size)
        return (score, parts) if score >= threshold - 1e-9 else None

    def _is_common(self, listed: _Words, parts: tuple[Part, ...]) -> bool:
        """Whether every word that agrees is one that many people bear, and the rest is short."""
        differing = [part for part in parts if part.cost > SPELLING_COST]
        return (
            len(listed.written) > 1
            and all(
                part.cost > SPELLING_COST
                or part.listed is None
                or fold(part.listed) in self._common
                for part in parts
            )
            and sum(len(part.listed or "") for part in differing) <= _SHORT
        )

    def _is_another(self, part: Part) -> bool:
        """Whether a word of the given name is a name of its own, not a listed one mistyped."""
        return part.cost >= 1 and part.given in self._known and part.given not in LEGAL_FORMS

    def _by_words(self, given: _Words, listed: _Words) -> tuple[float, tuple[Part, ...]]:
        """The cheapest pairing of words, whatever their order."""
        mine, theirs = list(range(len(given.written))), list(range(len(listed.written)))
        parts = []
        for i in [] if self._consonants else list(mine):
            j = next((j for j in theirs if listed.written[j] == given.written[i]), None)
            if j is not None:
                mine.remove(i)
                theirs.remove(j)
                parts.append(Part(given.written[i], listed.written[j], "same", 0.0))
        if not mine and not theirs:
            return 0.0, tuple(parts)
        pairs = self._cheapest(given, listed, mine, theirs)
        for i, j in pairs:
            cost = self._cost(given, listed, i, j)
            how = "sounds alike" if given.folded[i] == listed.folded[j] else "edited"
            parts.append(Part(given.written[i], listed.written[j], how, cost))
        for word, cost in _extra(given, sorted(set(mine) - {i for i, _ in pairs}), listed.forms):
            parts.append(Part(word, None, "extra", cost))
        for j in sorted(set(theirs) - {j for _, j in pairs}):
            word = listed.written[j]
            parts.append(Part(None, word, "missing", _absence_cost(word)))
        return sum(part.cost for part in parts), tuple(parts)

    def _cheapest(
        self, given: _Words, listed: _Words, mine: list[int], theirs: list[int]
    ) -> list[tuple[int, int]]:
        """Pairs of the words that are left; exact for a few words, greedy for many."""
        gains = {
            (i, j): _absence_cost(given.written[i])
            + _absence_cost(listed.written[j])
            - self._cost(given, listed, i, j)
            for i in mine
            for j in theirs
        }
        short, long = (mine, theirs) if len(mine) <= len(theirs) else (theirs, mine)
        is_turned = short is not mine
        if len(long) <= _PERMUTED:
            best: list[tuple[int, int]] = []
            best_gain = -1.0
            for chosen in itertools.permutations(long, len(short)):
                pairs = [
                    (j, i) if is_turned else (i, j) for i, j in zip(short, chosen, strict=True)
                ]
                gain = sum(max(gains[pair], 0.0) for pair in pairs)
                if gain > best_gain + 1e-9:
                    best, best_gain = pairs, gain
            return [pair for pair in best if gains[pair] > 0]
        pairs = []
        free_mine, free_theirs = set(mine), set(theirs)
        for pair in sorted(gains, key=lambda pair: (-gains[pair], pair)):
            if gains[pair] > 0 and pair[0] in free_mine and pair[1] in free_theirs:
                pairs.append(pair)
                free_mine.discard(pair[0])
                free_theirs.discard(pair[1])
        return sorted(pairs)

    def _cost(self, given: _Words, listed: _Words, i: int, j: int) -> float:
        is_whole = len(given.written) == len(listed.written) == 1
        key = (given.written[i], listed.written[j], given.folded[i], listed.folded[j], is_whole)
        cost = self._costs.get(key)
        if cost is None:
            cost = self._costs[key] = self._edits(*key)
        return cost

    def _edits(
        self, word: str, listed: str, folded: str, listed_folded: str, is_whole: bool = False
    ) -> float:
        """What makes one word of the other; letter by letter where they are the whole names."""
        if self._consonants and word != listed:
            vowels = min(len(word), len(listed)) - LCSseq.similarity(word, listed)
            edits = OTHER_NAME_FACTOR * OSA.distance(folded, listed_folded) + vowels
            is_short = min(len(folded), len(listed_folded)) <= _FEW_CONSONANTS
            return edits + SPELLING_COST + VOWEL_COST * is_short
        if word == listed:
            return 0.0
        by_sound = OSA.distance(folded, listed_folded)
        by_letter = float(OSA.distance(word, listed))
        if by_sound == 0 and not is_whole:
            return SPELLING_COST * max(1, by_letter - 1)
        edits = min(by_letter, by_sound + SPELLING_COST * max(1, by_letter - by_sound))
        if is_whole:
            edits = by_letter
        elif 2 * by_sound <= len(bones := skeleton(word)) and bones == skeleton(listed):
            edits = min(edits, VOWEL_COST * by_sound + SPELLING_COST)
        if edits >= 1 and word in self._known:
            return float(edits * OTHER_NAME_FACTOR)
        if edits > _MOST_EDITED * max(len(word), len(listed)):
            return float(edits * MUCH_EDITED_FACTOR)
        return float(edits)

    def _by_letters(
        self, given: _Words, listed: _Words, has_unmatched: bool
    ) -> tuple[float, tuple[Part, ...]]:
        """The names as strings: without spaces, from any of their first words on; or in full."""
        spaces = SPACE_COST * (abs(len(given.written) - len(listed.written)) or 2)
        text, folded = "".join(given.written), "".join(given.folded)
        tried = []
        for turned in range(min(len(listed.written), 3)):
            words = (*listed.written[turned:], *listed.written[:turned])
            sounds = (*listed.folded[turned:], *listed.folded[:turned])
            edits = self._edits(text, "".join(words), folded, "".join(sounds))
            how = "edited" if edits else "same but for spaces"
            tried.append((edits + spaces, how, " ".join(given.written), " ".join(words)))
        if has_unmatched and given.text:
            edits = min(
                OSA.distance(given.text, listed.text),
                OSA.distance(given.text.replace(" ", ""), listed.text.replace(" ", ""))
                + SPACE_COST,
            )
            tried.append((float(edits), "edited", given.text, listed.text))
        cost, how, mine, theirs = min(tried, key=lambda each: each[0])
        return cost, (Part(mine, theirs, how, cost),)


def _tolerance(size: int) -> float:
    """The cost at which a name of so many letters has nothing left; grows slower than the name."""
    return max(1.25 * size - 2.5 if size < 12 else 11.5 + size / 12, 0.5)


_TOLERANCES = np.array([_tolerance(size) for size in range(1024)])


def _absence_cost(word: str) -> float:
    return PARTICLE_COST if word in PARTICLES else float(max(len(word), 1))


def _extra(given: _Words, places: list[int], forms: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    """Words that the listed name lacks, with their cost; neighbours that are its legal form."""
    for _, run in itertools.groupby(enumerate(places), key=lambda each: each[1] - each[0]):
        words = [given.written[place] for _, place in run]
        text = "".join(words)
        if len(text) <= _LONGEST_FORM and any(
            OSA.distance(text, form, score_cutoff=1) <= 1 for form in forms
        ):
            yield text, FORM_COST
        else:
            yield from ((word, _absence_cost(word)) for word in words)


def _words(name: Name, consonants: bool) -> _Words:
    if consonants:
        written = tuple(unvoiced(token).replace("v", "u") for token in name.tokens)
        bones = tuple(
            skeleton(token) or word for token, word in zip(name.tokens, written, strict=True)
        )
        return _Words(written, bones, "", (), "", is_typed=True)
    is_typed = name.script != CHARACTERS
    digits = "".join(sorted(filter(str.isdigit, "".join(name.tokens))))
    folded = tuple(map(fold, name.tokens))
    return _Words(name.tokens, folded, name.text, name.forms, digits, is_typed)


def _anchors(words: _Words) -> set[str]:
    """Words, and neighbours written together (the last with the first too)."""
    anchors: set[str] = set()
    for spelled in (words.written, words.folded):
        anchors.update(word for word in spelled if len(word) > 1 or len(spelled) == 1)
        if len(spelled) > 1:
            anchors.update(a + b for a, b in itertools.pairwise((*spelled, spelled[0])))
    return anchors


def _shortened(word: str) -> set[str]:
    """A word and what is left of it without any one letter: equal ones are within two edits."""
    if len(word) < 3:
        return {word}
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _wholes(names: Sequence[_Words]) -> tuple[list[str], Ids]:
    """Names written without spaces, those of two words in both orders, and whose each is."""
    wholes, whole_of = [], []
    for number, words in enumerate(names):
        orders = {words.written}
        if len(words.written) == 2:
            orders.add(words.written[::-1])
        for order in sorted(orders):
            wholes.append("".join(order))
            whole_of.append(number)
    return wholes, np.array(whole_of, dtype=np.int32)


def _letter_counts(names: Sequence[_Words]) -> Counts:
    """How often each letter occurs in the words but for particles."""
    return _counts(["".join(_substance(words.folded)) for words in names])


def _text_counts(names: Sequence[_Words]) -> Counts:
    """The same of all words, titles and legal forms among them."""
    return _counts([words.text for words in names])


def _counts(texts: Sequence[str]) -> Counts:
    counts = np.zeros((len(texts), _OTHER_SIGNS + 1), dtype=np.int8)
    for row, text in zip(counts, texts, strict=True):
        for letter in text[:100]:
            row[_ALPHABET.get(letter, _OTHER_SIGNS)] += 1
    return counts


def _most_different(mine: Counts, theirs: Counts) -> npt.NDArray[np.int16]:
    """Letters that one text has more of than the other: no fewer edits make them the same."""
    difference = mine - theirs
    extra: npt.NDArray[np.int16] = np.maximum(difference, 0).sum(axis=1, dtype=np.int16)
    missing: npt.NDArray[np.int16] = extra - difference.sum(axis=1, dtype=np.int16)
    return np.maximum(extra, missing)


def _sizes(names: Sequence[_Words]) -> Ids:
    return np.array([min(_size(words), len(_TOLERANCES) - 1) for words in names], dtype=np.int32)


def _size(words: _Words) -> int:
    """Letters of a name but for its particles."""
    return sum(map(len, _substance(words.folded)))


def _substance(folded: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in folded if word not in PARTICLES) or folded
