"""Warehouses that tests build with dbt, each in a home of its own."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

from forked_commands import run_forked

_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_YAML_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ("dbt_project.yml", "profiles.yml", "models", "python_models", "macros", "seeds", "tests")
PARSED = "partial_parse.msgpack"
TESTS = ("data_tests", "unit_tests")
SHARED_DATA = ROOT.parent / "shared" / "data"

# What differs between two builds of the same input.
STAMPS = {"source_health": ["build_id"], "segmentation_models": ["fitted_at"]}

SEGMENT_COLUMNS = (
    "trader_id as_of_date segment_id segment_name style style_probability value_tier risk_appetite "
    "lifecycle_stage micro_segment_id is_outlier top_reasons segment_since previous_segment_id "
    "model_version"
)
MART_COLUMNS = {
    mart: columns.split()
    for mart, columns in {
        "trader_features": "trader_id as_of_date fill_count notional_usd net_fee_usd "
        "realized_pnl_usd maker_share active_weeks",
        "feature_catalog": "feature_name feature_group description unit transform "
        "used_in_segmentation coverage",
        "trader_segments": SEGMENT_COLUMNS,
        "trader_segment_history": SEGMENT_COLUMNS,
        "segment_summary": "segment_id as_of_date segment_name style value_tier traders "
        "trader_share volume_usd net_revenue_usd expected_value_usd churn_probability "
        "gross_vega_usd net_vega_usd leverage maker_share retention active_traders "
        "earlier_active_traders retained_traders",
        "segment_summary_history": "segment_id as_of_date segment_name traders trader_share "
        "volume_usd net_revenue_usd retention",
        "trader_fee_tiers": "trader_id as_of_date tier tier_name reached_by trailing_volume_usd "
        "next_tier next_tier_volume_gap_usd next_tier_volume_gap_share projected_volume_usd "
        "downgrade_probability",
        "segment_migration": "from_segment_id to_segment_id period_start_date period_end_date "
        "traders from_segment_share net_revenue_usd",
        "segment_profiles": "segment_id feature_name as_of_date traders lower_quartile median "
        "upper_quartile z_score",
        "retention_cohorts": "cohort_week weeks_since week_start_date as_of_date traders active "
        "retention revenue_usd is_observed",
        "segment_survival": "segment_id weeks_since as_of_date at_risk events censored survival "
        "standard_error survival_low survival_high median_weeks",
        "segment_reactivation": "segment_id silence_weeks within_weeks as_of_date silences "
        "returned reactivation not_observed",
        "micro_segments": "micro_segment_id as_of_date style micro_segment_name description "
        "traders style_share jaccard fidelity description_precision model_version",
        "feature_drift": "feature_name as_of_date psi alarm_threshold is_alarm reading "
        "reference_traders current_traders",
        "segment_drift": "segment_id as_of_date reference_share current_share share_shift "
        "alarm_threshold is_alarm reference_traders current_traders",
        "segmentation_quality": "model_version measure value threshold passed",
        "segmentation_models": "model_version fitted_at as_of_date trained_rows parameters status "
        "why",
        "trader_lifetime_value": "trader_id as_of_date historic_net_value_usd probability_active "
        "expected_active_weeks_26w expected_value_usd_13w expected_value_usd_13w_low "
        "expected_value_usd_13w_high expected_value_usd_26w expected_value_usd_26w_low "
        "expected_value_usd_26w_high expected_value_usd_52w expected_value_usd_52w_low "
        "expected_value_usd_52w_high value_rank fallback_level model_version",
        "value_models": "model_version as_of_date style part parameter value trained_traders",
        "value_quality": "model_version as_of_date measure population value baseline threshold "
        "passed holdout_weeks value_basis why",
        "trader_due_diligence": "trader_id as_of_date level verification_status points floors "
        "factors next_review_due_on is_overdue hold_reason ruleset_version",
        "trader_due_diligence_history": "trader_id valid_from valid_to level previous_level points "
        "floors factors ruleset_version",
        "due_diligence_rulesets": "ruleset_version rule_id fact factor points floor is_hold source",
        "verification_service_levels": "week_start_date submitted verified median_hours_to_verify "
        "within_target_share is_met",
        "trader_risk_profile": "trader_id as_of_date risk_score risk_rank risk_tier factors "
        "monitoring_intensity service_access tail_loss_usd",
        "account_segments": "account_id trader_id as_of_date account_type margin_mode pool_id "
        "equity_bucket purpose isolation_breach_count",
        "pool_exposure": "pool_id segment_id as_of_date equity_usd delta_usd gamma_usd vega_usd "
        "loss_spot_down_40_usd worst_loss_usd pool_share largest_trader_share",
        "pool_scenario_losses": "pool_id segment_id scenario_id as_of_date position_loss_usd "
        "collateral_loss_usd gross_loss_usd shortfall_usd",
        "pool_contagion": "from_pool_id to_pool_id as_of_date shared_trader_count "
        "carried_loss_usd carried_loss_share blast_radius_share",
        "trader_churn": "trader_id as_of_date churn_probability horizon_weeks churn_band "
        "top_reasons value_churn_probability model_version is_at_risk not_at_risk_because",
        "churn_models": "model_version as_of_date target method status why trained_rows parameters",
        "churn_quality": "as_of_date target predictor model_version measure value threshold passed",
        "trader_recommendations": "trader_id rank as_of_date action_id kind score reason "
        "is_eligible ineligible_because",
        "recommendation_quality": "measure as_of_date value baseline threshold passed",
        "calendar": "calendar_date",
        "campaign_audiences": "campaign_id trader_id as_of_date arm suppressed_because is_active "
        "assigned_on",
        "audience_changes": "campaign_id trader_id as_of_date change arm suppressed_because "
        "is_active",
        "campaign_results": "campaign_id segment_id as_of_date treated control not_yet_observed "
        "net_revenue_uplift_usd net_revenue_uplift_low_usd net_revenue_uplift_high_usd "
        "net_revenue_minimum_traders retention_uplift retention_uplift_low retention_uplift_high",
        "campaign_qini": "campaign_id targeted_share as_of_date treated control "
        "net_revenue_uplift_usd random_uplift_usd qini_coefficient_usd",
        "hypothetical_instrument_shares": "instrument_name segment_id as_of_date kind underlying "
        "instrument_class traders choices expected_share expected_share_low expected_share_high "
        "popular_share unknown_because",
        "choice_quality": "segment_id as_of_date expiries choices actual_share predicted_share "
        "popular_share predicted_error popular_error predicted_rank_correlation "
        "popular_rank_correlation covered_share model_error",
        "fee_sensitivity": "segment_id as_of_date traders fee_changes mean_change_bps fee_bps "
        "log_volume_per_bp log_volume_per_bp_low log_volume_per_bp_high detectable_per_bp "
        "breakeven_per_bp unknown_because",
        "fee_schedule_scenarios": "schedule segment_id tier as_of_date traders gaining_traders "
        "losing_traders charged_usd present_fee_usd fee_usd venue_change_usd "
        "venue_change_with_response_usd",
        "fee_tier_gaming": "trader_id as_of_date group_trader_id group_traders tier group_tier "
        "is_paid_repeatedly wash_volume_usd tier_without_wash is_washed_up api_share",
        "rebate_efficiency": "segment_id as_of_date traders paid_traders maker_notional_usd "
        "net_fee_usd paid_usd net_revenue_usd rebate_per_maker_bps net_revenue_per_paid_usd "
        "provided_half_spread_bps",
        "tier_nudges": "trader_id as_of_date tier next_tier next_tier_volume_gap_usd "
        "trader_saving_usd venue_net_usd breakeven_volume_usd probability_anyway is_in_reach "
        "expected_venue_net_usd is_worthwhile",
        "rejected_rows": "rejected_row_id source_table row_key reason raw_values ingested_at",
        "source_health": "source_table is_present rows_read rows_staged rows_rejected "
        "rows_duplicate first_event_at last_event_at build_id",
    }.items()
}


@dataclass(frozen=True)
class Run:
    """A finished command."""

    succeeded: bool
    output: str


@dataclass(frozen=True)
class Home:
    """A place to build in: base folder, input, and the dbt project that builds."""

    path: Path
    raw_data: Path
    venue: str = "exchange"
    project: Path = ROOT
    timeout: int = 1200

    @property
    def published(self) -> Path:
        return self.path / "published"

    @property
    def warehouse(self) -> Path:
        return self.path / "build" / "warehouse.duckdb"

    def dbt(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Run:
        """Run dbt in a process of its own."""
        return self._run("dbt", arguments, environment)

    def trader_segments(self, *arguments: str) -> Run:
        """Run the command that `make build` runs."""
        return self._run("trader-segments", arguments, None)

    def _run(
        self, command: str, arguments: Sequence[str], environment: Mapping[str, str] | None
    ) -> Run:
        own = ("DBT_", "TRADER_SEGMENTS_", "VENUE", "RAW_DATA")
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(own)}
        output = self.path / f"{command}.txt"
        self._link_project()
        code = run_forked(
            command,
            arguments,
            folder=self.path,
            environment={
                **inherited,
                "TRADER_SEGMENTS_HOME": ".",
                "DBT_TARGET_PATH": "target",
                "DBT_LOG_PATH": "logs",
                "VENUE": self.venue,
                "RAW_DATA": self._link_raw_data(),
                "NO_COLOR": "1",
                "DBT_USE_COLORS": "false",
                **(environment or {}),
            },
            output=output,
            timeout=self.timeout,
        )
        self._share_parse()
        return Run(code == 0, output.read_text(encoding="utf-8"))

    def _link_project(self) -> None:
        """Make the home a project of the same files, with what dbt read of it in another home.

        dbt takes that where the settings are the same, so every path in them is relative.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        for entry in PROJECT:
            link, linked = self.path / entry, self.project / entry
            if link.is_symlink() and link.readlink() != linked:
                link.unlink()
            if not link.exists() and linked.exists():
                link.symlink_to(linked)
        parsed = self.path / "target" / PARSED
        if self._shared_parse.exists() and not parsed.exists():
            parsed.parent.mkdir(exist_ok=True)
            shutil.copyfile(self._shared_parse, parsed)

    def _link_raw_data(self) -> str:
        """A link in the home to the first input that it got; of another input the path."""
        link = self.raw_link
        if not link.exists() and self.raw_data.is_dir():
            link.symlink_to(self.raw_data)
        is_linked = link.is_symlink() and link.readlink() == self.raw_data
        return link.name if is_linked else str(self.raw_data)

    @property
    def raw_link(self) -> Path:
        """By this name the first input is known to a build."""
        return self.path / "raw_data"

    @property
    def _shared_parse(self) -> Path:
        return self.project.with_name(f"{self.project.name}_{PARSED}")

    def _share_parse(self) -> None:
        parsed = self.path / "target" / PARSED
        if self.project != ROOT and parsed.exists() and not self._shared_parse.exists():
            copy = self._shared_parse.with_suffix(f".{os.getpid()}")
            shutil.copyfile(parsed, copy)
            copy.replace(self._shared_parse)

    def manifest(self) -> dict[str, Any]:
        """The manifest that readers see."""
        text = (self.published / "marts" / "manifest.json").read_text(encoding="utf-8")
        manifest: dict[str, Any] = json.loads(text)
        return manifest

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the published database."""
        database = (self.published / "marts.duckdb").resolve()
        with duckdb.connect(str(database), read_only=True) as connection:
            connection.execute("use marts")
            rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return rows

    def query_warehouse(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the working database."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return rows

    def contents(self) -> dict[str, pa.Table]:
        """Every published mart, rows in order, without the stamps of the build."""
        folder = (self.published / "marts").resolve()
        return {
            mart: pq.read_table(folder / f"{mart}.parquet").drop_columns(STAMPS.get(mart, []))
            for mart in self.manifest()["marts"]
        }


def must(run: Run) -> Run:
    """The run, which has to be a success."""
    lines = [line for line in run.output.splitlines() if not re.search(r"SKIP|PASS|OK|START", line)]
    assert run.succeeded, "\n".join(lines[-60:])
    return run


def differences(
    left: Mapping[str, pa.Table], right: Mapping[str, pa.Table], marts: Iterable[str] = ()
) -> list[str]:
    """The marts, of all or of those named, that differ between two builds, with a first row."""
    found = [f"only one has {mart}" for mart in left.keys() ^ right.keys()]
    for mart in sorted(marts or left.keys() & right.keys()):
        if left[mart].equals(right[mart]):
            continue
        ours, theirs = left[mart].to_pylist(), right[mart].to_pylist()
        only_ours = next((row for row in ours if row not in theirs), None)
        only_theirs = next((row for row in theirs if row not in ours), None)
        found.append(f"{mart}: {len(ours)} and {len(theirs)} rows\n{only_ours}\n{only_theirs}")
    return found


# DECIMALs of marts that are made of DOUBLEs.
FROM_DOUBLES = {
    "trader_features": ["open_position_usd"],
    "trader_fee_tiers": ["projected_volume_usd"],
    "trader_lifetime_value": [
        "expected_value_per_active_week_usd",
        *(
            f"expected_value_usd_{weeks}w{end}"
            for weeks in (13, 26, 52)
            for end in ("", "_low", "_high")
        ),
    ],
    "tier_nudges": [
        *("gap_fee_usd", "venue_net_usd", "breakeven_volume_usd", "expected_venue_net_usd"),
    ],
    "fee_schedule_scenarios": ["venue_change_with_response_usd"],
    "trader_risk_profile": ["tail_loss_usd"],
    "account_segments": ["notional_usd"],
    "pool_exposure": [
        *("notional_usd", "delta_usd", "gross_delta_usd", "gamma_usd", "vega_usd"),
        *("gross_vega_usd", "worst_loss_usd"),
        *(f"loss_spot_{move}_usd" for move in ("down_40", "down_20", "down_10")),
        *(f"loss_spot_{move}_usd" for move in ("up_10", "up_20", "up_40")),
        *(f"loss_volatility_{move}_usd" for move in ("down_50", "down_25", "up_25", "up_50")),
    ],
    "pool_scenario_losses": [
        *("position_loss_usd", "collateral_loss_usd", "gross_loss_usd", "shortfall_usd"),
    ],
    "pool_contagion": [
        *("pool_loss_usd", "pool_shortfall_usd", "carried_loss_usd", "unabsorbed_loss_usd"),
    ],
}


_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")


def unlike(left: Mapping[str, pa.Table], right: Mapping[str, pa.Table]) -> list[str]:
    """What differs between the marts of two engines: keys, texts, DECIMALs and dates by anything,
    DOUBLEs by more than 1e-9 of their size, or of 1 where they are smaller.

    A version of the model is named for the last digits of its parameters, which are DOUBLEs: of
    the name only the date has to be the same, and the parameters are compared number by number.
    """
    found = [f"only one has {mart}" for mart in left.keys() ^ right.keys()]
    for mart in sorted(left.keys() & right.keys()):
        ours, theirs = (_without_digest(table[mart]) for table in (left, right))
        if set(ours.column_names) != set(theirs.column_names) or len(ours) != len(theirs):
            found.append(f"{mart}: {ours.shape} and {theirs.shape}")
            continue
        doubles = [field.name for field in ours.schema if pa.types.is_floating(field.type)]
        doubles += FROM_DOUBLES.get(mart, [])
        texts = ["parameters"] if mart in ("segmentation_models", "churn_models") else []
        exact = [name for name in ours.column_names if name not in [*doubles, *texts]]
        ours, theirs = (
            table.select([*exact, *doubles, *texts]).sort_by(
                [(name, "ascending") for name in exact]
            )
            for table in (ours, theirs)
        )
        for name in exact:
            pairs = zip(ours[name].to_pylist(), theirs[name].to_pylist(), strict=True)
            unequal = [(a, b) for a, b in pairs if a != b]
            if unequal:
                found.append(f"{mart}.{name}: {len(unequal)} rows, the first {unequal[0]}")
        for name in doubles:
            a, b = (table[name].cast("double").to_numpy() for table in (ours, theirs))
            far = ~_close(a, b)
            if far.any():
                row = int(np.argmax(far))
                found.append(f"{mart}.{name}: {far.sum()} rows, the first {a[row]} and {b[row]}")
        for name in texts:
            for pair in zip(ours[name].to_pylist(), theirs[name].to_pylist(), strict=True):
                a, b = (_NUMBER.split(text or "") for text in pair)
                numbers = [np.array(parts[1::2], dtype=np.float64) for parts in (a, b)]
                if a[::2] != b[::2] or not _close(*numbers).all():
                    found.append(f"{mart}.{name}: {str(pair[0])[:200]} and {str(pair[1])[:200]}")
    return found


def _without_digest(mart: pa.Table) -> pa.Table:
    """The mart with names of versions cut to their date."""
    if "model_version" not in mart.column_names:
        return mart
    position = mart.column_names.index("model_version")
    dates = pc.utf8_slice_codeunits(mart["model_version"], 0, len("2026-06-30"))
    return mart.set_column(position, "model_version", dates)


def _close(a: Any, b: Any) -> Any:
    return np.isclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True)


def registered_features(project: Path = ROOT) -> dict[str, dict[str, Any]]:
    """The columns of vars.trader_features by name."""
    settings = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))
    return {
        column["name"]: column
        for group in settings["vars"]["trader_features"]
        for column in group["columns"]
    }


def change_settings(project: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what dbt_project.yml of a copied project says."""
    path = project / "dbt_project.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(settings)
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def copy_project(target: Path, *, without: Iterable[str] = ()) -> Path:
    """A copy of the dbt project to be changed by a test, `without` data_tests or unit_tests.

    These are left out rather than disabled: dbt would parse them all the same, for seconds.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    kinds = set(without)
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if not name or name.startswith((".", "src/", "tests/python/")) or not path.is_file():
            continue
        if "data_tests" in kinds and fnmatch(name, "tests/*.sql") and "/generic/" not in name:
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if kinds and name.endswith(".yml") and name.startswith(("models/", "seeds/", "python_")):
            properties = yaml.load(path.read_bytes(), _YAML_LOADER)
            kept = yaml.dump(_lacking(properties, kinds), Dumper=_YAML_DUMPER, sort_keys=False)
            (target / name).write_text(kept, encoding="utf-8")
        else:
            shutil.copyfile(path, target / name)
    return target


def _lacking(properties: Any, keys: set[str]) -> Any:
    """Properties of a YAML file without keys, at any depth."""
    if isinstance(properties, dict):
        return {key: _lacking(value, keys) for key, value in properties.items() if key not in keys}
    if isinstance(properties, list):
        return [_lacking(value, keys) for value in properties]
    return properties


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], *, encoding: str = "utf-8") -> Path:
    """Rows as CSV, gzipped where the name ends in .gz; None is an empty value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode(encoding)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def require_data(name: str) -> Path:
    """A folder of ../shared/data; without it the test is skipped."""
    folder = SHARED_DATA / name
    if not folder.is_dir():
        pytest.skip(
            f"../shared/data/{name} is not here: the real venues' exports are not committed"
        )
    return folder


# A venue small enough to be read at a glance: four instruments of one coin, ten accounts.

INSTRUMENTS = [
    {
        "instrument_id": name,
        "kind": kind,
        "underlying": "BTC",
        "quote_currency": quote,
        "settlement_currency": settlement,
        "is_inverse": inverse,
        "contract_multiplier": multiplier,
        "option_type": option_type,
    }
    for name, kind, quote, settlement, inverse, multiplier, option_type in (
        ("BTC-PERPETUAL", "perpetual", "USD", "BTC", "true", "10", None),
        ("BTC_USDC-PERPETUAL", "perpetual", "USDC", "USDC", "false", "0.001", None),
        ("BTC-27JUN25-90000-C", "option", "BTC", "BTC", "true", "1", "call"),
        ("BTC_USDC", "spot", "USDC", "USDC", "false", "1", None),
    )
]
PRICES = {
    "BTC-PERPETUAL": "84000.5",
    "BTC_USDC-PERPETUAL": "84010",
    "BTC-27JUN25-90000-C": "0.0415",
    "BTC_USDC": "84005.25",
}
DAYS = [f"2025-03-{day:02d}" for day in range(1, 13)]


def small_fills(days: Sequence[str]) -> list[dict[str, Any]]:
    """Fills of ten accounts on the given days, the same ones for the same day."""
    names = list(PRICES)
    rows = []
    for day in days:
        number = int(day[-2:])
        for account in range(10):
            for step in range((number + account) % 4 + (account % 3 == 0)):
                name = names[(account + step + number // 5) % len(names)]
                rows.append(
                    {
                        "fill_id": f"F{number:02d}-{account}-{step}",
                        "account_id": f"A{account}",
                        "instrument_id": name,
                        "executed_at": f"{day} {(7 * account + 5 * step) % 24:02d}:{number:02d}:30",
                        "side": "buy" if (account + step + number) % 2 else "sell",
                        "quantity": str((account + 1) * (step + 2)),
                        "price": PRICES[name],
                        "fee": f"0.000{account}1" if "USDC" not in name else f"{account - 2}.25",
                        "fee_currency": "USDC" if "USDC" in name else "BTC",
                        "liquidity_role": "maker" if account % 3 == 0 else "taker",
                        "ingested_at": f"{day} 23:59:59",
                    }
                )
    return rows


def small_accounts() -> list[dict[str, Any]]:
    """Accounts A0 and A1 of trader T0, the others of one trader each; T10 has never traded."""
    return [
        {
            "account_id": f"A{number}",
            "trader_id": f"T{number if number > 1 else 0}",
            "account_type": "sub" if number == 1 else "main",
            "opened_at": "2025-02-01 00:00:00",
        }
        for number in range(11)
    ]


def small_prices(days: Sequence[str]) -> list[dict[str, Any]]:
    """Two prices of BTC a day."""
    return [
        {
            "asset": "BTC",
            "priced_at": f"{day} {hour}:00:00",
            "price_usd": str(price + int(day[-2:])),
        }
        for day in days
        for hour, price in (("00", 84000), ("16", 84100))
    ]
