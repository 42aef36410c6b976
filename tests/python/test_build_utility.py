"""Derived utility of the sample venue, built from its raw tables, beside the planted tastes."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from scipy.stats import spearmanr

from trader_segments.simulate import simulate
from warehouse_builds import Home, must

pytestmark = pytest.mark.slow

BAR = {"volatility": 0.8, "leverage": 0.8, "correlation": 0.7}


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_part_worths_rank_traders_as_their_planted_tastes_do(
    seed: int, bare_project: Path, tmp_path: Path
) -> None:
    """Among traders with thirty fills or more."""
    venue = simulate(tmp_path / "venue", traders=2000, days=180, seed=seed)
    truth = venue.out / "truth" / "traders.parquet"
    with duckdb.connect() as connection:
        columns = connection.execute(f"select * from '{truth}' limit 0").df().columns
    if "taste_volatility" not in columns:
        pytest.skip("the sample venue plants no tastes yet")
    home = Home(tmp_path / "home", venue.out / "raw", project=bare_project)
    must(home.dbt("build", "--select", "+feat_utility"))
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        table = connection.execute(
            f"""
            select truth.*, feat_utility.*
            from '{truth}' as truth
            inner join feat_utility using (trader_id)
            semi join (
                select trader_id from int_fills_valued group by 1 having count(*) >= 30
            ) as active using (trader_id)
            where truth.taste_volatility is not null
            """
        ).df()
    ranks = {name: spearmanr(table[f"utility_{name}"], table[f"taste_{name}"])[0] for name in BAR}
    assert len(table) > 500
    assert all(ranks[name] >= bar for name, bar in BAR.items()), ranks
