"""Would the recommendations have named what traders went on to use? By venue and by method.

From the project's root: python benchmarks/recommendations/evaluate.py --work <folder>
Each venue is built as far as the sample that affinity is learned from, then cut four weeks before
its last day (docs/recommendations.md). Simulated venues and builds are kept in <folder>: after a
change of the models delete <folder>/homes. With --data, the folder of real venues, these as well,
as of several days. NDCG@5 and hit rate at 5 of lists of what a trader had not used by the cut,
among the traders who first used something in the four weeks after it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import yaml

from trader_segments.recommendation import Ranking, UseMatrix, choose_affinity, judge
from trader_segments.recommendation.affinity import fit
from trader_segments.segmentation.table import FloatArray
from trader_segments.simulate import simulate

ROOT = Path(__file__).resolve().parents[2]
SEEDS = (7, 8, 9, 11, 12)
REAL = {
    ("polymarket", "polymarket_2022_midterms"): ("2022-09-30", "2022-10-31", "2022-11-19"),
    ("hyperliquid", "hyperliquid"): ("2025-05-01",),
}
"""Days as of which the real venues are judged, by venue and folder of the data."""


@dataclass(frozen=True)
class Venue:
    """An input, the home it is built in, and the day it is judged."""

    name: str
    venue: str
    raw_data: Path
    home: Path
    as_of_date: str

    def uses(self) -> pd.DataFrame:
        """The sample of who used what since when, built unless it is there."""
        query = "select * from int_recommendation_sample order by trader_id, item_id"
        query_date = "select cast(as_of_date as varchar) from int_as_of_date"
        database = self.home / "build" / "warehouse.duckdb"
        try:
            with duckdb.connect(str(database), read_only=True) as connection:
                is_built = connection.execute(query_date).fetchall() == [(self.as_of_date,)]
                if is_built:
                    return connection.sql(query).df()
        except duckdb.Error:
            pass
        database.parent.mkdir(parents=True, exist_ok=True)
        own = {"TRADER_SEGMENTS_HOME": str(self.home), "VENUE": self.venue}
        own |= {"RAW_DATA": str(self.raw_data), "DBT_TARGET_PATH": str(self.home / "target")}
        own |= {"DBT_LOG_PATH": str(self.home / "logs")}
        command = [str(Path(sys.executable).with_name("dbt")), "build", "--quiet"]
        command += ["--exclude-resource-type", "test", "unit_test"]
        command += ["--select", "+int_recommendation_sample"]
        command += ["--vars", json.dumps({"as_of_date": self.as_of_date})]
        subprocess.run(command, cwd=ROOT, env=os.environ | own, check=True)
        with duckdb.connect(str(database), read_only=True) as connection:
            return connection.sql(query).df()


def venues(work: Path, seeds: tuple[int, ...], data: Path | None) -> Iterator[Venue]:
    """The simulated venues, made where they are not there, and the real ones."""
    for seed in seeds:
        folder = work / "venues" / f"seed{seed}"
        if not (folder / "truth" / "traders.parquet").exists():
            simulate(folder, seed=seed)
        home = work / "homes" / f"seed{seed}"
        yield Venue(f"seed {seed}", "exchange", folder / "raw", home, "2026-06-30")
    for (venue, folder_name), days in REAL.items() if data else ():
        for day in days:
            home = work / "homes" / f"{venue}-{day}"
            yield Venue(f"{venue} {day}", venue, data / folder_name, home, day)


def cosine(used: FloatArray) -> FloatArray:
    """Item-to-item cosine, the textbook neighbour model."""
    together = used.T @ used
    sizes = np.sqrt(np.diag(together))
    weights = together / np.maximum(np.outer(sizes, sizes), 1e-12)
    np.fill_diagonal(weights, 0)
    return weights


def evaluate(venue: Venue, days: int, least_traders: int) -> list[dict[str, object]]:
    """A row per method: what it reached on one venue."""
    uses = venue.uses()
    last_day = dt.date.fromisoformat(venue.as_of_date)
    cut = last_day - dt.timedelta(days=days)
    chosen = choose_affinity(uses, cut, days=days, least_traders=least_traders)
    if chosen is None:
        return [{"venue": venue.name, "method": "nothing to learn from", "traders": 0}]
    matrix, affinity = chosen
    ranking = Ranking.of(matrix.used, matrix.begun_after(uses, cut, last_day))
    if not len(ranking.relevant):
        return [{"venue": venue.name, "method": "nobody to judge by", "traders": 0}]
    recent = UseMatrix.until(uses[_first_used(uses) > cut - dt.timedelta(days=56)], cut, 1)
    counts = dict(zip(recent.item_ids, recent.used.sum(axis=0), strict=True))
    shape = ranking.relevant.shape
    scores = {
        "random": np.random.default_rng(0).random(shape),
        "popularity": np.broadcast_to(matrix.used.sum(axis=0), shape),
        "begun in the last 8 weeks": np.broadcast_to(
            [float(counts.get(item, 0)) for item in matrix.item_ids], shape
        ),
        "cosine": ranking.used @ cosine(np.asarray(matrix.used.todense())),
        "regression alone": fit(matrix.used, affinity.penalty, 0).scores(ranking.used),
        f"ours (penalty {affinity.penalty:g}, rank {affinity.rank})": affinity.scores(ranking.used),
    }
    judged = {method: judge(np.asarray(found), ranking) for method, found in scores.items()}
    base = judged["popularity"].ndcg
    rows: list[dict[str, object]] = []
    for method, found in judged.items():
        gains = (found.ndcg - base) / base.mean()
        rows.append(
            {
                "venue": venue.name,
                "method": method,
                "traders": len(base),
                "NDCG@5": round(float(found.ndcg.mean()), 3),
                "hit rate": round(float(found.hit.mean()), 3),
                "gain": f"{gains.mean():+.0%}",
                "± (95 %)": f"{1.96 * gains.std() / np.sqrt(len(gains)):.0%}",
            }
        )
    return rows


def _first_used(uses: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(uses["first_used_on"]).dt.date


def main() -> None:
    """Print a table of all venues and methods."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    settings = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]["recommendations"]
    days, least_traders = settings["backtest_days"], settings["least_item_traders"]
    work, data = given.work.resolve(), given.data.resolve() if given.data else None
    for venue in venues(work, tuple(given.seeds), data):
        print(pd.DataFrame(evaluate(venue, days, least_traders)).to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
