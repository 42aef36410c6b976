"""Dates of birth as evidence beside a name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SAME_DAY, SAME_YEAR, NEAR, DIFFERS, UNKNOWN = "same day", "same year", "near", "differs", "unknown"
COST_FACTOR = {SAME_DAY: 0.5, SAME_YEAR: 0.75}
"""What a difference of names weighs where dates of birth agree. One innocent person in some 20,000
shares a listed day of birth by chance, one in some 50 a year. A date that differs takes nothing
away: dates on lists are often wrong."""
LEAST_FACTOR = min(COST_FACTOR.values())

Years = npt.NDArray[np.int16]
_NEVER = -9999


def agreement(born: str | None, listed: str | None) -> str:
    """How a date of birth agrees with those of an entry; of several the best.

    Parameters
    ----------
    born
        `YYYY-MM-DD`.
    listed
        Dates as `lists.Entry.birth_dates` has them, joined by "; ".

    Returns
    -------
    `same day`; `same year`, where the list has no day; `near`, a year off or in a listed range;
    `differs`; `unknown`.
    """
    if not born or not listed:
        return UNKNOWN
    found = [_agreement(born, date.strip()) for date in listed.split(";")]
    return min(found, key=(SAME_DAY, SAME_YEAR, NEAR, DIFFERS, UNKNOWN).index)


def _agreement(born: str, listed: str) -> str:
    years = _years(listed)
    if not years:
        return UNKNOWN
    if born.startswith(listed):
        return SAME_DAY if len(listed) == len(born) else SAME_YEAR
    return NEAR if years[0] - 1 <= int(born[:4]) <= years[-1] + 1 else DIFFERS


def _years(listed: str) -> list[int]:
    return sorted(int(part[:4]) for part in listed.split("/") if part[:4].isdigit())


def spans(births: Sequence[str | None]) -> tuple[Years, Years]:
    """First and last year of each entry's dates; of one without dates a year that nobody shares."""
    found = [
        sorted(year for date in (listed or "").split(";") for year in _years(date.strip()))
        for listed in births
    ]
    first = [years[0] if years else _NEVER for years in found]
    last = [years[-1] if years else _NEVER for years in found]
    return np.array(first, dtype=np.int16), np.array(last, dtype=np.int16)


def years(births: Sequence[str | None]) -> Years:
    """The year of each date of birth; of none a year that is in no span."""
    return np.array([int(born[:4]) if born else _NEVER + 1 for born in births], dtype=np.int16)
