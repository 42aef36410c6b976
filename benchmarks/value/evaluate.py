"""Lifetime value against what came, beside an oracle and baselines, on several simulated venues.

From the project's root: python benchmarks/value/evaluate.py --work <folder>
Each venue is known for a year; the forecast of the half year after it is judged. Venues and builds
are kept in <folder>, and what is there is not made again: after a change of SQL models delete
<folder>/homes, of the simulator <folder>. With --write the figures become docs/value-evaluation.md.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from value_page import write_page
from value_venues import ROOT, WEEKS, Venue, say

from trader_segments.lifetime_value import ValueModel, forecast_traders
from trader_segments.lifetime_value.backtest import RECENT_WEEKS, baselines, judge

SEEDS = (7, 8, 9, 11, 12)


def evaluate_venue(venue: Venue) -> dict[str, Any]:
    """Measures of the forecast, the oracle and the baselines by population, and what came."""
    histories, future = venue.histories(), venue.future()
    market = venue.market()
    model = ValueModel.fit(histories, market)
    found = forecast_traders(model, histories, [WEEKS])
    came = future.set_index("trader_id").reindex(histories["trader_id"])
    names = ["value", "low", "high"]
    judged = found[[f"{name}_{WEEKS}" for name in names]].set_axis(names, axis=1)
    judged["actual"] = came["future_value"].fillna(0.0).to_numpy()
    judged = judged.assign(**baselines(histories, WEEKS))
    oracle = judged.assign(value=venue.oracle(histories, future))
    recent = (histories["periods"] - histories["recency"]).to_numpy() < RECENT_WEEKS
    band = model.regime.band(WEEKS, 26.0)
    result: dict[str, Any] = {"band": band, "deviation": model.regime.deviation}
    for population, rows in (("recently_active", recent), ("all", np.ones(len(recent), bool))):
        measured = judge(judged[rows], band)
        ideal = judge(oracle[rows], band)
        for measure, methods in measured.items():
            if "run_rate" in methods or measure == "mae_gain":
                methods["oracle"] = ideal[measure]["value"]
        error = (judged["value"] - judged["actual"])[rows].abs()
        largest = float(error.max() / error.sum())
        result[population] = {"traders": int(rows.sum()), "largest_error": largest, **measured}
    result["active_weeks"] = {
        "forecast": float(found[f"active_weeks_{WEEKS}"].sum()),
        "actual": float(came["future_active_weeks"].fillna(0).sum()),
    }
    result["by_style"] = _by_style(judged, found["value_style"])
    return result


def _by_style(judged: pd.DataFrame, style: pd.Series) -> dict[str, list[float]]:
    """Traders, sum forecast, sum that came and coverage, by style."""
    covered = (judged["actual"] >= judged["low"]) & (judged["actual"] <= judged["high"])
    table = judged.assign(style=style.fillna("all traders").to_numpy(), covered=covered)
    sums = table.groupby("style").agg(
        traders=("value", "size"),
        forecast=("value", "sum"),
        actual=("actual", "sum"),
        coverage=("covered", "mean"),
    )
    return {str(name): [float(each) for each in row] for name, row in sums.T.items()}


def main() -> None:
    """Evaluate from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for venues and builds")
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    parser.add_argument("--traders", type=int, default=2000)
    parser.add_argument("--days", type=int, default=546)
    parser.add_argument("--write", action="store_true", help="write docs/value-evaluation.md")
    given = parser.parse_args()
    figures: dict[str, Any] = {"traders": given.traders, "days": given.days, "seeds": {}}
    for seed in given.seeds:
        venue = Venue.of(given.work, seed, given.traders, given.days)
        venue.make()
        venue.build()
        figures["seeds"][str(seed)] = evaluate_venue(venue)
        say(f"seed {seed}: done")
    (given.work / "value-figures.json").write_text(json.dumps(figures, indent=1))
    text = write_page(figures, ROOT / "docs" if given.write else given.work)
    print(text)


if __name__ == "__main__":
    main()
