"""Who changed style from one scoring date to the next, and whether the trader had changed.

From the project's root: python benchmarks/segmentation/moves.py <home> <truth>
<home> is a TRADER_SEGMENTS_HOME whose warehouse has been scored at consecutive dates, <truth> the
folder `truth` of its venue.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from venues import read_history, read_truth

FACTS = ("dormant", "unclassified")
"""Styles that say what is, silence or doubt, rather than how somebody trades."""

PERIODS_TO_FIND = 2


def style_moves(history: pd.DataFrame) -> pd.DataFrame:
    """Each trader's style at a date and at the date before; `trader_id`, `as_of_date`, both."""
    ordered = history.sort_values(["trader_id", "as_of_date"])
    before = ordered.groupby("trader_id")["style"].shift()
    return ordered.assign(before=before)[before.notna()]


def false_moves(history: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """By scoring date: moves of traders whose planted style never changes.

    Returns
    -------
    `traders`, `moves`, `share` of all of them; `settled`, `moves_between_styles` and
    `share_between_styles` of those who are neither dormant nor unclassified at either date
    """
    stays = truth.loc[truth["mover_day"].isna(), "trader_id"]
    rows = style_moves(history)
    rows = rows[rows["trader_id"].isin(set(stays))]
    rows = rows.assign(
        moved=rows["before"] != rows["style"],
        settled=~rows["before"].isin(FACTS) & ~rows["style"].isin(FACTS),
    )
    rows["between"] = rows["moved"] & rows["settled"]
    found = rows.groupby("as_of_date").agg(
        traders=("moved", "size"),
        moves=("moved", "sum"),
        settled=("settled", "sum"),
        moves_between_styles=("between", "sum"),
    )
    found["share"] = found["moves"] / found["traders"]
    found["share_between_styles"] = found["moves_between_styles"] / found["settled"]
    return found.reset_index()


def movers_found(history: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Planted movers: how many have the new style within two scoring dates after the move.

    Returns
    -------
    one row per mover scored at two dates after it; `found` within two, `found_at_end` at the last
    """
    movers = truth[truth["mover_day"].notna()]
    rows = history.merge(movers[["trader_id", "archetype", "archetype_after", "moves_on"]])
    rows = rows[pd.to_datetime(rows["as_of_date"]) >= pd.to_datetime(rows["moves_on"])]
    rows = rows.sort_values(["trader_id", "as_of_date"])
    rows = rows.assign(
        number=rows.groupby("trader_id").cumcount(), is_new=rows["style"] == rows["archetype_after"]
    )
    rows["soon"] = rows["is_new"] & (rows["number"] < PERIODS_TO_FIND)
    by_trader = rows.groupby(["trader_id", "archetype", "archetype_after"]).agg(
        dates=("number", "size"), found=("soon", "any"), found_at_end=("is_new", "last")
    )
    return by_trader[by_trader["dates"] >= PERIODS_TO_FIND].reset_index()


def summary(history: pd.DataFrame, truth: pd.DataFrame) -> dict[str, Any]:
    """Both as plain numbers, with the model versions that scored."""
    moves, movers = false_moves(history, truth), movers_found(history, truth)
    return {
        "dates": [str(date) for date in sorted(set(history["as_of_date"]))],
        "versions": int(history["model_version"].nunique()),
        "share": float(moves["moves"].sum() / moves["traders"].sum()),
        "share_between_styles": float(moves["moves_between_styles"].sum() / moves["settled"].sum()),
        "by_date": [
            [str(date), float(share), float(between)]
            for date, share, between in zip(
                moves["as_of_date"], moves["share"], moves["share_between_styles"], strict=True
            )
        ],
        "movers": len(movers),
        "movers_found": float(movers["found"].mean()) if len(movers) else None,
        "movers_found_at_end": float(movers["found_at_end"].mean()) if len(movers) else None,
    }


def main(home: Path, folder: Path) -> None:
    """Print both, the most frequent false moves, and movers by pair of styles."""
    history, truth = read_history(home), read_truth(folder)
    print(false_moves(history, truth).round(4).to_string(index=False))
    rows = style_moves(history)
    rows = rows[rows["trader_id"].isin(set(truth.loc[truth["mover_day"].isna(), "trader_id"]))]
    changes = rows[rows["before"] != rows["style"]].groupby(["before", "style"]).size()
    print(changes.sort_values(ascending=False).head(20).to_string())
    movers = movers_found(history, truth)
    print(movers[["found", "found_at_end"]].mean().round(3).to_string())
    print(movers.groupby(["archetype", "archetype_after"])["found"].agg(["size", "mean"]))
    print(history.groupby("as_of_date")["model_version"].first().to_string())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
