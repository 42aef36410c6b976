"""The features that the scripts beside the product compute too, and whether they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FEATURES: Mapping[str, Sequence[str]] = {
    "activity": (
        "fill_count",
        "active_days",
        "active_weeks",
        "tenure_days",
        "recency_days",
        "recent_fill_count",
        "recent_active_days",
        "window_days",
        "active_day_share",
        "fills_per_active_day",
    ),
    "size": ("notional_usd", "median_ticket_usd", "notional_per_active_day_usd"),
    "cost": ("fee_paid_usd", "rebate_usd", "net_fee_usd", "net_fee_bps"),
    "execution": ("maker_share", "recent_maker_share", "time_of_day_regularity", "burstiness"),
    "holding": ("end_of_day_net_share", "net_buy_share"),
    "instruments": (
        "option_share",
        "future_share",
        "perpetual_share",
        "spot_share",
        "instrument_concentration",
        "underlying_count",
    ),
}
"""Features of the product by group; definitions are those of the feature catalogue."""

COLUMNS = tuple(name for names in FEATURES.values() for name in names)
WINDOW = {"days": 56, "least_active_days": 5}
"""The product's var style_window."""

STYLES = 11
"""Clusters that the scripts' k-means looks for: as many as the product has styles of traders."""

_RELATIVE, _ABSOLUTE = 1e-6, 1e-9


def disagreements(
    ours: Mapping[str, Mapping[str, Any]], theirs: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Values that differ by more than 1e-6 of themselves, as `trader.feature: ours, theirs`.

    Parameters
    ----------
    ours, theirs
        Trader to feature to value; unknown is None or NaN. Traders that only `theirs` has are not
        looked at.
    """
    found = []
    for trader, values in ours.items():
        others = theirs.get(trader)
        if others is None:
            found.append(f"{trader}: missing")
            continue
        found += [
            f"{trader}.{name}: {values[name]}, {others[name]}"
            for name in COLUMNS
            if not _is_close(values[name], others[name])
        ]
    return found


def _is_close(ours: Any, theirs: Any) -> bool:
    left, right = _number(ours), _number(theirs)
    if left is None or right is None:
        return left is right
    return abs(left - right) <= max(_ABSOLUTE, _RELATIVE * max(abs(left), abs(right)))


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return None if number != number else number
