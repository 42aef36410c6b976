"""Shares of new expiries on simulated venues: predicted, by popularity, and by simpler predictions.

Usage: choice_shares.py --work ../pricing [--seeds 7 8 9 10 11]

Venues of 2,000 traders over 180 days and what is built on them are kept in the working folder.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import duckdb
import numpy as np
import pandas as pd
import yaml

from trader_segments.choices import choice_backtest, choice_quality, shares
from trader_segments.simulate import simulate

ROOT = Path(__file__).resolve().parents[2]
MODELS = (
    "int_cut_choice_sets",
    "int_cut_part_worths",
    "int_cut_trader_choices",
    "int_sampled_traders",
    "int_attribute_scales",
    "int_new_expiry_offers",
    "int_new_expiry_choices",
)


def built(work: Path, seed: int) -> Path:
    """The working database of a venue, simulated and built unless that is done."""
    folder = work / f"seed{seed}"
    if not (folder / "venue" / "raw").is_dir():
        simulate(folder / "venue", seed=seed)
    home = {
        "TRADER_SEGMENTS_HOME": str(folder / "home"),
        "DBT_TARGET_PATH": str(folder / "home" / "target"),
        "DBT_LOG_PATH": str(folder / "home" / "logs"),
        "RAW_DATA": str(folder / "venue" / "raw"),
        "VENUE": "exchange",
    }
    database = folder / "home" / "build" / "warehouse.duckdb"
    if not database.exists():
        command = [Path(sys.executable).with_name("dbt"), "build", "--select", "+choice_quality"]
        without_tests = ["--exclude-resource-type", "test", "unit_test", "--quiet"]
        environment = {**os.environ, **home}
        subprocess.run([*command, *without_tests], cwd=ROOT, check=True, env=environment)
    return database


def measured(database: Path, least_expected: float) -> dict[str, pd.Series]:
    """The row `all` of choice_quality, as it is and by simpler predictions."""
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = [connection.table(name).df() for name in MODELS]

    def quality() -> pd.Series:
        return choice_quality(choice_backtest(*tables), least_expected).iloc[0]

    found = {"as it is": quality()}
    with mock.patch.object(shares, "_ROUNDS", 0):
        found["popularity as weights"] = quality()
    with mock.patch.object(shares, "CLASS_ATTRIBUTES", ()):
        found["each instrument's own attributes"] = quality()
    return found


def main() -> None:
    """Print rank correlations and errors, one line a venue and prediction."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9, 10, 11])
    arguments = parser.parse_args()
    settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text("utf-8"))["vars"]
    least = settings["choice_shares"]["least_expected"]
    print(f"{'seed':<6}{'prediction':<36}{'expiries':>9}{'rank':>7}{'popular':>9}", end="")
    print(f"{'error':>8}{'of popular':>12}{'covered':>9}")
    ranks: dict[str, list[float]] = {}
    for seed in arguments.seeds:
        for name, row in measured(built(arguments.work, seed), least).items():
            ranks.setdefault(name, []).append(row["predicted_rank_correlation"])
            print(
                f"{seed:<6}{name:<36}{row['expiries']:>9.0f}"
                f"{row['predicted_rank_correlation']:>7.2f}{row['popular_rank_correlation']:>9.2f}"
                f"{row['predicted_error']:>8.4f}"
                f"{row['predicted_error'] / row['popular_error']:>12.2f}"
                f"{row['covered_share']:>9.2f}"
            )
    for name, values in ranks.items():
        print(f"{'mean':<6}{name:<36}{'':>9}{np.mean(values):>7.2f}")


if __name__ == "__main__":
    main()
