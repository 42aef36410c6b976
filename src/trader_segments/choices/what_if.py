"""Expected shares of instruments that are not listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd

from trader_segments.choices.backtest import model_error
from trader_segments.choices.instruments import Instrument, Settings
from trader_segments.choices.shares import (
    as_class,
    fitted_markets,
    interval,
    segment_shares,
    taste_matrix,
)
from trader_segments.segmentation.table import rounded

NO_CHOICES = "nobody has chosen an instrument of this underlying"
NO_TRADERS = "nobody with part-worths has chosen an instrument of this underlying lately"
NO_KIND = "no instrument of this kind of this underlying was offered at last"
NO_VOLATILITY = "the implied volatility of this underlying is not known"

SHARE_COLUMNS = [
    "instrument_name",
    "segment_id",
    "instrument_class",
    "traders",
    "choices",
    "expected_share",
    "expected_share_low",
    "expected_share_high",
    "popular_share",
    "unknown_because",
]


_NUMBERS: Final = [
    *("traders", "choices", "popular_share"),
    *("expected_share", "expected_share_low", "expected_share_high"),
]
_TABLES: Final = {
    "int_cut_choice_sets": "choice_sets",
    "int_cut_part_worths": "part_worths",
    "int_cut_trader_choices": "trader_choices",
    "int_sampled_traders": "traders",
    "int_attribute_scales": "scales",
    "int_underlying_terms": "terms",
}
_FURTHER: Final = ("choice_backtest", "margin_rates")


class VenueError(Exception):
    """The last build left nothing to predict from; the message says why."""


@dataclass(frozen=True)
class Venue:
    """What is known of choices on the as-of date.

    Attributes
    ----------
    choice_sets, part_worths, trader_choices, traders, scales, terms
        The models int_cut_choice_sets, int_cut_part_worths, int_cut_trader_choices (of all dates),
        int_sampled_traders, int_attribute_scales, int_underlying_terms.
    model_error
        Of `backtest.model_error`.
    settings
        What decides attributes and classes.
    """

    choice_sets: pd.DataFrame
    part_worths: pd.DataFrame
    trader_choices: pd.DataFrame
    traders: pd.DataFrame
    scales: pd.DataFrame
    terms: pd.DataFrame
    model_error: float
    settings: Settings


def hypothetical_shares(instruments: Iterable[Instrument], venue: Venue) -> pd.DataFrame:
    """Share that each instrument is expected to take of each segment's choices of its underlying.

    Each is offered alone beside what is listed now.

    Returns
    -------
    pandas.DataFrame
        `SHARE_COLUMNS`, one row an instrument and segment that has chosen of the underlying lately,
        and one of `all`. Where nothing can be said, one row with the reason and no numbers.
    """
    scales = venue.scales.to_numpy(dtype=np.float64)[0]
    present = venue.choice_sets[venue.choice_sets["is_present"].astype(bool)]
    tastes = venue.part_worths.merge(venue.traders, on="trader_id")
    markets = {
        underlying: fitted
        for (_, underlying), fitted in fitted_markets(
            present, tastes, venue.trader_choices, scales
        ).items()
    }
    today = present[["cut_date", "underlying"]].drop_duplicates()
    choosing = venue.trader_choices.merge(today).merge(tastes, on=["cut_date", "trader_id"])
    known = venue.terms[["implied_volatility", "volatility_of_volatility"]].to_numpy(np.float64)
    terms = dict(zip(venue.terms["underlying"].tolist(), known.tolist(), strict=True))
    found = [pd.DataFrame(columns=SHARE_COLUMNS)]
    for instrument in instruments:
        underlying = instrument.underlying
        if underlying not in markets:
            found.append(_unknown(instrument, NO_CHOICES))
            continue
        volatility, of_volatility = terms[underlying]
        if instrument.needs_volatility() and np.isnan(volatility):
            found.append(_unknown(instrument, NO_VOLATILITY))
            continue
        offer, market = markets[underlying]
        traders = choosing[choosing["underlying"] == underlying].sort_values("trader_id")
        if traders.empty:
            found.append(_unknown(instrument, NO_TRADERS))
            continue
        own_class, attributes = instrument.described(volatility, of_volatility, venue.settings)
        instrument_class = offer.nearest_class(own_class, attributes, scales)
        if instrument_class is None:
            found.append(_unknown(instrument, NO_KIND))
            continue
        if instrument_class != own_class:
            attributes = as_class(attributes)
        offered = offer.with_one_more(instrument_class, attributes)
        share = market.shares(offered, scales, taste_matrix(traders))[:, -1]
        rows = segment_shares(share, traders)
        expected = rows["share"].to_numpy(dtype=np.float64)
        low, high = interval(
            expected, rows["deviation"].to_numpy(dtype=np.float64), venue.model_error
        )
        found.append(
            rows.assign(
                instrument_name=instrument.name,
                instrument_class=instrument_class,
                choices=rounded(rows["choices"]),
                expected_share=rounded(expected),
                expected_share_low=rounded(low),
                expected_share_high=rounded(high),
                popular_share=rounded(market.popular_shares(offered, scales)[-1]),
                unknown_because=None,
            )[SHARE_COLUMNS]
        )
    table = pd.concat(found[1:] or found, ignore_index=True)
    return table.astype(dict.fromkeys(_NUMBERS, np.float64))


def _unknown(instrument: Instrument, reason: str) -> pd.DataFrame:
    row = dict.fromkeys(SHARE_COLUMNS) | {
        "instrument_name": instrument.name,
        "segment_id": "all",
        "unknown_because": reason,
    }
    return pd.DataFrame([row])


def read_venue(warehouse: Path, variables: Mapping[str, Any]) -> Venue:
    """What the last build left in the working database.

    Parameters
    ----------
    warehouse
        The working database.
    variables
        The vars of the project.

    Raises
    ------
    VenueError
        If it is not there, a build holds it, or what is needed was not built.
    """
    if not warehouse.exists():
        raise VenueError(f"{warehouse} is not there: run make build first")
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            tables = {name: connection.table(name).df() for name in (*_TABLES, *_FURTHER)}
    except duckdb.IOException as error:
        raise VenueError(f"{warehouse} cannot be read while a build runs: {error}") from error
    except duckdb.CatalogException as error:
        raise VenueError(f"{warehouse} is of an earlier release: run make build first") from error
    backtest, margins = (tables.pop(name) for name in _FURTHER)
    return Venue(
        **{field: tables[name] for name, field in _TABLES.items()},
        model_error=model_error(backtest, variables["choice_shares"]["least_expected"]),
        settings=Settings.of(variables["derived_utility"], variables["largest_leverage"], margins),
    )
