"""Churn on venues whose traders leave at known rates, beside an oracle that knows these rates.

From the project's root: python benchmarks/value/churn.py <folder> --seeds 1 2 3 4 5
Each venue is built with dbt from raw fills; what trader_churn says is compared with the eight weeks
that follow, which no table has held. Venues and builds are kept in <folder>: after a change of the
models delete <folder>/*/home.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from churn_venues import PAST_WEEKS, Venue

from trader_segments.churn import measures

ROOT = Path(__file__).resolve().parents[2]
TRADERS = 8_000
MODELS = (
    "+int_trader_gaps +int_trader_value_days +int_trader_equity_days +int_trader_exposure_days "
    "+int_traders path:models/churn path:python_models/churn "
    "trader_churn churn_models churn_quality churn_bands"
)
"""What churn depends on, but for due diligence, of which these venues hand over nothing."""
NO_DUE_DILIGENCE = """
    create table if not exists trader_due_diligence_history
        (trader_id varchar, valid_from date, valid_to date, blocked_services varchar)
"""
BARS = {
    "AUC / oracle's": (">=", 0.92),
    "AUC - recency's": (">", 0.0),
    "Brier skill": (">=", 0.18),
    "ECE": ("<=", 0.035),
    "top-decile lift": (">=", 3.0),
}


def build(folder: Path, venue: Venue) -> None:
    """Build the churn marts of a venue, unless they are there."""
    home = folder / "home"
    if (home / "done").exists():
        return
    venue.write(folder / "raw")
    (home / "build").mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(home / "build" / "warehouse.duckdb")) as connection:
        connection.execute(NO_DUE_DILIGENCE)
    settings = {
        "TRADER_SEGMENTS_HOME": home,
        "RAW_DATA": folder / "raw",
        "VENUE": "exchange",
        "DBT_TARGET_PATH": home / "target",
        "DBT_LOG_PATH": home / "logs",
    }
    with (home / "dbt.log").open("w") as output:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "dbt.cli.main", "build", "--select", *MODELS.split()),
                *("--exclude-resource-type", "unit_test", "test"),
            ],
            cwd=ROOT,
            env=os.environ | {name: str(value) for name, value in settings.items()},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"dbt failed, see {home / 'dbt.log'}")
    (home / "done").touch()


def evaluate(folder: Path, venue: Venue) -> dict[str, float | str]:
    """Figures of one venue."""
    with duckdb.connect(str(folder / "home/build/warehouse.duckdb"), read_only=True) as connection:
        said = connection.execute(
            "select trader_id, churn_probability from trader_churn where is_at_risk order by 1"
        ).df()
        ((method, backtested),) = connection.execute(
            "select method, (select value from churn_quality as quality where quality.target = "
            "'churn' and is_champion and measure = 'brier_skill') "
            "from churn_models where target = 'churn' and status = 'champion'"
        ).fetchall()
    rows = said["trader_id"].str[1:].astype(int).to_numpy()
    outcome = venue.has_churned[rows].astype(np.float64)
    probability = said["churn_probability"].to_numpy()
    oracle = venue.oracle()[rows]
    silent = np.argmax(venue.days[rows, PAST_WEEKS - 1 :: -1] > 0, axis=1)
    recency = measures.auc(_days_since(folder, said["trader_id"]), outcome)
    reached = measures.auc(probability, outcome)
    best = measures.auc(oracle, outcome)
    return {
        "at risk": len(rows),
        "churned": float(outcome.mean()),
        "silent weeks": float(silent.mean()),
        "method": str(method),
        "AUC": reached,
        "AUC of recency": recency,
        "AUC of the oracle": best,
        "AUC / oracle's": reached / best,
        "AUC - recency's": reached - recency,
        "Brier skill": measures.brier_skill(probability, outcome),
        "Brier skill of the oracle": measures.brier_skill(oracle, outcome),
        "Brier skill in the backtest": float(backtested),
        "ECE": measures.expected_calibration_error(probability, outcome),
        "top-decile lift": measures.top_decile_lift(probability, outcome),
        "top-decile lift of the oracle": measures.top_decile_lift(oracle, outcome),
    }


def _days_since(folder: Path, trader_id: pd.Series) -> np.ndarray:
    with duckdb.connect(str(folder / "home/build/warehouse.duckdb"), read_only=True) as connection:
        days = connection.execute(
            "select trader_id, recency_days from int_churn_snapshots where weeks_ago = 0"
        ).df()
    return days.set_index("trader_id").loc[trader_id, "recency_days"].to_numpy(dtype=np.float64)


def main() -> None:
    """Make, build, evaluate, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="for venues and builds")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--traders", type=int, default=TRADERS)
    given = parser.parse_args()
    figures = {}
    for seed in given.seeds:
        folder = given.folder.resolve() / f"churn-{seed}"
        venue = Venue.of(seed, given.traders)
        build(folder, venue)
        figures[seed] = evaluate(folder, venue)
        print(seed, figures[seed], flush=True)
    table = pd.DataFrame(figures)
    numbers = table.drop(index="method").astype(float)
    print(pd.concat([numbers, numbers.mean(axis=1).rename("mean")], axis=1).round(3).to_string())
    for name, (operator, bar) in BARS.items():
        mean = float(numbers.loc[name].mean())
        is_met = mean <= bar if operator == "<=" else mean > bar if operator == ">" else mean >= bar
        print(f"{name}: {mean:.3f} {operator} {bar:g}: {'met' if is_met else 'MISSED'}")


if __name__ == "__main__":
    main()
