"""Instruments that are not listed, and the attributes they would have (docs/derived-utility.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri
from scipy.stats import norm

from trader_segments.choices.shares import FloatArray

KINDS: Final = ("option", "future", "perpetual", "spot", "event")
_DATED: Final = ("option", "future", "event")
_TYPES: Final = ("call", "put")
_DAYS_A_YEAR: Final = 365.0
_LEAST_LEVERAGE: Final = 1e-3
_LEAST_SPREAD: Final = 1e-6


class InstrumentError(Exception):
    """A hypothetical instrument that cannot be one; the message says what does not fit."""


@dataclass(frozen=True)
class Settings:
    """What decides the attributes and the class of an instrument, from the vars of the project.

    Attributes
    ----------
    tenor_days, absolute_deltas
        Upper edges of the classes, ascending.
    largest_leverage
        Leverage beyond which none is believed.
    margin_rates
        Initial margin over notional by kind, options left out.
    """

    tenor_days: tuple[float, ...]
    absolute_deltas: tuple[float, ...]
    largest_leverage: float
    margin_rates: Mapping[str, float]

    @classmethod
    def of(
        cls, derived_utility: Mapping[str, Any], largest_leverage: float, margins: pd.DataFrame
    ) -> Settings:
        """From the vars `derived_utility` and `largest_leverage` and the seed margin_rates."""
        return cls(
            tuple(map(float, derived_utility["tenor_days"])),
            tuple(map(float, derived_utility["absolute_deltas"])),
            float(largest_leverage),
            dict(zip(margins["kind"], margins["initial_margin_rate"].astype(float), strict=True)),
        )


@dataclass(frozen=True)
class Instrument:
    """A hypothetical instrument.

    Attributes
    ----------
    name
        What it is called.
    kind
        One of `KINDS`.
    underlying
        In upper case.
    option_type
        `call` or `put`; None unless an option.
    days
        To expiry; None without one.
    delta
        Absolute Black-76 delta of an option, between 0 and 1, or else
    moneyness
        its strike over the forward.
    leverage
        Largest leverage, of anything but an option, whose delta and days decide it; None: what the
        seed margin_rates allows.
    relative_spread
        Ask less bid over their mean; None: that of the instruments of its class.
    """

    name: str
    kind: str
    underlying: str
    option_type: str | None = None
    days: float | None = None
    delta: float | None = None
    moneyness: float | None = None
    leverage: float | None = None
    relative_spread: float | None = None

    @classmethod
    def checked(cls, values: Mapping[str, Any]) -> Instrument:
        """An instrument of values by the names of the attributes; missing ones are None.

        Raises
        ------
        InstrumentError
            If they do not fit together; the message names the instrument.
        """
        given = {key: None if pd.isna(value) else value for key, value in values.items()}
        numbers = {
            key: None if given.get(key) is None else float(str(given[key]))
            for key in ("days", "delta", "moneyness", "leverage", "relative_spread")
        }
        if numbers["delta"] is not None:
            numbers["delta"] = abs(numbers["delta"])
        is_option = given.get("kind") == "option"
        instrument = cls(
            name=str(given.get("name")),
            kind=str(given.get("kind")),
            underlying=str(given.get("underlying") or "").upper(),
            option_type=(given.get("option_type") or "call")
            if is_option
            else given.get("option_type"),
            **numbers,
        )
        problem = instrument._problem()
        if problem is not None:
            raise InstrumentError(f"{instrument.name}: {problem}")
        return instrument

    def _problem(self) -> str | None:
        is_option, is_dated = self.kind == "option", self.kind in _DATED
        positive = (self.days, self.moneyness, self.relative_spread)
        checks = [
            (self.kind not in KINDS, f"kind is none of {', '.join(KINDS)}"),
            (not self.underlying, "an underlying is needed"),
            (is_dated and self.days is None, f"days to expiry are needed for kind {self.kind}"),
            (not is_dated and self.days is not None, f"kind {self.kind} has no expiry"),
            (is_option and self.option_type not in _TYPES, "an option is a call or a put"),
            (
                is_option and (self.delta is None) == (self.moneyness is None),
                "an option needs its delta or its moneyness, one of them",
            ),
            (
                is_option and self.leverage is not None,
                "the leverage of an option follows from its delta and days",
            ),
            (
                not is_option
                and not (
                    self.option_type is None and self.delta is None and self.moneyness is None
                ),
                "only an option has a type, a delta, a moneyness",
            ),
            (
                any(value is not None and not 0 < value < np.inf for value in positive),
                "days, moneyness and spread are above 0",
            ),
            (
                self.delta is not None and not 0 < self.delta < 1,
                "a delta is between 0 and 1, those not included",
            ),
            (
                self.leverage is not None and not 1 <= self.leverage < np.inf,
                "a leverage is 1 or more",
            ),
        ]
        return next((problem for is_wrong, problem in checks if is_wrong), None)

    def needs_volatility(self) -> bool:
        """Whether its class is not known without the implied volatility of the underlying."""
        return self.moneyness is not None

    def described(
        self, volatility: float, volatility_of_volatility: float, settings: Settings
    ) -> tuple[str, FloatArray]:
        """Class and attributes, as `int_offered_instruments` has them.

        Parameters
        ----------
        volatility
            Implied volatility of the underlying, annual, as a decimal; NaN where not known: then
            an option's leverage is NaN.
        volatility_of_volatility
            Annual, as a decimal.

        Returns
        -------
        tuple of str and numpy.ndarray
            The class, and the attributes in the order of `shares.ATTRIBUTES`, NaN where not known.
        """
        days = self.days or 0.0
        exposure, correlation, bucket = 0.0, 1.0, None
        if self.kind == "option":
            sign = 1.0 if self.option_type == "call" else -1.0
            width = volatility * np.sqrt(days / _DAYS_A_YEAR)
            if self.delta is not None:
                delta, d1 = self.delta, sign * float(ndtri(self.delta))
            else:
                d1 = -np.log(self.moneyness or 1.0) / width + width / 2
                delta = float(ndtr(sign * d1))
            exposure = float(norm.pdf(d1)) * np.sqrt(days / _DAYS_A_YEAR)
            correlation = delta / np.hypot(delta, exposure * volatility_of_volatility)
            strike = np.exp(width * width / 2 - d1 * width)
            premium = sign * (ndtr(sign * d1) - strike * ndtr(sign * (d1 - width)))
            ratio = delta / max(premium, delta / settings.largest_leverage)
            leverage = np.log(max(ratio, _LEAST_LEVERAGE)) if np.isfinite(premium) else np.nan
            bucket = sum(delta > edge for edge in settings.absolute_deltas)
        else:
            rate = settings.margin_rates.get(self.kind, np.nan)
            leverage = np.log(min(self.leverage or 1 / rate, settings.largest_leverage))
        spread = np.nan if self.relative_spread is None else self.relative_spread
        parts = [self.kind, self.option_type, sum(days > edge for edge in settings.tenor_days)]
        attributes = [
            exposure,
            leverage,
            correlation,
            np.log1p(days),
            -np.log(np.maximum(spread, _LEAST_SPREAD)),
        ]
        name = " ".join(str(part) for part in [*parts, bucket] if part is not None)
        return name, np.array(attributes, dtype=np.float64)


def class_in_words(instrument_class: str, settings: Settings) -> str:
    """A class of `int_offered_instruments` in words: call options, 9 to 35 days, delta 0.1 to 0.35.

    Where buckets end is told by the settings; a perpetual has no days, and anything but an option
    no delta.
    """
    words = instrument_class.split()
    kind, buckets = words[0], [int(word) for word in words[1:] if word.isdigit()]
    types = [f"{word} " for word in words[1:] if not word.isdigit()]
    named = "".join(types) + ("spot" if kind == "spot" else f"{kind}s")
    if kind in ("perpetual", "spot"):
        return named
    parts = [named, f"{_between(settings.tenor_days, buckets[0])} days"]
    if len(buckets) > 1:
        parts.append(f"delta {_between(settings.absolute_deltas, buckets[1])}")
    return ", ".join(parts)


def _between(edges: Sequence[float], bucket: int) -> str:
    if bucket == 0:
        return f"up to {edges[0]:g}"
    if bucket == len(edges):
        return f"over {edges[-1]:g}"
    return f"{edges[bucket - 1]:g} to {edges[bucket]:g}"


def read_instruments(rows: pd.DataFrame) -> list[Instrument]:
    """The instruments of the seed hypothetical_instruments, in the order of their names.

    Raises
    ------
    InstrumentError
        If one of them cannot be.
    """
    named = rows.rename(columns={"instrument_name": "name"}).sort_values("name")
    return [
        Instrument.checked({str(k): v for k, v in row.items()}) for row in named.to_dict("records")
    ]
