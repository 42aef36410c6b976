"""The figures that the evaluation of lifetime value prints are what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from oracle import oracle_forecast, true_rates
from value_page import Bar, render, write_page


def _found(mae: float, oracle_bias: float, total_bias: float) -> dict[str, Any]:
    def methods(value: float, oracle: float) -> dict[str, float]:
        rates = ("run_rate", "last_8_weeks", "last_4_weeks", "rfm_quintiles")
        return {"value": value, "oracle": oracle, **dict.fromkeys(rates, 0.5)}

    population = {
        "traders": 1234,
        "largest_error": 0.25,
        "spearman": methods(0.9, 0.95),
        "mae": methods(mae, 0.2),
        "decile_mape": methods(0.2, 0.1),
        "top_decile_mape": methods(0.1, 0.1),
        "total_bias": methods(total_bias, oracle_bias),
        "mae_gain": {"value": 0.2},
        "coverage": {"value": 0.8},
        "total_in_band": {"value": 1.0},
    }
    return {
        "band": 0.1,
        "recently_active": population,
        "all": population,
        "active_weeks": {"forecast": 99.0, "actual": 100.0},
        "by_style": {"small": [30.0, 90.0, 100.0, 0.8]},
    }


def test_a_bar_is_a_range_for_the_mean() -> None:
    bar = Bar("coverage", "0.75–0.85", 0.75, 0.85, {"7": 0.7, "8": 0.84})
    assert bar.row(["7", "8"]) == ["coverage", "0.75–0.85", "0.770", "yes", "0.700", "0.840"]
    assert not Bar("coverage", "0.75–0.85", 0.75, 0.85, {"7": 0.9}).is_met
    assert Bar("never asked", "≥ 1", 1.0, 2.0, {}).row(["7"])[2:] == ["–", "yes", "–"]


def test_the_page_tells_a_moved_market_from_a_bad_model(tmp_path: Path) -> None:
    figures = {
        "traders": 2000,
        "seeds": {"7": _found(0.25, 0.02, -0.05), "8": _found(0.35, 0.3, 0.25)},
    }
    text = write_page(figures, tmp_path)
    assert (tmp_path / "value-evaluation.md").read_text() == text
    assert "| bias of the total, market as before | ≤ 0.10 | 0.050 | yes | 0.050 | – |" in text
    assert "| total within the band, market moved | ≥ 0.75 | 1.000 | yes | – | 1.000 |" in text
    assert "Missed in the mean: error / oracle's." in text
    assert "| small | 60 | 180 | 200 | -10% | 0.80 |" in text
    assert "Missed in the mean: none." in render({**figures, "seeds": {"7": _found(0.2, 0.0, 0.0)}})


def test_the_oracle_counts_silence_against_how_often_a_trader_is_active() -> None:
    rates = pd.DataFrame(
        {
            "active_share": [0.9, 0.1, 0.9, 0.5],
            "weekly_fee": [10.0, 10.0, 10.0, 7.0],
            "join_day": [0, 0, 0, 0],
            "leave_day": [700, 700, 700, 70],
        }
    )
    expected, leaving = oracle_forecast(rates, np.array([8, 8, 0, 0]), 350, 26)
    assert leaving == pytest.approx(1 / 160)
    assert expected[0] < 0.01 * expected[2]
    assert 0.5 * expected[2] < expected[1] < expected[2]
    assert expected[2] == pytest.approx(10 * sum((1 - leaving) ** week for week in range(1, 27)))


def test_true_rates_are_those_of_traders_who_stay() -> None:
    rates = true_rates(seed=5, traders=60, days=56)
    assert len(rates) == 60
    assert rates["active_share"].between(0.0, 1.0).all()
    assert (rates["leave_day"] < 56).any()
    left_early = rates[rates["leave_day"] < 28]
    assert (left_early["active_share"] > 0.0).any()
    assert rates["weekly_fee"].sum() > 0.0
    assert (rates["weekly_fee"] < 0.0).any()
