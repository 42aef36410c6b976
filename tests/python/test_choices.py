"""Expected choice shares on made-up markets: what is planted comes out, the rest is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax

from trader_segments.choices import (
    Instrument,
    InstrumentError,
    Market,
    Offer,
    Settings,
    Venue,
    choice_backtest,
    choice_quality,
    class_in_words,
    hypothetical_shares,
    interval,
    model_error,
    segment_shares,
)
from trader_segments.choices.shares import ATTRIBUTES

SCALES = np.ones(len(ATTRIBUTES))
CLASSES = ["option call 2 1", "option put 2 1", "future 2", "perpetual 0", "spot 0"]
SETTINGS = Settings((2, 9, 35, 100), (0.1, 0.35, 0.65), 100, {"perpetual": 0.02, "spot": 1.0})


def offer(seed: int = 1, classes: list[str] | None = None) -> Offer:
    """Classes of some instruments with random attributes."""
    rng = np.random.default_rng(seed)
    names = np.array(CLASSES if classes is None else classes, dtype=object)
    attributes = rng.standard_normal((len(names), len(ATTRIBUTES)))
    return Offer(names, rng.integers(1, 9, len(names)).astype(np.float64), attributes)


def market(
    offered: Offer, seed: int = 1, traders: int = 40
) -> tuple[Market, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A market of random tastes and popularity, with tastes and weights of its traders."""
    rng = np.random.default_rng(seed)
    tastes = rng.normal(0.0, 1.0, (traders, len(ATTRIBUTES)))
    weight = rng.uniform(0.1, 5.0, traders)
    popularity = rng.uniform(0.01, 1.0, len(offered.count))
    return Market.fitted(offered, popularity, SCALES, tastes, weight), tastes, weight


@pytest.mark.parametrize("seed", range(3))
def test_all_traders_together_take_what_is_popular(seed: int) -> None:
    offered = offer(seed)
    fitted, tastes, weight = market(offered, seed)
    together = weight @ fitted.shares(offered, SCALES, tastes) / weight.sum()
    np.testing.assert_allclose(together, fitted.popular_shares(offered, SCALES), rtol=1e-8)


def test_without_tastes_everybody_takes_what_is_popular() -> None:
    offered = offer()
    fitted = Market.fitted(offered, np.arange(1.0, 6.0), SCALES, np.zeros((3, 5)), np.ones(3))
    shares = fitted.shares(offered, SCALES, np.zeros((1, 5)))[0]
    np.testing.assert_allclose(shares, fitted.popular_shares(offered, SCALES))


@settings(deadline=None, derandomize=True)
@given(taste=arrays(np.float64, 5, elements=st.floats(-3, 3)), more=st.floats(0.01, 2))
def test_more_taste_for_what_an_instrument_has_most_of_is_a_larger_share(
    taste: np.ndarray[Any, Any], more: float
) -> None:
    offered = offer()
    fitted, _, _ = market(offered)
    attribute = ATTRIBUTES.index("leverage")
    most = int(offered.attributes[:, attribute].argmax())
    fonder = taste.copy()
    fonder[attribute] += more
    before, after = fitted.shares(offered, SCALES, np.vstack([taste, fonder]))
    assert before.sum() == pytest.approx(1)
    assert after[most] > before[most]


def test_what_makes_a_class_counts_as_its_mean_and_the_rest_as_ones_own() -> None:
    rows = np.array([[1.0, 2, 3, 4, 5], [3.0, 6, 5, 8, 7]])
    offered = Offer(np.array(["spot 0", "spot 0"], dtype=object), np.array([1.0, 3.0]), rows)
    expected = [[2.5, 2, 4.5, 7, 5], [2.5, 6, 4.5, 7, 7]]
    np.testing.assert_allclose(offered.standardised(SCALES), expected)


def test_attribute_that_is_not_known_of_all_tells_nothing() -> None:
    offered = offer()
    offered.attributes[2, 4] = np.nan
    scales = SCALES.copy()
    scales[0] = np.nan
    known = offered.standardised(scales)
    assert (known[:, [0, 4]] == 0).all()
    assert (known[:, 1] == offered.attributes[:, 1]).all()


def test_class_that_is_not_offered_counts_as_the_nearest_of_its_kind() -> None:
    offered = offer(classes=["option call 1 1", "option call 3 1", "option put 3 1", "spot 0"])
    offered.attributes[:, ATTRIBUTES.index("tenor")] = [1, 4, 4.6, 0]
    offered.attributes[:, [0, 2]] = 0
    far = np.array([0.0, 9, 0, 4.6, 9])
    assert offered.nearest_class("option call 4 1", far, SCALES) == "option call 3 1"
    assert offered.nearest_class("option call 1 1", far, SCALES) == "option call 1 1"
    assert offered.nearest_class("perpetual 0", far, SCALES) is None


def test_segment_share_is_a_weighted_mean_and_all_counts_those_who_are_meant() -> None:
    traders = pd.DataFrame(
        {
            "segment_id": ["a", "a", "b"],
            "choices": [1.0, 3.0, 2.0],
            "traders_meant": [1.0, 1.0, 10.0],
        }
    )
    found = segment_shares(np.array([0.1, 0.5, 0.2]), traders).set_index("segment_id")
    assert found["share"].to_dict() == pytest.approx({"all": 5.6 / 24, "a": 0.4, "b": 0.2})
    variance = 2 * (1**2 * 0.3**2 + 3**2 * 0.1**2) / 4**2
    assert found.loc["a", "deviation"] == pytest.approx(variance**0.5 / (0.4 * 0.6))
    assert np.isnan(float(str(found.loc["b", "deviation"])))
    assert found["choices"].to_dict() == {"all": 6, "a": 4, "b": 2}


@settings(deadline=None, derandomize=True)
@given(share=st.floats(0.001, 0.999), deviation=st.floats(0, 2), error=st.floats(0, 2))
def test_interval_holds_the_share_and_grows_with_the_error(
    share: float, deviation: float, error: float
) -> None:
    shares, deviations = np.array([share]), np.array([deviation])
    low, high = interval(shares, deviations, error)
    assert low[0] <= share + 1e-12
    assert high[0] >= share - 1e-12
    wider_low, wider_high = interval(shares, deviations, error + 1)
    assert wider_low[0] < low[0]
    assert wider_high[0] > high[0]
    unmeasured = interval(shares, deviations, float("nan"))
    assert unmeasured == interval(shares, deviations, 0.0)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"kind": "swap"}, "kind is none of"),
        ({"kind": "spot", "underlying": None}, "an underlying is needed"),
        ({"kind": "option", "delta": 0.5}, "days to expiry"),
        ({"kind": "spot", "days": 3}, "has no expiry"),
        ({"kind": "option", "days": 3}, "delta or its moneyness"),
        ({"kind": "option", "days": 3, "delta": 0.5, "moneyness": 1}, "delta or its moneyness"),
        ({"kind": "option", "days": 3, "delta": 1.0}, "between 0 and 1"),
        ({"kind": "option", "days": 3, "delta": 0.5, "leverage": 5}, "follows from"),
        ({"kind": "option", "days": 3, "delta": 0.5, "option_type": "both"}, "a call or a put"),
        ({"kind": "future", "days": -3}, "above 0"),
        ({"kind": "perpetual", "leverage": 0.5}, "1 or more"),
        ({"kind": "perpetual", "delta": 0.5}, "only an option"),
    ],
)
def test_instrument_that_cannot_be_is_refused_by_name(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(InstrumentError, match=rf"^odd one: .*{problem}"):
        Instrument.checked({"name": "odd one", "underlying": "BTC", **values})


def test_delta_and_the_moneyness_that_has_it_are_one_option() -> None:
    """A call of 30 days at 60 %, strike 65,000 over 60,000: delta 0.352226 (docs/greeks.md)."""
    terms = {"name": "x", "kind": "option", "underlying": "btc", "days": 30}
    by_strike = Instrument.checked({**terms, "moneyness": 65_000 / 60_000})
    by_delta = Instrument.checked({**terms, "delta": -0.352226})
    (name, attributes), (other_name, others) = (
        one.described(0.6, 0.8, SETTINGS) for one in (by_strike, by_delta)
    )
    assert (name, other_name) == ("option call 2 2", "option call 2 2")
    np.testing.assert_allclose(attributes, others, rtol=1e-5)
    assert attributes[0] == pytest.approx(63.860449 * 100 / 60_000, rel=1e-7)
    assert attributes[1] == pytest.approx(np.log(0.352226 * 60_000 / 2237.868155), rel=1e-6)
    assert np.isnan(by_delta.described(np.nan, 0.8, SETTINGS)[1][1])


class Listing:
    """Ten new expiries in a market whose traders choose by their part-worths, plus an error."""

    def __init__(self, error: float, seed: int = 5) -> None:
        rng = np.random.default_rng(seed)
        names = ["option call 1 1", "option call 2 1", "perpetual 0"]
        days = pd.date_range("2026-03-01", periods=10)
        traders = [f"T{number:03d}" for number in range(90)]
        base = offer(seed, names)
        rows = pd.DataFrame(base.attributes, columns=list(ATTRIBUTES)).assign(
            instrument_class=names, instrument_count=base.count, popularity=[0.05, 0.1, 0.6]
        )
        segment = np.repeat(["fond", "cool", "cold"], 30)
        tastes = rng.normal(0, 0.2, (90, 5)) + base.attributes[1] * (segment == "fond")[:, None]
        tastes[:, ATTRIBUTES.index("leverage")] = 0
        worths = pd.DataFrame(tastes, columns=list(ATTRIBUTES)).assign(trader_id=traders)
        self.scales = pd.DataFrame([SCALES], columns=list(ATTRIBUTES))
        self.traders = pd.DataFrame(
            {"trader_id": traders, "segment_id": segment, "traders_meant": 1.0}
        )
        every = pd.DataFrame({"cut_date": days})
        self.choice_sets = rows.merge(every, how="cross").assign(
            underlying="BTC", is_present=lambda table: table["cut_date"] == days[-1]
        )
        self.part_worths = worths.merge(every, how="cross")
        self.trader_choices = self.part_worths[["cut_date", "trader_id"]].assign(
            underlying="BTC", choices=10.0
        )
        new = rows.iloc[[1]].assign(is_new=True, instrument_count=4.0)
        offered = pd.concat([rows.assign(is_new=False), new])
        expires = pd.DataFrame({"cut_date": days, "expires_at": days + pd.Timedelta(days=20)})
        self.offers = offered.merge(expires, how="cross").assign(underlying="BTC")
        weight = np.full(90, 10.0)
        fitted = Market.fitted(base, rows["popularity"].to_numpy(), SCALES, tastes, weight)
        after = Offer(
            np.array([*names, names[1]], dtype=object),
            np.append(base.count, 4.0),
            np.vstack([base.attributes, base.attributes[1]]),
        )
        share = fitted.shares(after, SCALES, tastes)[:, -1]
        chosen = []
        for _, expiry in expires.iterrows():
            shift = dict(zip(["fond", "cool", "cold"], rng.normal(0, error, 3), strict=True))
            odds = np.log(share / (1 - share)) + np.array([shift[name] for name in segment])
            taken = rng.binomial(40, softmax(np.stack([odds, 0 * odds]), axis=0)[0])
            chosen.append(
                pd.DataFrame({"trader_id": traders, "choices": 40.0, "new_choices": taken}).assign(
                    underlying="BTC", **expiry
                )
            )
        self.chosen = pd.concat(chosen)

    def units(self) -> pd.DataFrame:
        return choice_backtest(
            self.choice_sets,
            self.part_worths,
            self.trader_choices,
            self.traders,
            self.scales,
            self.offers,
            self.chosen,
        )

    def venue(self, **changes: Any) -> Venue:
        terms = pd.DataFrame(
            {
                "underlying": ["BTC"],
                "implied_volatility": [0.6],
                "volatility_of_volatility": [0.8],
            }
        )
        given = {
            "choice_sets": self.choice_sets,
            "part_worths": self.part_worths,
            "trader_choices": self.trader_choices,
            "traders": self.traders,
            "scales": self.scales,
            "terms": terms,
            "model_error": 0.3,
            "settings": SETTINGS,
        }
        return Venue(**{**given, **changes})


def test_backtest_of_a_true_model_finds_no_error() -> None:
    units = Listing(error=0).units()
    quality = choice_quality(units, 1).set_index("segment_id")
    assert list(quality["expiries"]) == [10] * 4
    assert model_error(units, 1) < 0.05
    assert quality.loc["fond", "predicted_share"] == pytest.approx(
        quality.loc["fond", "actual_share"], rel=0.05
    )
    assert (quality["predicted_error"] < 0.5 * quality["popular_error"]).all()
    assert float(str(quality.loc["all", "predicted_rank_correlation"])) > 0.8
    assert float(str(quality.loc["all", "covered_share"])) > 0.9


def test_backtest_measures_the_error_that_is_there() -> None:
    found = [model_error(Listing(error=0.5, seed=seed).units(), 1) for seed in range(5, 11)]
    assert np.mean(found) == pytest.approx(0.5, rel=0.2), found


def test_units_with_few_expected_choices_are_not_compared() -> None:
    units = Listing(error=0).units()
    assert np.isnan(model_error(units, 1e9))
    assert choice_quality(units, 1e9)["segment_id"].tolist() == ["all"]


def test_shares_do_not_depend_on_the_order_of_rows() -> None:
    listing = Listing(error=0.2)
    before = listing.units()
    for name in ("choice_sets", "part_worths", "trader_choices", "traders", "offers", "chosen"):
        rows = getattr(listing, name)
        setattr(listing, name, rows.sample(frac=1, random_state=3).reset_index(drop=True))
    pd.testing.assert_frame_equal(before, listing.units())


def what_if(venue: Venue, **values: Any) -> pd.DataFrame:
    instrument = Instrument.checked({"name": "new", "underlying": "BTC", **values})
    return hypothetical_shares([instrument], venue)


def test_segments_that_like_it_take_more_of_a_hypothetical_instrument() -> None:
    found = what_if(Listing(error=0).venue(), kind="option", days=20, delta=0.3)
    shares = found.set_index("segment_id")["expected_share"].astype(float)
    assert set(found["instrument_class"]) == {"option call 2 1"}
    assert shares["fond"] > shares["all"] > shares["cold"]
    inside = found[["expected_share_low", "expected_share", "expected_share_high"]].astype(float)
    assert (inside.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"kind": "perpetual", "underlying": "DOGE"}, "nobody has chosen"),
        ({"kind": "future", "days": 20}, "no instrument of this kind"),
        ({"kind": "option", "days": 20, "moneyness": 1.1}, "volatility of this underlying"),
    ],
)
def test_what_cannot_be_told_has_a_reason(values: dict[str, Any], reason: str) -> None:
    listing = Listing(error=0)
    terms = listing.venue().terms.assign(implied_volatility=np.nan)
    (row,) = what_if(listing.venue(terms=terms), **values).to_dict("records")
    assert reason in row["unknown_because"]
    assert pd.isna(row["expected_share"])


def test_nobody_who_chose_lately_is_a_reason_too() -> None:
    listing = Listing(error=0)
    venue = listing.venue(trader_choices=listing.trader_choices.head(0))
    (row,) = what_if(venue, kind="perpetual").to_dict("records")
    assert "lately" in row["unknown_because"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("option call 2 1", "call options, 9 to 35 days, delta 0.1 to 0.35"),
        ("option put 0 3", "put options, up to 2 days, delta over 0.65"),
        ("option call 4 0", "call options, over 100 days, delta up to 0.1"),
        ("future 3", "futures, 35 to 100 days"),
        ("perpetual 0", "perpetuals"),
        ("spot 0", "spot"),
    ],
)
def test_classes_are_told_in_words(name: str, words: str) -> None:
    assert class_in_words(name, SETTINGS) == words
