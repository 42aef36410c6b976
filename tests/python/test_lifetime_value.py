"""Lifetime value: parameters, forecasts, bounds and their judgement."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln, logsumexp

from trader_segments.lifetime_value import (
    ValueModel,
    fit_models,
    forecast_traders,
    measure_forecast,
)
from trader_segments.lifetime_value.activity import NearbyActivity
from trader_segments.lifetime_value.backtest import MEASURES, decile_errors, judge
from trader_segments.lifetime_value.change import find_changes, fit_drift
from trader_segments.lifetime_value.forecast import total_quantiles
from trader_segments.lifetime_value.histories import EVERYBODY, known_weeks, value_groups
from trader_segments.lifetime_value.regime import Regime, fit_regime
from trader_segments.lifetime_value.worth import Worth, fit_worth, predict_worth

HALF_LIFE = 26.0


def histories_of(weeks: dict[str, list[float | None]], cut: int = 0) -> pd.DataFrame:
    """Histories as int_trader_value_histories has them, of traders' values a week, oldest first;
    None is a week without a fill, and the last `cut` weeks come after the cut."""
    rows = []
    for trader, all_values in weeks.items():
        values = all_values[: len(all_values) - cut]
        age = len(values) - 1 - np.arange(len(values))
        active = np.array([value is not None for value in values])
        if not active.any():
            continue
        value = np.array([value or 0.0 for value in values])
        weight = 0.5 ** (age / HALF_LIFE) * active
        later = all_values[len(values) :]
        rows.append(
            {
                "trader_id": trader,
                "holdout_weeks": cut,
                "style": None,
                "frequency": int(active.sum()) - 1,
                "recency": int(age[active].max() - age[active].min()),
                "periods": int(age[active].max()),
                "fill_count": int(active.sum()),
                "weight": weight.sum(),
                "squared_weight": (weight**2).sum(),
                "active_value": (weight * value).sum(),
                "squared_value": (weight * value**2).sum(),
                "idle_value": 0.0,
                "past_value": value.sum(),
                "last_4_weeks_value": value[-4:].sum(),
                "last_8_weeks_value": value[-8:].sum(),
                "future_value": float(sum(value or 0.0 for value in later)),
                "future_active_weeks": sum(value is not None for value in later),
            }
        )
    return pd.DataFrame(rows).astype({"style": "object"})


def planted_venue(traders: int, weeks: int, seed: int) -> dict[str, list[float | None]]:
    """Traders who are active in a week with a chance of their own, leave unseen at a rate of their
    own, and are worth a lognormal value a week around a lognormal level."""
    rng = np.random.default_rng(seed)
    chance, leaving = rng.beta(3.0, 1.5, traders), rng.beta(1.0, 60.0, traders)
    level = rng.normal(2.0, 1.0, traders)
    result: dict[str, list[float | None]] = {}
    for trader in range(traders):
        here, values = True, []
        for _ in range(weeks):
            here = here and rng.random() > leaving[trader]
            is_active = here and rng.random() < chance[trader]
            value = float(np.exp(level[trader] + 0.8 * rng.standard_normal()))
            values.append(value if is_active else None)
        result[f"T{trader:05d}"] = values
    return result


STEADY = pd.DataFrame({"weeks_ago": range(60), "notional_usd": 100.0})


@pytest.fixture(scope="module")
def venue() -> pd.DataFrame:
    """A planted venue of 78 weeks, known as of today and before the last 26."""
    weeks = planted_venue(1500, 78, seed=3)
    return pd.concat([histories_of(weeks), histories_of(weeks, 26)], ignore_index=True)


def test_forecast_of_a_planted_venue_is_calibrated(venue: pd.DataFrame) -> None:
    found = measure_forecast(fit_models(venue, STEADY), venue, half_life=HALF_LIFE)
    measured = found.set_index(["measure", "population"])["value"]
    assert measured["spearman", "all"] > 0.85
    assert abs(measured["total_bias", "all"]) < 0.05
    before = venue[venue["holdout_weeks"] == 26].reset_index(drop=True)
    forecast = forecast_traders(ValueModel.fit(before, STEADY), before, [26])
    # Bounds from zero up hold nine in ten by construction.
    rows = forecast["low_26"] > 0.0
    came = before["future_value"][rows]
    covered = came.between(forecast["low_26"][rows], forecast["high_26"][rows]).mean()
    assert rows.sum() > 500
    assert 0.75 < covered < 0.87
    assert measured["mae_gain", "all"] > 0.1
    assert measured["decile_mape", "recently_active"] < 0.15
    rows = found.set_index(["measure", "population"])
    assert rows.loc[("mae", "all"), "run_rate"] > rows.loc[("mae", "all"), "value"]
    assert set(found["holdout_weeks"]) == {26}


def test_what_came_changes_the_judgement_and_no_forecast(venue: pd.DataFrame) -> None:
    other = venue.copy()
    for name in ("future_value", "future_active_weeks"):
        other[name] = other[name].to_numpy()[::-1]
    models = fit_models(venue, STEADY)
    pd.testing.assert_frame_equal(models, fit_models(other, STEADY))
    model = ValueModel.from_rows(models[models["holdout_weeks"] == 26])
    cut = [frame[frame["holdout_weeks"] == 26] for frame in (venue, other)]
    forecasts = [forecast_traders(model, frame, [26]) for frame in cut]
    pd.testing.assert_frame_equal(*forecasts)
    judged = [measure_forecast(models, frame)["value"] for frame in (venue, other)]
    assert not judged[0].equals(judged[1])


def test_a_model_read_from_its_rows_forecasts_the_same(venue: pd.DataFrame) -> None:
    today = venue[venue["holdout_weeks"] == 0]
    model = ValueModel.fit(today, STEADY)
    again = ValueModel.from_rows(model.rows())
    assert again.rows().equals(model.rows())
    first, second = (forecast_traders(each, today, [13, 52]) for each in (model, again))
    pd.testing.assert_frame_equal(first, second)


def test_a_longer_horizon_and_a_lower_rate_are_worth_more(venue: pd.DataFrame) -> None:
    today = venue[venue["holdout_weeks"] == 0]
    model = ValueModel.fit(today, STEADY)
    found = forecast_traders(model, today, [13, 26, 52])
    assert (found["value_13"] < found["value_26"]).all()
    assert (found["value_26"] < found["value_52"]).all()
    assert (found["low_26"] <= found["high_26"]).all()
    assert found["probability_active"].between(0.0, 1.0).all()
    assert (found["active_weeks_26"] <= 26.0).all()
    dear = forecast_traders(model, today, [26], annual_discount_rate=0.5)
    share = dear["value_26"] / found["value_26"]
    assert ((share < 1.0) & (share > 1.5**-0.5)).all()


@settings(max_examples=10, deadline=None)
@given(order=st.randoms(use_true_random=False))
def test_the_order_of_traders_does_not_matter(order: object) -> None:
    weeks = planted_venue(60, 30, seed=5)
    names = list(weeks)
    order.shuffle(names)  # type: ignore[attr-defined]
    frames = [histories_of(weeks), histories_of({name: weeks[name] for name in names})]
    found = [
        forecast_traders(ValueModel.fit(frame, STEADY), frame, [26]).sort_values("trader_id")
        for frame in frames
    ]
    pd.testing.assert_frame_equal(*(each.reset_index(drop=True) for each in found), rtol=1e-6)


@pytest.mark.parametrize(
    "weeks",
    [
        {"only": [5.0]},
        {"only": [0.0, None, 0.0]},
        {"maker": [-5.0, -6.0, -4.0], "taker": [3.0, 4.0, None]},
        {f"T{number}": [1.0] * 30 for number in range(50)},
    ],
)
def test_small_and_uniform_venues_have_a_forecast(weeks: dict[str, list[float | None]]) -> None:
    histories = histories_of(weeks)
    models = fit_models(histories, STEADY.head(1))
    model = ValueModel.from_rows(models)
    found = forecast_traders(model, histories, [26])
    numbers = found.select_dtypes("number")
    assert np.isfinite(numbers.to_numpy()).all()
    past = histories["past_value"].to_numpy()
    assert (np.sign(found["value_26"]) == np.sign(past)).all()
    assert (found["low_26"] <= found["high_26"]).all()
    assert set(found["fallback_level"]) == {"prior" if len(weeks) < 30 else "all_traders"}


def test_a_venue_without_traders_has_the_prior_and_no_forecast() -> None:
    empty = histories_of({"T": [1.0]}).iloc[:0]
    models = fit_models(empty, STEADY.iloc[:0])
    assert dict(zip(models["parameter"], models["value"], strict=True))["delta"] == 10.0
    found = forecast_traders(ValueModel.from_rows(models), empty, [26])
    assert len(found) == 0
    assert "value_26" in found
    assert len(measure_forecast(models, empty)) == 2 * len(MEASURES)


def test_unknown_values_leave_the_trader_to_the_others() -> None:
    weeks: dict[str, list[float | None]] = {f"T{n}": [float(n + 1)] * 20 for n in range(40)}
    histories = histories_of(weeks)
    unknown = histories.iloc[[0]].copy()
    unknown[["weight", "squared_weight", "active_value", "squared_value"]] = 0.0
    both = pd.concat([histories.iloc[1:], unknown])
    found = forecast_traders(ValueModel.fit(both, STEADY), both, [26])
    assert 10.0 < found["weekly_value"].iloc[-1] < 40.0
    nobody = forecast_traders(ValueModel.fit(unknown, STEADY), unknown, [26])
    assert nobody[["weekly_value", "value_26", "low_26", "high_26"]].isna().all(axis=None)


def log_posterior(
    histories: pd.DataFrame, parameters: dict[str, float], centre: dict[str, float], spread: float
) -> float:
    """Of BG/BB with normal log-parameters, by the definition."""
    alpha, beta, gamma, delta = (parameters[name] for name in centre)
    total = 0.0
    for x, last, n in histories[["frequency", "recency", "periods"]].itertuples(index=False):
        ends = [
            betaln(alpha + x, beta + j - x) + betaln(gamma + (j < n), delta + j)
            for j in range(last, n + 1)
        ]
        total += logsumexp(ends) - betaln(alpha, beta) - betaln(gamma, delta)
    away = [np.log(parameters[name] / centre[name]) / spread for name in centre]
    return float(total - 0.5 * np.sum(np.square(away)))


@pytest.mark.parametrize("spread", [0.3, 1.0])
def test_a_style_lies_where_its_data_and_the_venue_meet(spread: float) -> None:
    histories = histories_of(planted_venue(40, 30, seed=9))
    centre = {"alpha": 1.0, "beta": 1.0, "gamma": 0.5, "delta": 10.0}
    found = NearbyActivity().fit_near(histories, centre, spread).parameters_
    best = log_posterior(histories, found, centre, spread)
    for name in centre:
        for factor in (0.97, 1.03):
            other = {**found, name: found[name] * factor}
            assert log_posterior(histories, other, centre, spread) < best, (name, factor)
    few = NearbyActivity().fit_near(histories.head(1), centre, 0.05).parameters_
    assert few == pytest.approx(centre, rel=0.1)


def test_dormant_traders_count_to_the_style_they_resemble() -> None:
    frame = pd.DataFrame(
        {
            "style": ["small"] * 40 + ["hedger"] * 40 + ["rare"] + ["dormant"] * 3 + [None],
            "frequency": [5] * 40 + [19] * 40 + [5, 5, 18, 6, 5],
            "recency": [20] * 85,
            "weight": 1.0,
            "active_value": [0.1, 0.2] * 20 + [500.0, 900.0] * 20 + [1.0, 0.15, 600.0, 0.3, 1.0],
            "idle_value": 0.0,
        }
    )
    groups = value_groups(frame).tolist()
    assert groups[80:] == [EVERYBODY, "small", "hedger", "small", EVERYBODY]
    assert groups[:80] == ["small"] * 40 + ["hedger"] * 40
    frame["style"] = "dormant"
    assert set(value_groups(frame)) == {EVERYBODY}


def test_weekly_worth_is_drawn_towards_the_group_by_its_error() -> None:
    frame = histories_of({"young": [100.0], "old": [100.0] * 40, "cost": [-3.0] * 40})
    parameters = {
        (EVERYBODY, "positive"): Worth(mean=0.0, between=1.0, noise=np.e - 1.0, traders=9),
        (EVERYBODY, "negative"): Worth(mean=0.0, between=1.0, noise=0.0, traders=9),
    }
    found = predict_worth(parameters, frame, np.full(3, EVERYBODY, dtype=object))
    half = 0.5 * np.log(100.0)
    assert found.value[0] == pytest.approx(np.exp(half + 0.25))
    assert found.log_variance[0] == pytest.approx(0.5)
    assert half < np.log(found.value[1]) < np.log(100.0)
    assert found.value[2] == pytest.approx(-3.0)


def test_worth_is_fitted_by_sign_and_found_again() -> None:
    rng = np.random.default_rng(2)
    levels = rng.normal(3.0, 1.2, 400)
    noise = rng.gamma(2.0, 0.5, (400, 40))
    weeks = {
        f"T{number}": list((-1.0 if number < 50 else 1.0) * np.exp(level) * noise[number])
        for number, level in enumerate(levels)
    }
    groups = np.full(400, EVERYBODY, dtype=object)
    fitted = fit_worth(histories_of(weeks), groups)
    assert fitted[EVERYBODY, "negative"].traders == 50
    found = fitted[EVERYBODY, "positive"]
    assert found.mean == pytest.approx(3.0, abs=0.15)
    assert found.between == pytest.approx(1.44, rel=0.2)
    assert found.noise == pytest.approx(0.5, rel=0.2)


def test_bounds_are_quantiles_of_what_is_drawn() -> None:
    rng = np.random.default_rng(1)
    chances = np.array([[0.05, 0.15, 0.3, 0.5], [0.95, 0.05, 0.0, 0.0]])
    deviation, noise = np.array([0.6, 0.6]), np.array([0.7, 0.7])
    low, high = total_quantiles(chances, np.array([0, 1]), deviation, noise)
    weeks = rng.choice(4, 200_000, p=chances[0])
    spread = np.sqrt(0.36 + np.log1p(0.7 / np.maximum(weeks, 1)))
    drawn = weeks * np.exp(spread * rng.standard_normal(len(weeks)) - 0.5 * spread**2)
    assert (drawn < low[0]).mean() == pytest.approx(0.1, abs=0.005)
    assert (drawn < high[0]).mean() == pytest.approx(0.9, abs=0.005)
    assert (low[1], high[1]) == (0.0, 0.0)


def test_regime_band_follows_from_variance_and_persistence() -> None:
    half_life = 26.0
    past = 0.5 ** (np.arange(int(8 * half_life)) / half_life)
    independent = np.sqrt(1 / 13 + (past**2).sum() / past.sum() ** 2)
    assert Regime(0.3, 0.0).band(13, half_life) == pytest.approx(0.3 * independent)
    assert Regime(0.3, 0.8).band(13, half_life) > Regime(0.3, 0.0).band(13, half_life)
    assert Regime(0.6, 0.5).band(13, half_life) == pytest.approx(
        2 * Regime(0.3, 0.5).band(13, half_life)
    )


def test_regime_is_what_a_trend_leaves() -> None:
    rng = np.random.default_rng(4)
    logs = [0.0]
    for _ in range(1999):
        logs.append(0.7 * logs[-1] + 0.2 * rng.standard_normal())
    ago = np.arange(2000)[::-1]
    weeks = pd.DataFrame({"weeks_ago": ago, "notional_usd": np.exp(np.array(logs) - 0.001 * ago)})
    found = fit_regime(weeks)
    assert found.persistence == pytest.approx(0.7, abs=0.05)
    assert found.deviation == pytest.approx(0.2 / np.sqrt(1 - 0.49), rel=0.1)
    assert fit_regime(STEADY) == Regime(0.0, 0.0)
    assert fit_regime(weeks.tail(5)).persistence == 0.8


def test_a_trader_who_changed_is_told_from_one_who_varies() -> None:
    steady = [10.0, 12.0, 8.0, 11.0] * 10
    frame = histories_of(
        {
            "steady": steady,
            "up": [*steady, *(100.0 for _ in range(8))],
            "down": [*steady, *(1.0 for _ in range(8))],
            "young": [*steady[:7], *(100.0 for _ in range(8))],
            "turned": [*steady, *(-100.0 for _ in range(8))],
        }
    )
    found = find_changes(frame, np.full(5, 0.05))
    assert found.probability[0] < 0.01
    assert (found.probability[[1, 2]] > 0.99).all()
    assert found.probability[[3, 4]].tolist() == [0.0, 0.0]
    assert found.weekly_value[1] == pytest.approx(100.0)
    wide = find_changes(frame, np.full(5, 20.0))
    assert wide.probability[1] < found.probability[1]


def test_drift_is_what_chance_does_not_explain() -> None:
    rng = np.random.default_rng(6)

    def venue_of(drift: float) -> pd.DataFrame:
        weeks = {}
        for trader in range(800):
            values = rng.gamma(4.0, 0.25, 48) * 10.0
            values[-8:] *= np.exp(drift * rng.standard_normal())
            weeks[f"T{trader}"] = values.tolist()
        return histories_of(weeks)

    noise = np.full(800, 0.25)
    assert fit_drift(venue_of(0.0), noise) < 0.01
    assert fit_drift(venue_of(0.5), noise) == pytest.approx(0.25, rel=0.25)
    assert fit_drift(venue_of(0.5).head(20), noise[:20]) == 0.1


def test_weeks_known_are_those_of_equal_weight() -> None:
    frame = pd.DataFrame({"weight": [4.0, 1.5, 0.0], "squared_weight": [4.0, 1.25, 0.0]})
    assert known_weeks(frame).tolist() == [4.0, pytest.approx(1.8), 0.0]


def test_measures_of_a_forecast_by_hand() -> None:
    actual = np.arange(1.0, 21.0)
    frame = pd.DataFrame({"actual": actual, "value": actual, "run_rate": actual[::-1]})
    frame["low"], frame["high"] = actual - 1.0, np.where(actual <= 15.0, actual, actual - 0.5)
    found = judge(frame, regime=0.1)
    assert found["spearman"] == {"value": 1.0, "run_rate": -1.0}
    assert found["mae"]["value"] == 0.0
    assert found["mae_gain"]["value"] == 1.0
    assert found["total_bias"]["value"] == 0.0
    assert found["coverage"]["value"] == 0.75
    assert found["coverage_error"]["value"] == pytest.approx(0.05)
    assert found["total_in_band"]["value"] == 1.0
    frame["value"] = 1.2 * actual
    found = judge(frame, regime=0.1)
    assert found["total_bias"]["value"] == pytest.approx(0.2)
    assert found["decile_mape"]["value"] == pytest.approx(0.2)
    assert found["total_in_band"]["value"] == 0.0
    assert judge(frame, regime=0.2)["total_in_band"]["value"] == 1.0
    assert decile_errors(actual, 0.0 * actual).tolist() == [1.0] * 10


def test_why_nothing_is_measured() -> None:
    models = fit_models(histories_of({"T": [1.0] * 10}), STEADY)
    short = measure_forecast(models, histories_of({"T": [1.0] * 10}))
    assert short["value"].isna().all()
    assert set(short["why"]) == {"history is too short to keep weeks back"}
    few = pd.concat([histories_of({"T": [1.0] * 40}), histories_of({"T": [1.0] * 40}, 8)])
    judged = measure_forecast(fit_models(few, STEADY), few)
    assert set(judged["why"]) == {"too few traders"}
    assert set(judged["trader_count"]) == {1}
    silent: dict[str, list[float | None]] = {f"T{n}": [1.0] * 30 + [None] * 8 for n in range(25)}
    gone = pd.concat([histories_of(silent), histories_of(silent, 8)])
    judged = measure_forecast(fit_models(gone, STEADY), gone)
    assert set(judged["why"]) == {"no value in the weeks kept back"}
