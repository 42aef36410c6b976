"""Styles on two real venues: how many traders keep theirs, what drifts, how stable the model is.

Run from the project's root: python benchmarks/segmentation/real_venues.py [data] [work]
`data` has the folders `polymarket_2022_midterms` and `hyperliquid` (default ../shared/data); it is
only read. Each venue is built in `work` (default: a temporary folder) as of a middle of its period
and, with the model of the middle, as of its end; then at the end with the project's own policy of
refits, and apart with a model that is fitted there alone. There are two middles: that of the time,
and that of the trades, which come late.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pandas as pd

ROOT = Path(__file__).parents[2]
VENUES = {
    "polymarket": ("polymarket_2022_midterms", ("2022-06-16", "2022-11-04"), "2022-11-19"),
    "hyperliquid": ("hyperliquid", ("2025-01-09", "2025-04-15"), "2025-05-01"),
}
"""Folder of the data, days of the middles (of the time, of the trades), last day."""
NEVER = {"every_days": None, "pause_days": 100_000, "alarm_share": 1, "outlier_ratio": 1}
MARTS = (
    "trader_segments",
    "trader_features",
    "feature_drift",
    "segment_drift",
    "segmentation_quality",
    "segmentation_models",
)


def built(
    home: Path, venue: str, raw_data: Path, as_of_date: str, **settings: object
) -> dict[str, pd.DataFrame]:
    """Build and test a venue as of a date and return its published marts."""
    own = {"TRADER_SEGMENTS_HOME": str(home), "VENUE": venue, "RAW_DATA": str(raw_data)}
    own |= {"DBT_TARGET_PATH": str(home / "target"), "DBT_LOG_PATH": str(home / "logs")}
    (home / "build").mkdir(parents=True, exist_ok=True)
    command = [str(Path(sys.executable).with_name("dbt")), "build", "--quiet"]
    command += ["--exclude-resource-type", "unit_test"]
    command += ["--vars", json.dumps({"as_of_date": as_of_date, **settings})]
    subprocess.run(command, cwd=ROOT, env=os.environ | own, check=True)
    database = (home / "published" / "marts.duckdb").resolve()
    with duckdb.connect(str(database), read_only=True) as connection:
        return {mart: connection.table(f"marts.{mart}").df() for mart in MARTS}


def measure(venue: str, data: Path, work: Path) -> None:
    """Build one venue at its dates and print what came of it."""
    folder, middles, end_date = VENUES[venue]
    afresh = built(work / f"{venue}_afresh", venue, data / folder, end_date)
    for middle_date in middles:
        home = work / f"{venue}_{middle_date}"
        middle = built(home, venue, data / folder, middle_date)
        end = built(home, venue, data / folder, end_date, segmentation_refits=NEVER)
        policy = built(home, venue, data / folder, end_date)
        print(f"\n# {venue}: {middle_date} and {end_date}")
        report({"middle": middle, "end": end, "end, fitted there": afresh})
        for version in policy["segmentation_models"].itertuples():
            print(f"policy: {version.model_version} {version.status}: {version.why}")


def report(builds: dict[str, dict[str, pd.DataFrame]]) -> None:
    """Print models, styles, moves, drift and measures of three builds."""
    middle, end, afresh = (marts["trader_segments"] for marts in builds.values())
    for name, marts in builds.items():
        models = marts["segmentation_models"].set_index("model_version")
        used = models.loc[marts["trader_segments"]["model_version"].iloc[0]]
        print(f"model, {name}: of {used['as_of_date']:%Y-%m-%d}, {used['why']}")
    styles = {name: m["trader_segments"]["style"].value_counts() for name, m in builds.items()}
    print(pd.DataFrame(styles).fillna(0).astype(int).to_string())
    _print_moves(middle, end)
    _print_agreement(end, afresh)
    _print_drift(builds["end"])
    measures = {}
    for name, marts in builds.items():
        quality = marts["segmentation_quality"].set_index("measure")
        measures[name] = quality.loc[quality["threshold"].notna(), "value"]
        measures["bar"] = (
            quality["threshold"].dropna().combine_first(measures.get("bar", pd.Series(dtype=float)))
        )
    print(pd.DataFrame(measures).round(3).to_string(na_rep="-"))


def _print_moves(middle: pd.DataFrame, end: pd.DataFrame) -> None:
    both = middle.merge(end, on="trader_id", suffixes=("_middle", "_end"))
    present = both[both["style_middle"].ne("dormant") & both["style_end"].ne("dormant")]
    print(f"scored at both dates: {len(both)}; the same style: {_share(both)}")
    print(f"dormant at neither: {len(present)}; the same style: {_share(present)}")
    print(pd.crosstab(both["style_middle"], both["style_end"]).to_string())


def _share(both: pd.DataFrame) -> str:
    return f"{both['style_middle'].eq(both['style_end']).mean():.3f}" if len(both) else "-"


def _print_agreement(frozen: pd.DataFrame, afresh: pd.DataFrame) -> None:
    both = frozen.merge(afresh, on="trader_id", suffixes=("_middle", "_end"))
    active = both[both["style_end"].ne("dormant")]
    print(f"not dormant at the end: {len(active)}; the model of the middle, with hysteresis, and")
    print(f"  one fitted at the end give the same style: {_share(active)}")


def _print_drift(end: dict[str, pd.DataFrame]) -> None:
    for mart, column in (("feature_drift", "feature_name"), ("segment_drift", "segment_id")):
        drift = end[mart]
        drift = drift[drift["as_of_date"].eq(drift["as_of_date"].max())]
        judged, alarms = drift[drift["is_alarm"].notna()], drift[drift["is_alarm"].fillna(False)]
        print(f"{mart}: {len(alarms)} alarms of {len(judged)} judged, {len(drift)} in all")
        if mart == "feature_drift":
            print(drift["reading"].value_counts().to_string())
            alarms = alarms.sort_values("psi", ascending=False)[[column, "psi", "reading"]]
        else:
            alarms = alarms[[column, "reference_share", "current_share"]]
        print(alarms.round(3).to_string(index=False) if len(alarms) else "  none")


def main(data: Path, work: Path) -> None:
    """Measure each venue."""
    for venue in VENUES:
        measure(venue, data, work)


if __name__ == "__main__":
    given = [Path(argument).resolve() for argument in sys.argv[1:]]
    source = given[0] if given else ROOT.parent / "shared" / "data"
    if len(given) > 1:
        main(source, given[1])
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(source, Path(folder))
