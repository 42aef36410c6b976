"""A planted population: every trader is drawn from an archetype, and the shipped rules find it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import f1_score

from trader_segments.dbt_models import registered_features
from trader_segments.segmentation import fit, measure_quality, score
from trader_segments.segmentation import quality as quality_module

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT / "seeds" / "segmentation"

TRANSFORMS = {
    "fills_per_active_day": ("log1p", None),
    "median_ticket_usd": ("log1p", None),
    "notional_per_active_day_usd": ("log1p", None),
    "recent_maker_share": ("logit", "recent_fill_count"),
    "aggressive_share": ("logit", "recent_fill_count"),
    "time_of_day_regularity": ("logit", "recent_fill_count"),
    "burstiness": ("fisher_z", "recent_fill_count"),
    "liquidation_share": ("logit", "recent_fill_count"),
    "holding_days": ("log1p", None),
    "end_of_day_net_share": ("logit", "recent_fill_count"),
    "net_buy_share": ("fisher_z", "recent_fill_count"),
    "equity_turnover": ("log1p", None),
    "option_share": ("logit", "recent_fill_count"),
    "future_share": ("logit", "recent_fill_count"),
    "perpetual_share": ("logit", "recent_fill_count"),
    "spot_share": ("logit", "recent_fill_count"),
    "event_share": ("logit", "recent_fill_count"),
    "instrument_concentration": ("logit", "recent_fill_count"),
    "underlying_count": ("log1p", None),
    "option_premium_sold_share": ("logit", "recent_fill_count"),
    "put_premium_bought_share": ("logit", "recent_fill_count"),
    "kind_offset_share": ("logit", "recent_fill_count"),
}
SPECS: list[dict[str, Any]] = [
    {
        "name": name,
        "group": "test",
        "description": name,
        "unit": "",
        "data_type": "double",
        "transform": transform,
        "count": count,
        "used_in_segmentation": True,
    }
    for name, (transform, count) in TRANSFORMS.items()
] + [
    {"name": name, "transform": "log1p", "count": None, "used_in_segmentation": False}
    for name in (
        "fill_count",
        "recent_fill_count",
        "recent_active_days",
        "recency_days",
        "equity_usd",
    )
]

# Per archetype: share of traders, then (centre, spread): log10 for amounts, log-odds for shares.
ARCHETYPES: dict[str, dict[str, Any]] = {
    "market_maker": {"n": 0.02, "fills": 2.3, "ticket": 3.0, "maker": 2.0, "net": -3.0,
                     "hold": -1.3, "turnover": 0.3, "round": -2.0, "mix": (0.0, 0.2, 0.7, 0.1)},
    "high_frequency_taker": {"n": 0.01, "fills": 2.6, "ticket": 2.8, "maker": -2.0, "net": -3.0,
                             "hold": -1.8, "turnover": 1.0, "round": -2.0,
                             "mix": (0.0, 0.1, 0.85, 0.05)},
    "volatility_seller": {"n": 0.04, "fills": 0.8, "ticket": 3.6, "maker": 0.3, "net": 1.0,
                          "hold": 0.9, "turnover": -0.7, "round": 0.0, "sold": 1.7,
                          "mix": (0.7, 0.05, 0.2, 0.05)},
    "volatility_buyer": {"n": 0.06, "fills": 0.5, "ticket": 3.2, "maker": -0.8, "net": 1.0,
                         "hold": 0.6, "turnover": -0.5, "round": 0.5, "sold": -1.7, "puts": -0.3,
                         "mix": (0.75, 0.05, 0.15, 0.05)},
    "hedger": {"n": 0.03, "fills": 0.4, "ticket": 3.9, "maker": -0.3, "net": 1.5, "hold": 1.2,
               "turnover": -1.2, "round": 0.5, "sold": -1.8, "puts": 2.2, "buy": -0.4,
               "mix": (0.5, 0.3, 0.1, 0.1)},
    "basis_arbitrageur": {"n": 0.02, "fills": 1.2, "ticket": 3.8, "maker": 0.5, "net": 0.8,
                          "hold": 0.8, "turnover": -0.2, "round": -0.5, "offset": 1.8,
                          "mix": (0.0, 0.2, 0.4, 0.4)},
    "leveraged_directional": {"n": 0.2, "fills": 0.9, "ticket": 3.1, "maker": -1.6, "net": 0.5,
                              "hold": 0.0, "turnover": 0.95, "round": 0.8, "liquidation": -3.5,
                              "mix": (0.02, 0.03, 0.93, 0.02)},
    "position_trader": {"n": 0.1, "fills": 0.3, "ticket": 3.5, "maker": -0.3, "net": 2.0,
                        "hold": 1.5, "turnover": -1.0, "round": 0.8, "buy": 0.8,
                        "mix": (0.03, 0.2, 0.27, 0.5)},
    "opportunistic": {"n": 0.2, "fills": 0.7, "ticket": 3.1, "maker": -0.2, "net": 0.5,
                      "hold": 0.3, "turnover": -0.3, "round": 0.5, "mix": (0.05, 0.1, 0.65, 0.2)},
    "small": {"n": 0.22, "fills": 0.2, "ticket": 1.3, "maker": -0.8, "net": 1.5, "hold": 0.4,
              "turnover": -0.6, "round": 0.8, "mix": (0.05, 0.02, 0.53, 0.4)},
    "dormant": {"n": 0.1, "fills": 0.3, "ticket": 2.0, "maker": -0.5, "net": 1.0, "hold": 0.5,
                "turnover": -0.5, "round": 0.5, "mix": (0.05, 0.05, 0.6, 0.3)},
}  # fmt: skip


def draw_population(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Features of n traders and their archetypes."""
    rng = np.random.default_rng(seed)
    shares = np.array([archetype["n"] for archetype in ARCHETYPES.values()])
    style = rng.choice(list(ARCHETYPES), size=n, p=shares / shares.sum())
    frames = [
        _draw(ARCHETYPES[name], int(np.sum(style == name)), rng).assign(
            position=np.flatnonzero(style == name)
        )
        for name in ARCHETYPES
    ]
    frame = pd.concat(frames).sort_values("position").reset_index(drop=True)
    frame = _blend(frame, style, rng)
    is_dormant = style == "dormant"
    frame["recency_days"] = np.where(
        is_dormant, rng.integers(60, 300, n), np.minimum(rng.geometric(0.15, n) - 1, 40)
    )
    frame.insert(0, "trader_id", [f"t{seed}_{row:07d}" for row in range(n)])
    return frame.drop(columns="position"), style


def _blend(frame: pd.DataFrame, style: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Hybrids: one trader in eight takes a quarter of its features from a trader of any style."""
    donor = rng.integers(0, len(frame), len(frame))
    is_hybrid = (rng.random(len(frame)) < 0.125) & (style != "dormant")
    result = frame.copy()
    for name in ["recent_maker_share", "aggressive_share", "holding_days", "net_buy_share",
                 "equity_turnover", "time_of_day_regularity", "liquidation_share",
                 "instrument_concentration", "end_of_day_net_share", "fills_per_active_day",
                 "kind_offset_share"]:  # fmt: skip
        takes = is_hybrid & (rng.random(len(frame)) < 0.25)
        result.loc[takes, name] = frame[name].to_numpy()[donor[takes]]
    return result


def _draw(a: dict[str, Any], n: int, rng: np.random.Generator) -> pd.DataFrame:
    def amount(centre: float, spread: float) -> np.ndarray:
        return 10.0 ** rng.normal(centre, spread, n)

    def share(centre: float, spread: float = 0.9) -> np.ndarray:
        return 1.0 / (1.0 + np.exp(-rng.normal(centre, spread, n)))

    fills = 1.0 + amount(a["fills"], 0.4)
    ticket = amount(a["ticket"], 0.5)
    days = np.ceil(amount(1.3, 0.35)).clip(1, 180)
    mix = rng.dirichlet(np.array(a["mix"]) * 12 + 0.05, n)
    is_option_trader = mix[:, 0] > 0.03
    equity = amount(a["ticket"] + 0.7, 0.5)
    frame = pd.DataFrame(
        {
            "fill_count": np.ceil(fills * days),
            "recent_fill_count": np.ceil(fills * days),
            "recent_active_days": days,
            "fills_per_active_day": fills,
            "median_ticket_usd": ticket,
            "notional_per_active_day_usd": ticket * fills * amount(0.1, 0.1),
            "equity_usd": equity,
            "recent_maker_share": share(a["maker"]),
            "aggressive_share": share(-a["maker"]),
            "time_of_day_regularity": share(a["round"]),
            "burstiness": np.tanh(rng.normal(0.3, 0.3, n)),
            "liquidation_share": np.where(
                rng.random(n) < (0.6 if "liquidation" in a else 0.03),
                share(a.get("liquidation", -5.0)),
                0.0,
            ),
            "holding_days": amount(a["hold"], 0.4),
            "end_of_day_net_share": share(a["net"]),
            "net_buy_share": np.tanh(rng.normal(a.get("buy", 0.05), 0.3, n)),
            "equity_turnover": amount(a["turnover"], 0.4),
            "option_share": mix[:, 0],
            "future_share": mix[:, 1],
            "perpetual_share": mix[:, 2],
            "spot_share": mix[:, 3],
            "event_share": 0.0,
            "instrument_concentration": share(-1.0),
            "underlying_count": np.ceil(amount(0.3, 0.3)),
            "kind_offset_share": share(a.get("offset", -3.0)),
        }
    )
    sold = share(a.get("sold", -0.2))
    frame["option_premium_sold_share"] = np.where(is_option_trader, sold, np.nan)
    frame["put_premium_bought_share"] = np.where(
        is_option_trader, (1 - sold) * share(a.get("puts", -0.2)), np.nan
    )
    return frame


@pytest.fixture(scope="module")
def rules() -> pd.DataFrame:
    return pd.read_csv(SEEDS / "style_rules.csv")


@pytest.fixture(scope="module")
def styles() -> pd.DataFrame:
    return pd.read_csv(SEEDS / "styles.csv")


def _macro_f1(truth: np.ndarray, found: pd.Series) -> tuple[float, float]:
    per_style = f1_score(truth, found, labels=sorted(ARCHETYPES), average=None, zero_division=0.0)
    return float(np.mean(per_style)), float(np.min(per_style))


@pytest.mark.parametrize("seed", range(3))
def test_shipped_rules_recover_the_planted_styles(
    rules: pd.DataFrame, styles: pd.DataFrame, seed: int
) -> None:
    features, truth = draw_population(4000, seed)
    model = fit(features, SPECS, rules, styles=styles)
    # Hybrids and shares that sum to one are no single ellipse: one style in ten may come apart.
    assert len(model.micro_segments) <= 1
    traders = score(model, features).traders
    mean, worst = _macro_f1(truth, traders["style"])
    assert mean >= 0.85
    assert worst >= 0.80
    is_sure = (traders["style_probability"] >= 0.99).to_numpy()
    assert (traders["style"].to_numpy() == truth)[is_sure].mean() >= 0.99
    assert (traders["style"] == "unclassified").mean() <= 0.05
    assert traders["is_outlier"].mean() <= 0.05


def test_a_model_of_one_population_scores_another(
    rules: pd.DataFrame, styles: pd.DataFrame
) -> None:
    model = fit(draw_population(4000, 0)[0], SPECS, rules, styles=styles)
    features, truth = draw_population(4000, 9)
    assert _macro_f1(truth, score(model, features).traders["style"])[0] >= 0.85


def test_thresholds_moved_by_two_thirds_cost_little(
    rules: pd.DataFrame, styles: pd.DataFrame
) -> None:
    """MODELLING section 8, row 10: thresholds times or divided by 1.65 (log-sd 0.5)."""
    features, truth = draw_population(2500, 1)
    found = score(fit(features, SPECS, rules, styles=styles), features).traders["style"]
    before = _macro_f1(truth, found)[0]
    drops = []
    for seed in range(2):
        factor = np.exp(np.random.default_rng(seed).normal(0.0, 0.5, len(rules)))
        is_amount = ~rules["feature"].str.endswith("_share") & ~rules["is_definition"]
        odds = rules["threshold"] / (1.0 - rules["threshold"])
        is_share = rules["threshold"].between(0.0, 1.0, inclusive="neither") & ~is_amount
        moved = rules["threshold"].mask(is_amount, rules["threshold"] * factor)
        moved = moved.mask(is_share, odds * factor / (1.0 + odds * factor))
        is_quantile = rules["threshold_kind"] == "quantile"
        jittered = rules.assign(threshold=moved.mask(is_quantile, rules["threshold"]))
        found = score(fit(features, SPECS, jittered, styles=styles), features).traders["style"]
        drops.append(before - _macro_f1(truth, found)[0])
    assert np.mean(drops) <= 0.03


def test_a_rare_style_is_found(rules: pd.DataFrame, styles: pd.DataFrame) -> None:
    """One high-frequency taker in a thousand (Kirilenko et al. 2017: 16 of 15,422)."""
    features, truth = draw_population(6000, 2)
    is_fast = truth == "high_frequency_taker"
    keep = ~is_fast | (np.cumsum(is_fast) <= 6)
    features, truth = features[keep].reset_index(drop=True), truth[keep]
    traders = score(fit(features, SPECS, rules, styles=styles), features).traders
    found = traders["style"] == "high_frequency_taker"
    assert found[truth == "high_frequency_taker"].sum() >= 5
    assert found[truth != "high_frequency_taker"].sum() <= 3


def test_perpetuals_only_venue_without_balances_or_orders(
    rules: pd.DataFrame, styles: pd.DataFrame
) -> None:
    features, truth = draw_population(4000, 3)
    traded = ["market_maker", "high_frequency_taker", "leveraged_directional", "position_trader",
              "opportunistic", "small", "dormant"]  # fmt: skip
    keep = np.isin(truth, traded)
    features = features[keep].assign(
        option_share=0.0, future_share=0.0, spot_share=0.0, perpetual_share=1.0,
        option_premium_sold_share=None, put_premium_bought_share=None, kind_offset_share=0.0,
        equity_turnover=None, equity_usd=None, aggressive_share=None,
    ).reset_index(drop=True)  # fmt: skip
    model = fit(features, SPECS, rules, styles=styles)
    found = score(model, features).traders["style"]
    per_style = f1_score(truth[keep], found, labels=traded, average=None, zero_division=0.0)
    assert np.mean(per_style) >= 0.85
    assert "needs equity_turnover" in model.rules.off["leveraged_turnover"]
    assert model.left_out["perpetual_share"] == "all traders have the same value"


def test_event_venue_without_roles_fees_or_equity(
    rules: pd.DataFrame, styles: pd.DataFrame
) -> None:
    features, truth = draw_population(3000, 4)
    known = ["fill_count", "recent_fill_count", "recent_active_days", "recency_days",
             "fills_per_active_day",
             "median_ticket_usd", "notional_per_active_day_usd", "time_of_day_regularity",
             "burstiness", "holding_days", "end_of_day_net_share", "net_buy_share",
             "instrument_concentration", "underlying_count"]  # fmt: skip
    features = features[["trader_id", *known]].assign(event_share=1.0, option_share=0.0)
    model = fit(features, SPECS, rules, styles=styles)
    assert {"market_maker", "position_trader", "opportunistic", "small"} <= set(model.styles)
    assert "recent_maker_share" in model.rules.off["market_maker_flat"]
    traders = score(model, features).traders
    assert (traders["style"] == "unclassified").mean() <= 0.1
    assert (traders["style"] == "dormant").sum() == (truth == "dormant").sum()


def test_quality_measures_a_planted_population(
    rules: pd.DataFrame, styles: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality_module, "BOOTSTRAPS", 10)
    features, _ = draw_population(1500, 5)
    model = fit(features, SPECS, rules, styles=styles)
    quality = measure_quality(model, features)
    assert list(quality.columns) == ["measure", "value", "threshold", "passed"]
    assert quality["measure"].is_unique
    values = quality.set_index("measure")["value"]
    jaccard = values[values.index.str.startswith("bootstrap_jaccard[")]
    assert len(jaccard) == len(model.lda.classes) if model.lda else False
    assert jaccard.min() >= 0.7
    assert values["seed_agreement"] >= 0.8
    assert quality.loc[quality["threshold"].isna(), "passed"].isna().all()
    shuffled = features.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(measure_quality(model, shuffled), quality)


def test_every_shipped_rule_says_why_and_every_style_has_one(
    rules: pd.DataFrame, styles: pd.DataFrame
) -> None:
    assert rules["why"].str.len().min() > 5
    assert set(rules["style"]) == set(ARCHETYPES)
    assert set(styles["style"]) == {*ARCHETYPES, "unclassified"}
    assert styles["style"].is_unique
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    registered = registered_features(project["vars"]["trader_features"])
    assert set(rules["feature"]) <= {feature["name"] for feature in registered}
