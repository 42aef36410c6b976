"""Segments as they would have been on past dates, at the cost of features and scores alone."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from trader_segments.build import Say, Settings, parse_project, run_build, run_dbt
from trader_segments.warehouse import DATABASES

HISTORIES = (
    "trader_segment_history",
    "segment_summary_history",
    "feature_drift",
    "segment_drift",
    "value_models",
    "value_quality",
    "int_due_diligence_history",
    "due_diligence_rulesets",
)
_MODELS = (
    "build",
    "--exclude-resource-type",
    "test",
    "--exclude-resource-type",
    "unit_test",
    "--select",
    *(f"+{history},int_as_of_date+" for history in HISTORIES),
)
"""What changes with the as-of date and leads to a history; loads are not looked at."""


class BackfillError(Exception):
    """Why the history cannot be filled, in a sentence."""


@dataclass(frozen=True)
class Known:
    """What a working database holds: its first day with a fill, and the dates of its history."""

    first_date: dt.date
    dates: frozenset[dt.date]


def backfill(
    settings: Settings, first: dt.date, last: dt.date, every: int, say: Say, *, again: bool = False
) -> int:
    """Fill the histories for every so many days of a range, oldest first; then build the present.

    A date that the history has already is left out, so that a run that was stopped goes on where it
    stood. Nothing of a past date is published: after the last one comes a build as of today.

    Parameters
    ----------
    every
        Days from one date to the next, counted from `first`.
    again
        Make dates anew that the history has already.

    Returns
    -------
    How many dates were filled.

    Raises
    ------
    BackfillError
        If there is no working database, the range is no past of it, or a date cannot be built.
    """
    known = _read(settings)
    wanted = _dates(first, last, every)
    beyond = [date for date in wanted if not known.first_date <= date <= max(known.dates)]
    if beyond:
        raise BackfillError(
            f"{beyond[0]} is outside the data that is built, "
            f"{known.first_date} to {max(known.dates)}"
        )
    dates = [date for date in wanted if again or date not in known.dates]
    if len(dates) < len(wanted):
        say(f"{len(wanted) - len(dates)} of {len(wanted)} dates are in the history already")
    if not dates:
        return 0
    manifest = parse_project(settings.project_root)
    started = time.monotonic()
    for done, date in enumerate(dates, start=1):
        arguments = [*_MODELS, "--vars", f"as_of_date: {date}"]
        if not run_dbt(settings.project_root, arguments, _errors_only(say), manifest=manifest):
            raise BackfillError(
                f"{date} could not be built; the reason is above. The dates before it stay"
            )
        seconds = time.monotonic() - started
        left = seconds / done * (len(dates) - done)
        say(f"  {done:>4}/{len(dates)}  {date}  {seconds / done:6.1f} s a date  {_span(left)} left")
    say("Building the present again")
    if not run_build(settings, [], say):
        raise BackfillError("the history is filled, but the present could not be published")
    return len(dates)


def _read(settings: Settings) -> Known:
    warehouse = settings.build / DATABASES[0]
    if not warehouse.exists():
        raise BackfillError("there is nothing to fill yet: run make build first")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        try:
            dates = connection.execute(
                "select distinct as_of_date from main.trader_segment_history"
            ).fetchall()
            (first,) = connection.execute(
                "select min(event_date) from main.int_trader_days"
            ).fetchall()
        except duckdb.CatalogException as error:
            raise BackfillError("the last build was not finished: run make build first") from error
    return Known(first[0], frozenset(date for (date,) in dates))


def _dates(first: dt.date, last: dt.date, every: int) -> Sequence[dt.date]:
    if first > last:
        raise BackfillError(f"{first} is later than {last}")
    days = range(0, (last - first).days + 1, every)
    return [first + dt.timedelta(days=day) for day in days]


def _errors_only(say: Say) -> Say:
    """One date is one line: of dbt's own lines only those that are no table, view or note."""

    def filtered(line: str) -> None:
        if not line.startswith("  ") and not line.startswith("Held back"):
            say(line)

    return filtered


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
