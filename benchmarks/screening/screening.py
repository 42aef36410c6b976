"""Sanctions screening: recall by kind of distortion, false positives by threshold, and time.

Run from the project's root, with Faker installed (it is no dependency of the project):

    .venv/bin/pip install faker
    .venv/bin/python benchmarks/screening/screening.py <OFAC's sdn.csv>

Planted are entries of one half of the list, `--half odd` or `even` numbers, so that what was looked
at while the code was written stays apart from what is published. An innocent name is a false
positive if it hits any entry, unless it has exactly the words of a listed name: no screening by
name can tell such people apart. A planted name is found if it hits its own entry. Both are done
twice: with names alone, and with the customers' dates of birth.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from population import Planted, innocents, plant

from trader_segments.screening import DEFAULT_THRESHOLD, list_names, read_list, screen
from trader_segments.screening.names import ENTITY, INDIVIDUAL, parse_name

THRESHOLDS = [0.74, 0.76, 0.77, 0.78, 0.79, 0.8, 0.81, 0.82, 0.84, 0.86]
AT_THE_BAR = ("one edit", "two edits", "reordered", "Cyrillic", "Arabic", "Chinese")
LENGTHS = ((0, 6), (6, 8), (8, 10), (10, 12), (12, 16), (16, 1000))
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Draw:
    """What one seed gave: planted and innocent names, and the scores of each with what is known.

    Attributes
    ----------
    found
        By whether dates of birth are known, the score with which each planted name finds its own
        entry, 0 where it does not.
    best
        The highest score of each innocent name, 0 where it hits nothing.
    """

    planted: list[Planted]
    innocent: list[tuple[str, str, str | None]]
    found: dict[bool, Scores]
    best: dict[bool, Scores]


def customers(rows: Sequence[tuple[str, str | None, str | None]], *, born: bool) -> pd.DataFrame:
    """Customers with these names, types and dates of birth, numbered."""
    return pd.DataFrame(
        {
            "trader_id": [str(number) for number in range(len(rows))],
            "legal_name": [name for name, _, _ in rows],
            "customer_type": [kind for _, kind, _ in rows],
            "birth_date": pd.Series([day if born else None for _, _, day in rows], dtype=object),
        }
    )


def take(listed: pd.DataFrame, planted: list[Planted], count: int, seed: int) -> Draw:
    """Screen planted and innocent names, without and with dates of birth."""
    innocent = innocents(count, seed)
    rows = [(each.name, each.entry.entity_type, each.birth_date) for each in planted]
    found, best = {}, {}
    for born in (False, True):
        found[born], best[born] = np.zeros(len(planted)), np.zeros(len(innocent))
        hits = screen(customers(rows, born=born), listed, threshold=THRESHOLDS[0])
        for trader, entry, score in hits[["trader_id", "entry_id", "score"]].itertuples(
            index=False
        ):
            if planted[int(trader)].entry.entry_id == entry:
                found[born][int(trader)] = score
        hits = screen(customers(innocent, born=born), listed, threshold=THRESHOLDS[0])
        for trader, score in hits[["trader_id", "score"]].itertuples(index=False):
            best[born][int(trader)] = max(best[born][int(trader)], score)
    return Draw(planted, innocent, found, best)


def letters(planted: Planted) -> int:
    """Letters of the listed name without titles and legal forms."""
    kind = planted.entry.entity_type
    return sum(map(len, parse_name(planted.entry.names[0], kind).tokens))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sdn", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[2027, 2028, 2029, 2030])
    parser.add_argument("--half", choices=["odd", "even"], default="odd")
    parser.add_argument("--innocents", type=int, default=40_000, help="of each seed")
    parser.add_argument("--planted", type=int, default=1_500, help="entries of each seed")
    parser.add_argument("--customers", type=int, default=100_000, help="timed; 0 for none")
    options = parser.parse_args()
    loaded = read_list(options.sdn)
    listed = list_names(loaded)
    entries = [
        entry
        for entry in loaded.entries
        if entry.entity_type in (INDIVIDUAL, ENTITY)
        and entry.names
        and int(entry.entry_id) % 2 == (options.half == "odd")
    ]
    draws = []
    for seed in options.seeds:
        draw = random.Random(seed)
        planted = plant(draw.sample(entries, options.planted), draw)
        draws.append(take(listed, planted, options.innocents, seed))
    print_accuracy(draws, listed)
    if options.customers:
        print_time(options.customers, listed, options.seeds[0])


def print_accuracy(draws: list[Draw], listed: pd.DataFrame) -> None:
    """Recall and false positives of all draws together."""
    planted = [each for draw in draws for each in draw.planted]
    innocent = [each for draw in draws for each in draw.innocent]
    found = {born: np.concatenate([draw.found[born] for draw in draws]) for born in (False, True)}
    best = {born: np.concatenate([draw.best[born] for draw in draws]) for born in (False, True)}
    kinds = np.array([each.kind for each in planted])
    people = np.array([each.entry.entity_type == INDIVIDUAL for each in planted])
    sizes = np.array([letters(each) for each in planted])
    same = {
        (kind, tuple(sorted(parse_name(name, kind).tokens)))
        for name, kind in zip(listed["name"], listed["entity_type"], strict=True)
    }
    counted = np.array(
        [
            (kind, tuple(sorted(parse_name(name, kind).tokens))) not in same
            for name, kind, _ in innocent
        ]
    )
    print(f"{len(draws)} draws, {len(listed):,} listed names; {len(planted):,} planted names,")
    print(
        f"{len(innocent):,} innocent ones, {(~counted).sum()} of them the words of a listed one\n"
    )

    bar = np.isin(kinds, AT_THE_BAR)
    print("             names alone                 with dates of birth")
    print("threshold    false pos.     recall       false pos.     recall")
    for threshold in THRESHOLDS:
        cells = [
            f"{np.mean(best[born][counted] >= threshold):8.3%}    "
            f"{_rate(found[born][bar] >= threshold, 2)}"
            for born in (False, True)
        ]
        mark = "   default" if threshold == DEFAULT_THRESHOLD else ""
        print(f"{threshold:.2f}       {'    '.join(cells)}{mark}")
    print("by draw, recall and false positives with dates of birth (the same words among them):")
    for draw in draws:
        is_counted = np.isin([each.kind for each in draw.planted], AT_THE_BAR)
        recall = _rate(draw.found[True][is_counted] >= DEFAULT_THRESHOLD, 2)
        print(f"  {recall}  {np.mean(draw.best[True] >= DEFAULT_THRESHOLD):.3%}")

    print(f"\nrecall at {DEFAULT_THRESHOLD}; by letters of the listed name with dates of birth")
    head = ("alone", "born", "people", "entities", *(_span(*each) for each in LENGTHS))
    print(f"{'':26}{'names':>7}" + "".join(f"{each:>9}" for each in head))
    for kind in dict.fromkeys(kinds):
        mine = kinds == kind
        hits = found[True] >= DEFAULT_THRESHOLD
        cells = [
            _rate(found[False][mine] >= DEFAULT_THRESHOLD),
            _rate(hits[mine]),
            _rate(hits[mine & people]),
            _rate(hits[mine & ~people]),
            *(_rate(hits[mine & (sizes >= low) & (sizes < high)]) for low, high in LENGTHS),
        ]
        print(f"{kind:26}{mine.sum():7,}{''.join(cells)}")

    print(f"\nfalse positives at {DEFAULT_THRESHOLD}, names alone")
    counts: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    for number in np.flatnonzero(counted):
        name, kind, _ = innocent[number]
        script = parse_name(name, kind).script
        group = "entities" if kind == ENTITY else f"people, {script}"
        counts[group] += 1
        hit[group] += best[False][number] >= DEFAULT_THRESHOLD
    for group in sorted(counts):
        print(f"{group:26}{counts[group]:7,}{hit[group] / counts[group]:9.3%}")


def print_time(count: int, listed: pd.DataFrame, seed: int) -> None:
    """Seconds for customers with names and dates of birth of their own."""
    timed = customers(innocents(count, seed + 1), born=True)
    wall, cpu = time.perf_counter(), time.process_time()
    hits = screen(timed, listed)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{len(timed):,} customers with {timed['legal_name'].nunique():,} names against")
    print(f"{len(listed):,} names: {wall:.0f} s, {cpu:.0f} CPU seconds; {len(hits):,} hits")
    print(f"peak memory of the whole benchmark {peak:,.0f} MB")


def _span(low: int, high: int) -> str:
    return f"{low}-{high - 1}" if high < 1000 else f"{low}+"


def _rate(values: npt.NDArray[np.bool_], digits: int = 1) -> str:
    return f"{values.mean():9.{digits}%}" if len(values) else f"{'-':>9}"


if __name__ == "__main__":
    main()
