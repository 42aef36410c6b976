"""The segmentation against planted styles and against baselines, on several simulated venues.

From the project's root: python benchmarks/segmentation/evaluate.py --work <folder>
Venues, builds and figures are kept in <folder>, and what is there is not made again: after a change
of the models delete <folder>/homes, of the simulator <folder>. With --write the figures become
docs/evaluation.md and its plots. Left out of style recovery are the traders whose planted style
changes within the window.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import moves
import numpy as np
import pandas as pd
import yaml
from baselines import BASELINES, Inputs, majority_styles
from costs import costs
from measures import (
    bootstrap_jaccard,
    drift_false_alarms,
    drift_power,
    jitter_losses,
    posterior_calibration,
    recovery,
    transformed,
)
from page import write_page
from venues import ROOT, Venue, say

from trader_segments.dbt_models import registered_features
from trader_segments.segmentation import fit, score

SEEDS = (7, 8, 9, 11, 12)
PERTURBED_SEEDS = (21, 22, 23)
PERTURBATION = 0.25
NULL_RUNS = 1_000
JITTERS = 10
COST_TRADERS = 20_000
Specs = Sequence[Mapping[str, Any]]


def product_inputs() -> tuple[Specs, pd.DataFrame, pd.DataFrame]:
    """The feature registry, the rules and the styles as they are now."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    seeds = ROOT / "seeds" / "segmentation"
    rules, styles = (pd.read_csv(seeds / name) for name in ("style_rules.csv", "styles.csv"))
    return registered_features(project["vars"]["trader_features"]), rules, styles


def evaluate_venue(venue: Venue, *, jitters: int) -> dict[str, Any]:
    """Figures of one venue: recovery by each method, calibration, stability, robustness."""
    specs, rules, styles = product_inputs()
    features, truth = venue.features(), venue.truth()
    planted = truth.set_index("trader_id")["archetype"].astype(str)
    settled = planted[truth.set_index("trader_id")["mover_day"].isna()]
    model = fit(features, specs, rules, styles=styles)
    found = score(model, features).traders.set_index("trader_id")["style"]
    inputs = Inputs(features, specs, rules)
    everybody = planted.loc[features["trader_id"]].tolist()
    baselines = {}
    for name, cluster in BASELINES.items():
        guess = majority_styles(cluster(inputs, planted.nunique()), everybody)
        by_trader = pd.Series(guess, index=features["trader_id"])
        baselines[name] = recovery(settled, by_trader.loc[settled.index])
    return {
        "recovery": recovery(settled, found.loc[settled.index]),
        "baselines": baselines,
        "calibration": posterior_calibration(model, features, settled),
        "jaccard": bootstrap_jaccard(model, features),
        "jitter": jitter_losses(features, settled, specs, rules, styles, jitters, venue.seed),
    }


def evaluate_drift(venues: Sequence[Venue]) -> dict[str, Any]:
    """False alarms over all registered features of the venues' active traders, and power."""
    specs, _, _ = product_inputs()
    features = pd.concat([venue.features() for venue in venues], ignore_index=True)
    features["trader_id"] = np.arange(len(features)).astype(str)
    values = transformed(features[features["recency_days"] < 56].reset_index(drop=True), specs)
    return {
        "false_alarms": {
            str(traders): drift_false_alarms(values, traders, NULL_RUNS, seed=traders)
            for traders in (500, 5_000)
        },
        "power": drift_power(len(values), 1_000, NULL_RUNS, seed=1),
        "features": len(values),
        "runs": NULL_RUNS,
    }


def main() -> None:
    """Make venues, build, evaluate, print the page and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for venues and builds")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--perturbed-seeds", type=int, nargs="*", default=PERTURBED_SEEDS)
    parser.add_argument("--perturb", type=float, default=PERTURBATION, metavar="SD")
    parser.add_argument(
        "--move-seeds", type=int, nargs="*", help="seeds scored at five dates; default: all"
    )
    parser.add_argument("--write", action="store_true", help="write docs/evaluation.md and plots")
    given = parser.parse_args()
    scored_often = given.seeds if given.move_seeds is None else given.move_seeds
    work: Path = given.work.resolve()

    figures: dict[str, Any] = {"seeds": {}, "perturbed": {}, "moves": {}}
    figures["perturbation"] = given.perturb
    venues = [Venue.of(work, seed) for seed in given.seeds]
    for venue in venues:
        venue.make()
        if venue.seed in scored_often:
            venue.build_history()
        venue.build_features()
        say(f"evaluating {venue.folder.name}")
        figures["seeds"][str(venue.seed)] = _kept(
            venue, "figures.json", partial(evaluate_venue, venue, jitters=JITTERS)
        )
        if venue.seed in scored_often:
            figures["moves"][str(venue.seed)] = moves.summary(venue.history(), venue.truth())
    for seed in given.perturbed_seeds:
        venue = Venue.of(work, seed, given.perturb)
        venue.make()
        venue.build_features()
        say(f"evaluating {venue.folder.name}")
        figures["perturbed"][str(seed)] = _kept(
            venue, "figures.json", partial(evaluate_venue, venue, jitters=0)
        )
    say("drift alarms, time and memory")
    together = "-".join(figures["seeds"])
    figures["drift"] = _kept(venues[0], f"drift-{together}.json", lambda: evaluate_drift(venues))
    figures["costs"] = _kept(
        venues[0],
        "costs.json",
        lambda: costs(venues[0].features(), *product_inputs(), traders=COST_TRADERS),
    )
    figures["cost_traders"] = COST_TRADERS
    text = write_page(figures, ROOT / "docs" if given.write else work)
    print(text)


def _kept(venue: Venue, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a file of the venue's home holds; made and written where it is not there."""
    path = venue.home / name
    if not path.exists():
        path.write_text(json.dumps(make()))
    content: dict[str, Any] = json.loads(path.read_text())
    return content


if __name__ == "__main__":
    main()
