"""Sanctions screening: recall by kind of distortion, false positives by threshold, and time.

Run from the project's root, with Faker installed (it is no dependency of the project):

    .venv/bin/pip install faker
    .venv/bin/python benchmarks/screening/screening.py <OFAC's sdn.csv>

Entries and innocent names are cut into two halves. The threshold is chosen on the first as the
lowest (in steps of 0.01) with at most 0.1 % false positives; all figures are of the second half.
An innocent name is a false positive if it hits any entry, unless it has exactly the words of a
listed name: no screening by name can tell such people apart. A planted name is found if it hits
its own entry.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
from population import Planted, innocents, plant

from trader_segments.screening import DEFAULT_THRESHOLD, list_names, read_list, screen
from trader_segments.screening.names import ABJAD, ENTITY, INDIVIDUAL, parse_name

THRESHOLDS = [round(0.74 + 0.01 * step, 2) for step in range(13)]
MOST_FALSE = 0.001
AT_THE_BAR = ("one edit", "two edits", "reordered", "Cyrillic", "Arabic", "Chinese")
LENGTHS = ((0, 8), (8, 10), (10, 12), (12, 16), (16, 1000))
NO_CLEARANCE = pd.DataFrame({"match_id": []}, dtype=str)


def customers(names: list[tuple[str, str | None]]) -> pd.DataFrame:
    """Customers with these names and types, numbered."""
    return pd.DataFrame(
        {
            "trader_id": [str(number) for number in range(len(names))],
            "legal_name": [name for name, _ in names],
            "customer_type": [kind for _, kind in names],
            "birth_date": None,
        }
    )


def letters(planted: Planted) -> int:
    """Letters of the listed name without titles and legal forms."""
    kind = planted.entry.entity_type
    return sum(map(len, parse_name(planted.entry.names[0], kind).tokens))


def own_scores(planted: list[Planted], names: pd.DataFrame) -> np.ndarray:
    """The score with which each planted name finds its own entry, 0 where it does not."""
    hits = screen(
        customers([(each.name, each.entry.entity_type) for each in planted]),
        names,
        NO_CLEARANCE,
        threshold=THRESHOLDS[0],
    )
    scores = np.zeros(len(planted))
    for trader, entry, score in zip(
        hits["trader_id"], hits["entry_id"], hits["score"], strict=True
    ):
        if planted[int(trader)].entry.entry_id == entry:
            scores[int(trader)] = score
    return scores


def best_scores(names: list[tuple[str, str]], listed: pd.DataFrame) -> np.ndarray:
    """The highest score of each name, 0 where it hits nothing."""
    hits = screen(customers(list(names)), listed, NO_CLEARANCE, threshold=THRESHOLDS[0])
    scores = np.zeros(len(names))
    for trader, score in zip(hits["trader_id"], hits["score"], strict=True):
        scores[int(trader)] = max(scores[int(trader)], score)
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sdn", type=Path)
    parser.add_argument("--innocents", type=int, default=40_000)
    parser.add_argument("--planted", type=int, default=3_000, help="entries")
    parser.add_argument("--customers", type=int, default=100_000, help="timed")
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    loaded = read_list(options.sdn)
    listed = list_names(loaded)
    entries = [e for e in loaded.entries if e.entity_type in (INDIVIDUAL, ENTITY) and e.names]
    draw = random.Random(options.seed)
    planted = plant(draw.sample(entries, options.planted), draw)
    found = own_scores(planted, listed)
    halves = np.array([int(each.entry.entry_id) % 2 for each in planted])
    kinds = np.array([each.kind for each in planted])
    sizes = np.array([letters(each) for each in planted])

    innocent = innocents(options.innocents, options.seed)
    same = {
        (kind, tuple(sorted(parse_name(name, kind).tokens)))
        for name, kind in zip(listed["name"], listed["entity_type"], strict=True)
    }
    is_same = np.array(
        [(kind, tuple(sorted(parse_name(name, kind).tokens))) in same for name, kind in innocent]
    )
    scores = best_scores(innocent, listed)
    half = np.arange(len(innocent)) % 2
    print(f"{len(entries):,} entries, {len(listed):,} names; {len(planted):,} planted names,")
    print(
        f"{len(innocent):,} innocent ones, {is_same.sum()} of them the very words of a listed one\n"
    )

    rates = {
        (side, threshold): float(np.mean((scores >= threshold)[(half == side) & ~is_same]))
        for side in (0, 1)
        for threshold in THRESHOLDS
    }
    chosen = next(t for t in THRESHOLDS if rates[0, t] <= MOST_FALSE)
    bar = np.isin(kinds, AT_THE_BAR)
    print("threshold   false positives         recall (second half)")
    print("            first     second half   all at the bar   10 letters or more")
    for threshold in THRESHOLDS:
        hit = found >= threshold
        second = bar & (halves == 1)
        long = second & (sizes >= 10)
        print(
            f"{threshold:.2f}        {rates[0, threshold]:8.3%}  {rates[1, threshold]:8.3%}"
            f"      {hit[second].mean():8.2%}         {hit[long].mean():8.2%}"
            + ("   chosen" if threshold == chosen else "")
            + ("   default" if threshold == DEFAULT_THRESHOLD else "")
        )

    print(f"\nrecall at {DEFAULT_THRESHOLD}, second half, by letters of the listed name")
    print(f"{'':26}{'names':>7}{'all':>9}" + "".join(f"{_span(*each):>9}" for each in LENGTHS))
    for kind in dict.fromkeys(kinds):
        mine = (kinds == kind) & (halves == 1)
        cells = []
        for low, high in LENGTHS:
            of_length = mine & (sizes >= low) & (sizes < high)
            cells.append(_rate(found[of_length] >= DEFAULT_THRESHOLD))
        print(f"{kind:26}{mine.sum():7,}{_rate(found[mine] >= DEFAULT_THRESHOLD)}" + "".join(cells))

    print(f"\nfalse positives at {DEFAULT_THRESHOLD}, second half")
    groups: dict[str, list[bool]] = defaultdict(list)
    for number in np.flatnonzero((half == 1) & ~is_same):
        name, kind = innocent[number]
        script = parse_name(name, kind).script
        group = "entities" if kind == ENTITY else f"people, {script}"
        if script == ABJAD:
            group = "people, abjad"
        groups[group].append(scores[number] >= DEFAULT_THRESHOLD)
    for group, hits in sorted(groups.items()):
        print(f"{group:26}{len(hits):7,}{_rate(np.array(hits), 3)}")

    timed = customers(list(innocents(options.customers, options.seed + 1)))
    wall, cpu = time.perf_counter(), time.process_time()
    hits = screen(timed, listed, NO_CLEARANCE)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{len(timed):,} customers with {timed['legal_name'].nunique():,} names against")
    print(f"{len(listed):,} names: {wall:.0f} s, {cpu:.0f} CPU seconds; {len(hits):,} hits")
    print(f"peak memory of the whole benchmark {peak:,.0f} MB")


def _span(low: int, high: int) -> str:
    return f"{low}-{high - 1}" if high < 1000 else f"{low}+"


def _rate(values: np.ndarray, digits: int = 1) -> str:
    return f"{values.mean():9.{digits}%}" if len(values) else f"{'-':>9}"


if __name__ == "__main__":
    main()
