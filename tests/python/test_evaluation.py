"""The figures that the evaluation prints are what they say."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from baselines import majority_styles
from measures import calibration, drift_false_alarms, drift_power, jittered, recovery
from moves import false_moves, movers_found
from page import Bar, render, write_page
from plots import dots, reliability
from venues import LAST_DAY, SCORING_DATES

RULES = Path(__file__).resolve().parents[2] / "seeds" / "segmentation" / "style_rules.csv"
FIRST, SECOND, THIRD = (dt.date(2026, 3, 10) + dt.timedelta(days=28 * n) for n in range(3))


def test_recovery_of_styles() -> None:
    planted = pd.Series(["a"] * 198 + ["b", "b"])
    perfect = recovery(planted, planted)
    assert (perfect["macro_f1"], perfect["ari"], perfect["rare"]) == (1.0, 1.0, ["b"])
    blind = recovery(planted, pd.Series(["a"] * 199 + ["unclassified"]))
    assert blind["f1"] == {"a": pytest.approx(396 / 397), "b": 0.0}
    assert blind["macro_f1"] == pytest.approx(198 / 397)


def test_calibration_weighs_bins_by_traders() -> None:
    probability = np.array([0.95, 0.95, 1.0, 0.55])
    found = calibration(probability, np.array([True, False, True, True]))
    assert found["bins"] == [[0.55, 1.0, 1], [pytest.approx(2.9 / 3), pytest.approx(2 / 3), 3]]
    assert found["ece"] == pytest.approx(0.25 * 0.45 + 0.75 * 0.3)
    assert (found["sure"], found["sure_right"]) == (1, 1.0)
    assert calibration(np.array([0.6]), np.array([True]))["sure_right"] is None


def test_jitter_moves_judgements_alone_and_stays_in_the_domain() -> None:
    rules = pd.read_csv(RULES)
    specs = [
        {"name": name, "transform": "logit" if name.endswith("_share") else "log1p"}
        for name in rules["feature"].unique()
        if name not in ("net_buy_share", "position_direction")
    ] + [
        {"name": name, "transform": "fisher_z"} for name in ("net_buy_share", "position_direction")
    ]
    moved = jittered(rules, specs, np.random.default_rng(1))
    pd.testing.assert_frame_equal(moved, jittered(rules, specs, np.random.default_rng(1)))
    stays = rules["is_definition"] | rules["threshold_kind"].eq("quantile")
    stays |= rules["operator"].eq("absent") | rules["threshold"].eq(0.0)
    same = moved["threshold"].eq(rules["threshold"]) | moved["threshold"].isna()
    assert same[stays].all()
    assert not same[~stays].any()
    shares = moved.loc[moved["feature"].str.endswith("_share"), "threshold"].dropna()
    assert shares.between(-1.0, 1.0).all()
    assert (np.sign(moved["threshold"]) == np.sign(rules["threshold"]))[~stays].all()


def test_drift_alarms_in_small() -> None:
    values = np.random.default_rng(1).standard_normal((3, 2_000))
    assert drift_false_alarms(values, 500, 100, seed=2) <= 0.03
    assert drift_power(150, 1_000, 20, seed=1) == 1.0


def test_clusters_get_the_style_of_most_of_their_traders() -> None:
    assert majority_styles(np.array([4, 4, 4, 9]), ["a", "b", "b", "c"]) == ["b", "b", "b", "c"]


def _history(styles: dict[str, list[str]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"trader_id": trader, "as_of_date": date, "style": style, "model_version": "v"}
            for trader, row in styles.items()
            for date, style in zip((FIRST, SECOND, THIRD), row, strict=False)
        ]
    )


def _truth(movers: dict[str, dt.date], others: list[str]) -> pd.DataFrame:
    traders = [*movers, *others]
    return pd.DataFrame(
        {
            "trader_id": traders,
            "archetype": "old",
            "archetype_after": ["new" if trader in movers else None for trader in traders],
            "mover_day": [60 if trader in movers else None for trader in traders],
            "moves_on": pd.to_datetime([movers.get(trader) for trader in traders]),
        }
    )


def test_a_false_move_is_one_of_a_trader_who_did_not_change() -> None:
    history = _history(
        {
            "stays": ["old", "old", "other"],
            "sleeps": ["old", "dormant", "old"],
            "joins": ["old"],
            "mover": ["old", "new", "new"],
        }
    )
    found = false_moves(history, _truth({"mover": FIRST}, ["stays", "sleeps", "joins"]))
    assert found["as_of_date"].tolist() == [SECOND, THIRD]
    assert found["traders"].tolist() == [2, 2]
    assert found["moves"].tolist() == [1, 2]
    assert found["settled"].tolist() == [1, 1]
    assert found["moves_between_styles"].tolist() == [0, 1]


def test_a_mover_is_found_within_two_scorings_after_the_move() -> None:
    history = _history(
        {
            "soon": ["old", "new", "old"],
            "second": ["old", "old", "new"],
            "late": ["old", "old", "new"],
            "never": ["old", "old", "old"],
        }
    )
    moved = dict.fromkeys(("soon", "second", "never"), FIRST + dt.timedelta(days=1))
    found = movers_found(history, _truth({**moved, "late": dt.date(2026, 3, 1)}, []))
    found = found.set_index("trader_id")
    assert found["found"].to_dict() == {
        "soon": True,
        "second": True,
        "late": False,
        "never": False,
    }
    assert found["found_at_end"].sum() == 2
    last = _truth({"soon": THIRD}, [])
    assert movers_found(history, last).empty


def test_a_bar_is_met_in_the_mean_and_missed_by_the_worst_seed() -> None:
    bar = Bar("macro-F1", 0.88, True, {"7": 0.95, "8": 0.85})
    assert bar.row() == ["macro-F1", "≥ 0.88", "0.900", "yes", "0.850 (seed 8)", "**no**"]
    assert Bar("error", 0.03, False, {"7": 0.01, "8": 0.05}).worst == ("8", 0.05)


def test_scoring_dates_are_four_weeks_apart_and_end_on_the_last_day() -> None:
    assert SCORING_DATES[-1] == LAST_DAY
    assert set(np.diff(np.array(SCORING_DATES))) == {dt.timedelta(days=28)}


@pytest.mark.parametrize(
    "drawing",
    [
        dots("F1 & more", {"a <b>": {"F1": [0.1, 1.0], "ARI": [-0.1]}}),
        reliability("said", [(0.5, 0.4, 10), (0.95, 0.97, 1000)]),
    ],
)
def test_plots_are_well_formed(drawing: str) -> None:
    assert ET.fromstring(drawing).tag.endswith("svg")


def _recovery(macro_f1: float) -> dict[str, Any]:
    return {"macro_f1": macro_f1, "ari": 0.9, "f1": {"a": 0.95, "b": 0.8}, "rare": ["b"]}


def _figures() -> dict[str, Any]:
    def venue(macro_f1: float) -> dict[str, Any]:
        return {
            "recovery": _recovery(macro_f1),
            "baselines": {"RFM quintiles": _recovery(0.3)},
            "calibration": {"ece": 0.02, "sure": 9, "sure_right": 1.0, "bins": [[0.9, 0.95, 20]]},
            "jaccard": {"a": 0.9, "b": 0.86},
            "jitter": [0.0, 0.02],
        }

    moves = {
        "dates": ["2026-03-10", "2026-04-07"],
        "versions": 1,
        "share": 0.05,
        "share_between_styles": 0.02,
        "by_date": [["2026-04-07", 0.05, 0.02]],
        "movers": 10,
        "movers_found": 0.95,
        "movers_found_at_end": 0.9,
    }
    cost = {"seconds": 1.0, "megabytes": 10.0}
    return {
        "seeds": {"7": venue(0.93), "8": venue(0.87)},
        "perturbed": {"21": venue(0.7)},
        "perturbation": 0.25,
        "moves": {"7": moves},
        "drift": {"false_alarms": {"500": 0.02}, "power": 1.0, "features": 3, "runs": 1000},
        "costs": {"Trader Segments": cost, "RFM quintiles": cost},
        "cost_traders": 20_000,
    }


def test_the_page_says_which_bars_are_missed(tmp_path: Path) -> None:
    text = write_page(_figures(), tmp_path)
    assert "| macro-F1 | ≥ 0.88 | 0.900 | yes | 0.870 (seed 8) | **no** |" in text
    assert (
        "Missed in the mean: F1 of the worst style of 1 % of traders at most, false moves a period "
        "between styles, PSI false alarms at 500 traders. Missed by the worst seed alone: macro-F1."
    ) in text
    assert "| RFM quintiles | 0.30 | 0.90 | 0.80 | 1.0 | 10 |" in text
    assert {path.name for path in tmp_path.iterdir()} == {
        "evaluation.md",
        "evaluation-methods.svg",
        "evaluation-styles.svg",
        "evaluation-calibration.svg",
    }


def test_a_page_without_moves_and_other_worlds_leaves_them_out() -> None:
    text = render({**_figures(), "moves": {}, "perturbed": {}})
    assert "Moves from period" not in text
    assert "Other worlds" not in text
