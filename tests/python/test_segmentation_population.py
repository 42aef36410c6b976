"""A planted population: every trader is drawn from an archetype, and the shipped rules find it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from trader_segments.segmentation import fit, measure_quality, score

SEEDS = Path(__file__).resolve().parents[2] / "seeds" / "segmentation"

TRANSFORMS = {
    "fills_per_active_day": ("log1p", None),
    "median_ticket_usd": ("log1p", None),
    "notional_per_active_day_usd": ("log1p", None),
    "maker_share": ("logit", "fill_count"),
    "aggressive_share": ("logit", "fill_count"),
    "time_of_day_regularity": ("logit", "fill_count"),
    "burstiness": ("fisher_z", "fill_count"),
    "liquidation_share": ("logit", "fill_count"),
    "holding_days": ("log1p", None),
    "end_of_day_net_share": ("logit", "fill_count"),
    "net_buy_share": ("fisher_z", "fill_count"),
    "equity_turnover": ("log1p", None),
    "option_share": ("logit", "fill_count"),
    "future_share": ("logit", "fill_count"),
    "perpetual_share": ("logit", "fill_count"),
    "spot_share": ("logit", "fill_count"),
    "event_share": ("logit", "fill_count"),
    "instrument_concentration": ("logit", "fill_count"),
    "underlying_count": ("log1p", None),
    "option_premium_sold_share": ("logit", "fill_count"),
    "put_premium_bought_share": ("logit", "fill_count"),
    "kind_offset_share": ("logit", "fill_count"),
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
        "is_segmentation_input": True,
    }
    for name, (transform, count) in TRANSFORMS.items()
] + [
    {"name": name, "transform": "log1p", "count": None, "is_segmentation_input": False}
    for name in ("fill_count", "active_days", "recency_days", "equity_usd")
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
    is_dormant = style == "dormant"
    frame["recency_days"] = np.where(
        is_dormant, rng.integers(60, 300, n), np.minimum(rng.geometric(0.15, n) - 1, 40)
    )
    frame.insert(0, "trader_id", [f"t{seed}_{row:07d}" for row in range(n)])
    return frame.drop(columns="position"), style


def _draw(a: dict[str, Any], n: int, rng: np.random.Generator) -> pd.DataFrame:
    def amount(centre: float, spread: float) -> np.ndarray:
        return 10.0 ** rng.normal(centre, spread, n)

    def share(centre: float, spread: float = 0.7) -> np.ndarray:
        return 1.0 / (1.0 + np.exp(-rng.normal(centre, spread, n)))

    fills = 1.0 + amount(a["fills"], 0.3)
    ticket = amount(a["ticket"], 0.4)
    days = np.ceil(amount(1.3, 0.35)).clip(1, 180)
    mix = rng.dirichlet(np.array(a["mix"]) * 12 + 0.05, n)
    is_option_trader = mix[:, 0] > 0.03
    equity = amount(a["ticket"] + 0.7, 0.5)
    frame = pd.DataFrame(
        {
            "fill_count": np.ceil(fills * days),
            "active_days": days,
            "fills_per_active_day": fills,
            "median_ticket_usd": ticket,
            "notional_per_active_day_usd": ticket * fills * amount(0.1, 0.1),
            "equity_usd": equity,
            "maker_share": share(a["maker"]),
            "aggressive_share": share(-a["maker"]),
            "time_of_day_regularity": share(a["round"]),
            "burstiness": np.tanh(rng.normal(0.3, 0.3, n)),
            "liquidation_share": np.where(
                rng.random(n) < (0.6 if "liquidation" in a else 0.03),
                share(a.get("liquidation", -5.0)),
                0.0,
            ),
            "holding_days": amount(a["hold"], 0.3),
            "end_of_day_net_share": share(a["net"]),
            "net_buy_share": np.tanh(rng.normal(a.get("buy", 0.05), 0.3, n)),
            "equity_turnover": amount(a["turnover"], 0.3),
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
