"""Expected shares of what is offered: a conditional logit with each trader's part-worths.

A trader with part-worths b takes an instrument with attributes x (in standard deviations) with
probability proportional to w exp(b x), w the weight of its class (McFadden 1974). The popularity of
a class is what the market takes, tastes included; w is what is left of it when the tastes are taken
out, so that the shares which all traders together are expected to take of today's classes are
those they took (Berry, Levinsohn, Pakes 1995, "Automobile prices in market equilibrium",
Econometrica 63(4), equation 6.8).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit, softmax
from scipy.stats import norm

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

ATTRIBUTES = ("volatility", "leverage", "correlation", "tenor", "liquidity")
CLASS_ATTRIBUTES = ("volatility", "correlation", "tenor")
"""Attributes that make a class. A part-worth tells options from perpetuals more than one expiry
from the next, so within a class these count as the class's mean; the others as the instrument's
own."""

ALL = "all"
CONFIDENCE = 0.95
_ROUNDS = 200
_TOLERANCE = 1e-10


@dataclass(frozen=True)
class Offer:
    """What is offered of one underlying, by groups of like instruments (`n_groups`).

    Attributes
    ----------
    instrument_class
        Class of each group.
    count
        Instruments.
    attributes
        Mean attributes in the order of `ATTRIBUTES`, in the units of the venue,
        `(n_groups, n_attributes)`; NaN where not known.
    """

    instrument_class: npt.NDArray[np.object_]
    count: FloatArray
    attributes: FloatArray

    @classmethod
    def from_frame(cls, rows: pd.DataFrame) -> Offer:
        """Rows with `instrument_class`, `instrument_count` and the attributes."""
        return cls(
            rows["instrument_class"].to_numpy(dtype=object),
            rows["instrument_count"].to_numpy(dtype=np.float64),
            rows[list(ATTRIBUTES)].to_numpy(dtype=np.float64),
        )

    def with_one_more(self, instrument_class: str, attributes: FloatArray) -> Offer:
        """The offer and one instrument more of a class that is offered, the last group.

        What is not known of it is as usual in its class.
        """
        usual = _mean(self.attributes, self.count, self.instrument_class == instrument_class)
        return Offer(
            np.append(self.instrument_class, instrument_class),
            np.append(self.count, 1.0),
            np.vstack([self.attributes, np.where(np.isnan(attributes), usual, attributes)]),
        )

    def nearest_class(self, name: str, attributes: FloatArray, scales: FloatArray) -> str | None:
        """The class itself where it is offered, else the offered one of its kind, and type of
        option, that is nearest in the attributes that make a class; None where there is none."""
        if name in self.instrument_class:
            return name
        like = [_form(other) == _form(name) for other in self.instrument_class]
        if not any(like):
            return None
        shared = [ATTRIBUTES.index(attribute) for attribute in CLASS_ATTRIBUTES]
        distance = ((self.attributes - attributes) / scales)[:, shared]
        square = np.where(like, (np.nan_to_num(distance) ** 2).sum(axis=1), np.inf)
        return str(self.instrument_class[square.argmin()])

    def standardised(self, scales: FloatArray) -> FloatArray:
        """Attributes in standard deviations, those of `CLASS_ATTRIBUTES` as their class's mean.

        An attribute that is not known of all that is offered, or that has no scale, tells nothing
        and is 0.
        """
        placed = self.attributes.copy()
        shared = [ATTRIBUTES.index(name) for name in CLASS_ATTRIBUTES]
        for name in dict.fromkeys(self.instrument_class):
            alike = self.instrument_class == name
            placed[np.ix_(alike, shared)] = _mean(placed, self.count, alike)[shared]
        standard = placed / scales
        return np.where(np.isnan(standard).any(axis=0), 0.0, standard)


@dataclass(frozen=True)
class Market:
    """The weight of each class of an underlying with tastes taken out.

    Attributes
    ----------
    offer
        One group a class.
    log_weight
        By class: logarithm of the weight of one instrument.
    popularity
        By class: choices per instrument offered, tastes included.
    """

    offer: Offer
    log_weight: dict[str, float]
    popularity: dict[str, float]

    @classmethod
    def fitted(
        cls,
        offer: Offer,
        popularity: FloatArray,
        scales: FloatArray,
        tastes: FloatArray,
        weight: FloatArray,
    ) -> Market:
        """Weights with which the traders together take of each class what its popularity says.

        Parameters
        ----------
        offer
            One group a class.
        popularity
            Choices per instrument of each class, `(n_groups,)`.
        tastes
            Part-worths, `(n_traders, n_attributes)`; 0 where unknown.
        weight
            Choices that each trader makes, `(n_traders,)`.
        """
        target = popularity * offer.count
        target = target / target.sum()
        utility = tastes @ offer.standardised(scales).T
        log_share = np.log(target)
        if weight.sum() > 0:
            for _ in range(_ROUNDS):
                taken = weight @ softmax(utility + log_share, axis=1) / weight.sum()
                step = np.log(target) - np.log(taken)
                log_share = log_share + step
                if np.abs(step).max() < _TOLERANCE:
                    break
        shift = log_share - np.log(target)
        log_weight = np.log(popularity) + shift - target @ shift
        names = offer.instrument_class
        return cls(
            offer,
            dict(zip(names, log_weight.tolist(), strict=True)),
            dict(zip(names, popularity.tolist(), strict=True)),
        )

    def shares(self, offer: Offer, scales: FloatArray, tastes: FloatArray) -> FloatArray:
        """Expected share of each group in each trader's choices, `(n_traders, n_groups)`."""
        weights = self._of_groups(self.log_weight, offer, scales)
        utility = tastes @ offer.standardised(scales).T
        return np.asarray(softmax(utility + weights + np.log(offer.count), axis=1))

    def popular_shares(self, offer: Offer, scales: FloatArray) -> FloatArray:
        """Share of each group if everybody chose as the market does, `(n_groups,)`."""
        taken = self._of_groups(self.popularity, offer, scales) * offer.count
        return np.asarray(taken / taken.sum())

    def _of_groups(
        self, value: Mapping[str, float], offer: Offer, scales: FloatArray
    ) -> FloatArray:
        """A class that was not offered then counts as the nearest; a kind that was not, as the
        mean of all classes."""
        usual = float(np.mean(list(value.values())))
        nearest = [
            self.offer.nearest_class(name, attributes, scales)
            for name, attributes in zip(offer.instrument_class, offer.attributes, strict=True)
        ]
        return np.array([usual if name is None else value[name] for name in nearest])


def as_class(attributes: FloatArray) -> FloatArray:
    """Attributes of an instrument of which those that make a class are taken from another class."""
    own = [name not in CLASS_ATTRIBUTES for name in ATTRIBUTES]
    return np.where(own, attributes, np.nan)


def taste_matrix(part_worths: pd.DataFrame) -> FloatArray:
    """Part-worths of each row, `(n_traders, n_attributes)`; 0, the market's, where not known."""
    return np.asarray(np.nan_to_num(part_worths[list(ATTRIBUTES)].to_numpy(dtype=np.float64)))


def fitted_markets(
    choice_sets: pd.DataFrame,
    tastes: pd.DataFrame,
    trader_choices: pd.DataFrame,
    scales: FloatArray,
) -> dict[tuple[Hashable, ...], tuple[Offer, Market]]:
    """The last choice set by each date and of each underlying, and the market that chose from it.

    Parameters
    ----------
    choice_sets, trader_choices
        The models int_cut_choice_sets and int_cut_trader_choices.
    tastes
        The model int_cut_part_worths with `traders_meant` of int_sampled_traders.
    """
    choosing = trader_choices.merge(tastes, on=["cut_date", "trader_id"])
    by_set = dict(list(choosing.groupby(["cut_date", "underlying"])))
    markets: dict[tuple[Hashable, ...], tuple[Offer, Market]] = {}
    for key, rows in choice_sets.groupby(["cut_date", "underlying"], sort=True):
        classes = rows.sort_values("instrument_class")
        offer = Offer.from_frame(classes)
        traders = by_set.get(key, choosing.head(0)).sort_values("trader_id")
        markets[key] = (
            offer,
            Market.fitted(
                offer,
                classes["popularity"].to_numpy(dtype=np.float64),
                scales,
                taste_matrix(traders),
                (traders["choices"] * traders["traders_meant"]).to_numpy(dtype=np.float64),
            ),
        )
    return markets


def segment_shares(share: FloatArray, traders: pd.DataFrame) -> pd.DataFrame:
    """Share expected of each segment, and of all traders.

    Parameters
    ----------
    share
        Expected share in the choices of each trader, `(n_traders,)`.
    traders
        `segment_id`, `choices`, above 0, and `traders_meant`, for how many a trader stands; the
        same rows.

    Returns
    -------
    pandas.DataFrame
        `segment_id`, `traders`, `choices`, `share` and `deviation`, the standard deviation of its
        log odds, that of a weighted mean over traders (Cochran 1977, Sampling Techniques, section
        6.8); NaN where one trader stands for the segment.
    """
    rows = pd.DataFrame(
        {
            "segment_id": traders["segment_id"].to_numpy(),
            "choices": traders["choices"].to_numpy(),
            "weight": (traders["choices"] * traders["traders_meant"]).to_numpy(),
            "share": share,
        }
    )
    named = [(str(name), part) for name, part in rows.groupby("segment_id", sort=True)]
    found = []
    for name, part in [(ALL, rows), *named] if len(rows) else []:
        n, w, p = len(part), part["weight"].to_numpy(), part["share"].to_numpy()
        mean = float(w @ p / w.sum())
        deviation = np.nan
        if n > 1 and 0 < mean < 1:
            variance = n / (n - 1) * float(w**2 @ (p - mean) ** 2) / w.sum() ** 2
            deviation = float(np.sqrt(variance)) / (mean * (1 - mean))
        found.append((name, n, part["choices"].sum(), mean, deviation))
    return pd.DataFrame(found, columns=["segment_id", "traders", "choices", "share", "deviation"])


def interval(
    share: FloatArray, deviation: FloatArray, model_error: float
) -> tuple[FloatArray, FloatArray]:
    """Bounds within which a share is expected to lie 95 % of the time, each `(n,)`.

    Parameters
    ----------
    share, deviation
        Of `segment_shares`.
    model_error
        Standard deviation of the log odds of actual shares around predicted ones; NaN, where it was
        never measured, counts as 0.
    """
    reach = norm.ppf(0.5 + CONFIDENCE / 2) * np.hypot(deviation, np.nan_to_num(model_error))
    return np.asarray(expit(logit(share) - reach)), np.asarray(expit(logit(share) + reach))


def _form(instrument_class: str) -> list[str]:
    """Kind and type of option of a class."""
    return [word for word in instrument_class.split() if not word.isdigit()]


def _mean(attributes: FloatArray, count: FloatArray, alike: BoolArray) -> FloatArray:
    weight = count[alike]
    return np.asarray(weight @ attributes[alike] / weight.sum())
