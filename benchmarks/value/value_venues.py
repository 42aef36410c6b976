"""Simulated venues that are known for a year, with half a year to come; what is there is kept."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from oracle import oracle_forecast, true_rates

from trader_segments.simulate import simulate

ROOT = Path(__file__).resolve().parents[2]
LAST_DAY = dt.date(2026, 6, 30)
WEEKS = 26
CUT = LAST_DAY - dt.timedelta(weeks=WEEKS)
MODELS = "+int_trader_value_histories int_venue_value_periods"

FUTURE = """
with fees as (
    select trader_id, event_date,
        coalesce(fee_paid_usd, 0) - coalesce(rebate_usd, 0) as value_usd, 1 as is_active
    from int_trader_days
), incentives as (
    select trader_id, cast(paid_at as date) as event_date, -amount_usd as value_usd, 0 as is_active
    from stg_incentives
)
select
    trader_id,
    sum(case when event_date > $cut then value_usd else 0 end)::double as future_value,
    count(distinct case when event_date > $cut and is_active = 1
        then (event_date - $cut - 1) // 7 end) as future_active_weeks,
    -sum(case when is_active = 0 then value_usd else 0 end)::double as incentives
from (from fees union all from incentives)
group by 1 order by 1
"""


@dataclass(frozen=True)
class Venue:
    """A simulated venue and the home of the builds on it."""

    seed: int
    traders: int
    days: int
    folder: Path
    home: Path

    @classmethod
    def of(cls, work: Path, seed: int, traders: int, days: int) -> Venue:
        """The venue of one seed in a working folder."""
        name = f"seed{seed}"
        return cls(seed, traders, days, work / "venues" / name, work / "homes" / name)

    def make(self) -> None:
        """Simulate, unless that is done."""
        if not (self.folder / "truth" / "traders.parquet").exists():
            say(f"simulating {self.folder.name}")
            simulate(self.folder, traders=self.traders, days=self.days, seed=self.seed)

    def build(self) -> None:
        """Build what forecasts read as of the cut, unless that is done."""
        if self._is_built():
            return
        say(f"building {self.folder.name} as of {CUT}")
        (self.home / "build").mkdir(parents=True, exist_ok=True)
        log = self.home / "build.log"
        settings = {
            "TRADER_SEGMENTS_HOME": self.home,
            "RAW_DATA": self.folder / "raw",
            "VENUE": "exchange",
            "DBT_TARGET_PATH": self.home / "target",
            "DBT_LOG_PATH": self.home / "logs",
        }
        command = [
            *(sys.executable, "-m", "dbt.cli.main", "build", "--select", *MODELS.split()),
            *("--exclude-resource-type", "unit_test", "test"),
            *("--vars", f"{{as_of_date: '{CUT}'}}"),
        ]
        with log.open("w") as output:
            result = subprocess.run(
                command,
                cwd=ROOT,
                env=os.environ | {name: str(value) for name, value in settings.items()},
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if result.returncode:
            raise RuntimeError(f"dbt failed, see {log}")

    def histories(self) -> pd.DataFrame:
        """`int_trader_value_histories` as of the cut, ordered."""
        return self._read(
            "select * from int_trader_value_histories where holdout_weeks = 0 order by trader_id"
        )

    def market(self) -> pd.DataFrame:
        """`int_venue_value_periods` as of the cut."""
        return self._read("select * from int_venue_value_periods order by weeks_ago")

    def future(self) -> pd.DataFrame:
        """`trader_id`, `future_value`, `future_active_weeks` of the weeks after the cut, and
        `incentives`, all that was ever paid to the trader."""
        return self._read(FUTURE, {"cut": CUT})

    def oracle(self, histories: pd.DataFrame, future: pd.DataFrame) -> np.ndarray:
        """Expected value of the weeks to come by true rates; incentives go on as they ever were."""
        path = self.home / "rates.parquet"
        if not path.exists():
            say(f"asking the oracle of {self.folder.name}")
            true_rates(self.seed, self.traders, self.days).to_parquet(path)
        rates = pd.read_parquet(path).set_index("trader_id")
        lived = (rates["leave_day"] - rates["join_day"]) / 7
        paid = future.set_index("trader_id")["incentives"].reindex(rates.index).fillna(0.0)
        rates["weekly_fee"] -= paid / lived
        known = rates.loc[histories["trader_id"]]
        silence = (histories["periods"] - histories["recency"]).to_numpy()
        return oracle_forecast(known, silence, self.days - 7 * WEEKS, WEEKS)[0]

    def _is_built(self) -> bool:
        try:
            rows = self._read(
                "select as_of_date from int_as_of_date, int_trader_value_histories limit 1"
            )
        except duckdb.Error:
            return False
        return bool(set(pd.to_datetime(rows["as_of_date"]).dt.date) == {CUT})

    def _read(self, query: str, parameters: dict[str, object] | None = None) -> pd.DataFrame:
        path = self.home / "build" / "warehouse.duckdb"
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(query, parameters or {}).df()


def say(text: str) -> None:
    print(f"{dt.datetime.now():%H:%M:%S} {text}", flush=True)
