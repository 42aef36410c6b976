"""Sample venues with known styles and the product built on them; what is there is kept."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from trader_segments.simulate import simulate

ROOT = Path(__file__).resolve().parents[2]
FIRST_DAY = dt.date(2026, 1, 2)
LAST_DAY = dt.date(2026, 6, 30)
PERIOD = dt.timedelta(days=28)
SCORING_DATES = tuple(LAST_DAY - PERIOD * back for back in range(4, -1, -1))
HISTORY = "+trader_segment_history"
"""What a style depends on; marts that describe segments are not needed."""

SINCE_A_DATE = f"int_as_of_date+,{HISTORY}"
"""Of that, what another scoring date changes: staging and facts are not built again."""


@dataclass(frozen=True)
class Venue:
    """A simulated venue and the home of the builds on it.

    Attributes
    ----------
    folder : holds `raw/` and `truth/`
    home : TRADER_SEGMENTS_HOME, holds `build/warehouse.duckdb`
    """

    seed: int
    perturbation: float
    folder: Path
    home: Path

    @classmethod
    def of(cls, work: Path, seed: int, perturbation: float = 0.0) -> Venue:
        """The venue of one seed in a working folder."""
        name = f"seed{seed}" + (f"-perturbed-{perturbation:g}" if perturbation else "")
        return cls(seed, perturbation, work / "venues" / name, work / "homes" / name)

    def make(self) -> None:
        """Simulate 2,000 traders over 180 days, unless that is done."""
        if not (self.folder / "truth" / "traders.parquet").exists():
            say(f"simulating {self.folder.name}")
            simulate(self.folder, seed=self.seed, perturbation=self.perturbation)

    def build_features(self) -> None:
        """Build `trader_features` as of the last day, unless they are there."""
        if self._dates("select as_of_date from int_as_of_date, trader_features limit 1"):
            return
        say(f"building the features of {self.folder.name}")
        self._dbt("+trader_features", LAST_DAY)

    def build_history(self) -> None:
        """Score as of each date in turn, the first model fitted on the first, where not done."""
        done = self._dates("select distinct as_of_date from trader_segment_history")
        for date in SCORING_DATES:
            if date not in done:
                say(f"scoring {self.folder.name} as of {date}")
                self._dbt(SINCE_A_DATE if done else HISTORY, date)
                done = {*done, date}

    def features(self) -> pd.DataFrame:
        """`trader_features` as of the last build, ordered by trader."""
        return self._read("select * from trader_features order by trader_id")

    def history(self) -> pd.DataFrame:
        """`trader_id`, `as_of_date`, `style`, `style_probability`, `model_version`."""
        return read_history(self.home)

    def truth(self) -> pd.DataFrame:
        """What was planted, one row per trader."""
        return read_truth(self.folder / "truth")

    def _dates(self, query: str) -> set[dt.date]:
        """Dates in the warehouse; none where it or its tables are not there yet."""
        try:
            rows = self._read(query)
        except duckdb.Error:
            return set()
        return set(pd.to_datetime(rows["as_of_date"]).dt.date)

    def _read(self, query: str) -> pd.DataFrame:
        return _query(self.home, query)

    def _dbt(self, selection: str, date: dt.date) -> None:
        (self.home / "build").mkdir(parents=True, exist_ok=True)
        log = self.home / f"{date}.log"
        settings = {
            "TRADER_SEGMENTS_HOME": self.home,
            "RAW_DATA": self.folder / "raw",
            "VENUE": "exchange",
            "DBT_TARGET_PATH": self.home / "target",
            "DBT_LOG_PATH": self.home / "logs",
        }
        with log.open("w") as output:
            result = subprocess.run(
                [
                    *(sys.executable, "-m", "dbt.cli.main", "build", "--select", selection),
                    *("--exclude-resource-type", "unit_test", "test"),
                    *("--vars", f"{{as_of_date: '{date}'}}"),
                ],
                cwd=ROOT,
                env=os.environ | {name: str(value) for name, value in settings.items()},
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if result.returncode:
            raise RuntimeError(f"dbt failed, see {log}")


def read_history(home: Path) -> pd.DataFrame:
    """Styles of all scoring dates in the warehouse of a home, dates as `datetime.date`."""
    rows = _query(
        home,
        "select trader_id, as_of_date, style, style_probability, model_version "
        "from trader_segment_history order by trader_id, as_of_date",
    )
    rows["as_of_date"] = pd.to_datetime(rows["as_of_date"]).dt.date
    return rows


def read_truth(folder: Path) -> pd.DataFrame:
    """The planted traders; `moves_on` is the date of a mover's first day with another style."""
    traders = pd.read_parquet(folder / "traders.parquet")
    day = pd.to_timedelta(traders["mover_day"].astype("Float64"), unit="D")
    return traders.assign(moves_on=pd.Timestamp(FIRST_DAY) + day)


def _query(home: Path, query: str) -> pd.DataFrame:
    with duckdb.connect(str(home / "build" / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(query).df()


def say(text: str) -> None:
    print(f"{dt.datetime.now():%H:%M:%S} {text}", flush=True)
