"""How soon a new trader's style is the one it settles on, and whether its probability says so.

Run from the project's root: python benchmarks/segmentation/new_traders.py <settled> <earlier>...
Each argument is a `trader_features.parquet` of the same venue, published by builds with other
`as_of_date`s: <settled> of the last day, the others of early days. The model is fitted on
<settled> and scores the earlier ones. Traders whose settled style is `dormant` or `unclassified`
are left out, as are early rows without a fill or without a style. `published` is the posterior as
the marts give it, (n p + 1/2) / (n + 1) with n
active days of the window.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import yaml

from trader_segments.dbt_models import registered_features
from trader_segments.segmentation import fit, score

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "seeds" / "segmentation"
DAYS = (0, 1, 2, 3, 5, 10, 20, 40, 10_000)
FILLS = (0, 2, 5, 10, 20, 50, 100, 200, 500, 10**9)
PROBABILITY = (0.0, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


def main(settled_path: str, earlier_paths: list[str]) -> None:
    """Print agreement and both probabilities by active days, by fills and by probability."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    specs = registered_features(project["vars"]["trader_features"])
    settled = pd.read_parquet(settled_path)
    rules, styles = (pd.read_csv(SEEDS / name) for name in ("style_rules.csv", "styles.csv"))
    model = fit(settled, specs, rules, styles=styles)
    last = score(model, settled).traders.set_index("trader_id")["style"]
    last = last[~last.isin(["dormant", "unclassified"])]
    parts = []
    for path in earlier_paths:
        features = pd.read_parquet(path)
        early = features[["trader_id", "fill_count", "recent_active_days"]].merge(
            score(model, features).traders, on="trader_id"
        )
        early = early.merge(last.rename("settled"), left_on="trader_id", right_index=True)
        parts.append(early[early["fill_count"].gt(0) & early["style"].ne("dormant")])
    rows = pd.concat(parts, ignore_index=True)
    print(f"unclassified: {rows['style'].eq('unclassified').mean():.3f} of {len(rows)}")
    rows = rows[rows["style"].ne("unclassified")]
    n, p = rows["recent_active_days"], rows["style_probability"]
    rows = rows.assign(
        agrees=rows["style"].eq(rows["settled"]),
        posterior=p,
        published=((n * p + 0.5) / (n + 1)).where(p < 1, p),
    )
    for column, edges in (
        ("recent_active_days", DAYS),
        ("fill_count", FILLS),
        ("published", PROBABILITY),
    ):
        groups = rows.groupby(pd.cut(rows[column], list(edges)), observed=True)
        table = groups[["agrees", "posterior", "published"]].mean()
        print(table.assign(traders=groups.size()).round(3).to_string())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
