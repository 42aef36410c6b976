"""Which listed names a name may be: candidates from an index of words, then a score by words."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA

from trader_segments.screening.names import PARTICLES, Name, fold, skeleton

Ids = npt.NDArray[np.int32]

SPELLING_COST = 0.25
"""Of two words that sound alike and are spelled differently, in edits."""
PARTICLE_COST = 0.5
"""Of a particle ("al", "de") that one of the names lacks, in edits."""
SPACE_COST = 0.5
"""Of a space that one of the names lacks, in edits."""
OTHER_NAME_FACTOR = 1.75
"""What an edit weighs that makes a listed word of another listed word: García is no typing error
for Garza."""
KNOWN_AT = 3
"""Entries a word must occur in to count as a name of its own."""
_SLACK = 1.5
"""Edits by which letter counts may overstate the cost: one edit of a digraph changes two sounds."""
_PERMUTED = 4
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
        From 0 to 1; 1 only where both have the same words.
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


class NameIndex:
    """Listed names, found again by any word that is within one edit.

    Parameters
    ----------
    names
        Listed names.
    entries
        The entry of each, so that aliases of one entry count once as uses of a word.
    consonants
        Whether to compare consonants alone, for names in an abjad.
    """

    def __init__(
        self, names: Sequence[Name], entries: Sequence[object], *, consonants: bool = False
    ) -> None:
        self._consonants = consonants
        self._words = [_words(name, consonants) for name in names]
        users: dict[str, set[object]] = defaultdict(set)
        for words, entry in zip(self._words, entries, strict=True):
            for word in words.written:
                users[word].add(entry)
        self._known = frozenset(word for word, found in users.items() if len(found) >= KNOWN_AT)
        self._letters = _letter_counts(self._words)
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
        self._near: dict[str, Ids] = {}
        self._costs: dict[tuple[str, str, str, str], float] = {}

    def matches(self, names: Sequence[Name], threshold: float, batch: int = 4096) -> Iterator[Match]:
        """Every pair that scores the threshold or more, in the order of the names.

        Memory grows with `batch`, not with the number of names.
        """
        for start in range(0, len(names), batch):
            words = [_words(name, self._consonants) for name in names[start : start + batch]]
            self._near.clear()
            self._costs.clear()
            for given, listed in self._candidates(words, threshold):
                found = self._score(words[given], self._words[listed], threshold)
                if found is not None:
                    yield Match(start + given, listed, *found)

    def _candidates(self, words: list[_Words], threshold: float) -> Iterator[tuple[int, int]]:
        """Pairs that share a word, and whose letters differ by no more than the score allows."""
        found = [self._sharing(each) for each in words]
        given = np.repeat(np.arange(len(words)), [len(each) for each in found])
        listed = np.concatenate(found) if found else np.empty(0, dtype=np.int32)
        letters, sizes = _letter_counts(words), _sizes(words)
        for start in range(0, len(given), 1 << 20):
            mine, theirs = given[start : start + (1 << 20)], listed[start : start + (1 << 20)]
            size = np.maximum(sizes[mine], self._sizes[theirs])
            allowed = np.ceil(_budget(size, threshold) + _SLACK)
            near = np.abs(sizes[mine] - self._sizes[theirs]) <= allowed + 4
            mine, theirs, allowed = mine[near], theirs[near], allowed[near]
            difference = letters[mine].astype(np.int8) - self._letters[theirs].astype(np.int8)
            extra = np.maximum(difference, 0).sum(axis=1)
            missing = np.maximum(-difference, 0).sum(axis=1)
            near = np.minimum(extra, missing) <= allowed
            near &= np.maximum(extra, missing) <= allowed + 4
            yield from zip(mine[near].tolist(), theirs[near].tolist(), strict=True)

    def _sharing(self, words: _Words) -> Ids:
        found = [self._within_one_edit(anchor) for anchor in _anchors(words)]
        return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int32)

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
        self, given: _Words, listed: _Words, threshold: float
    ) -> tuple[float, tuple[Part, ...]] | None:
        size = max(sum(map(len, given.written)), sum(map(len, listed.written)))
        budget = float(_budget(size, threshold))
        cost, parts = self._by_words(given, listed)
        if len(given.written) != len(listed.written) and cost > 0:
            joined, joined_parts = self._joined(given, listed)
            if joined < cost:
                cost, parts = joined, joined_parts
        if cost > budget:
            return None
        return _score(cost, size), parts

    def _by_words(self, given: _Words, listed: _Words) -> tuple[float, tuple[Part, ...]]:
        """The cheapest pairing of words, whatever their order."""
        mine, theirs = list(range(len(given.written))), list(range(len(listed.written)))
        parts = []
        for i in list(mine):
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
        for i in sorted(set(mine) - {i for i, _ in pairs}):
            word = given.written[i]
            parts.append(Part(word, None, "extra", _absence_cost(word)))
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
        key = (given.written[i], listed.written[j], given.folded[i], listed.folded[j])
        cost = self._costs.get(key)
        if cost is None:
            cost = self._costs[key] = self._edits(*key)
        return cost

    def _edits(self, word: str, listed: str, folded: str, listed_folded: str) -> float:
        if word == listed:
            return 0.0
        by_sound = OSA.distance(folded, listed_folded)
        if by_sound == 0:
            return SPELLING_COST
        edits = min(OSA.distance(word, listed), by_sound + SPELLING_COST)
        if word in self._known:
            edits *= OTHER_NAME_FACTOR
        return float(edits)

    def _joined(self, given: _Words, listed: _Words) -> tuple[float, tuple[Part, ...]]:
        """The names without their spaces, as they stand and with the last word put first."""
        spaces = SPACE_COST * abs(len(given.written) - len(listed.written))
        text = "".join(given.written)
        folded = "".join(given.folded)
        best: tuple[float, tuple[Part, ...]] = (float("inf"), ())
        for turned in range(min(len(listed.written), 3)):
            words = listed.written[-turned:] + listed.written[:-turned] if turned else listed.written
            sounds = listed.folded[-turned:] + listed.folded[:-turned] if turned else listed.folded
            other = "".join(words)
            edits = (
                0.0
                if text == other
                else min(
                    OSA.distance(text, other),
                    OSA.distance(folded, "".join(sounds)) + SPELLING_COST,
                )
            )
            if edits + spaces < best[0]:
                how = "same but for spaces" if edits == 0 else "edited"
                part = Part(" ".join(given.written), " ".join(words), how, edits + spaces)
                best = (edits + spaces, (part,))
        return best


def _budget(size: npt.NDArray[np.float64] | float, threshold: float) -> npt.NDArray[np.float64] | float:
    """The cost that still scores the threshold, in edits."""
    return (1 - threshold) * size


def _score(cost: float, size: int) -> float:
    return max(0.0, 1 - cost / size)


def _absence_cost(word: str) -> float:
    return PARTICLE_COST if word in PARTICLES else float(max(len(word), 1))


def _words(name: Name, consonants: bool) -> _Words:
    if consonants:
        bones = tuple(filter(None, map(skeleton, name.tokens)))
        return _Words(bones, bones)
    return _Words(name.tokens, tuple(map(fold, name.tokens)))


def _anchors(words: _Words) -> set[str]:
    """Words, and neighbours written together (the last with the first too)."""
    folded = words.folded
    anchors = {word for word in folded if len(word) > 1} or set(folded)
    if len(folded) > 1:
        anchors.update(a + b for a, b in itertools.pairwise((*folded, folded[0])))
    return anchors


def _shortened(word: str) -> set[str]:
    """A word and what is left of it without any one letter: equal ones are within two edits."""
    if len(word) < 3:
        return {word}
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _letter_counts(names: Iterable[_Words]) -> npt.NDArray[np.uint8]:
    """How often each letter occurs, n_names × 29."""
    counts = [[0] * (_OTHER_SIGNS + 1) for _ in names] if isinstance(names, list) else []
    for row, words in zip(counts, names, strict=True):
        for word in words.folded:
            for letter in word:
                row[_ALPHABET.get(letter, _OTHER_SIGNS)] += 1
    return np.minimum(np.array(counts, dtype=np.int16).reshape(-1, _OTHER_SIGNS + 1), 120).astype(np.uint8)


def _sizes(names: Sequence[_Words]) -> npt.NDArray[np.int32]:
    return np.array([sum(map(len, words.written)) for words in names], dtype=np.int32)
