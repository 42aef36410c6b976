"""Derived utility of the sample venue, built from its raw tables, beside the planted tastes."""

from __future__ import annotations

import duckdb
import pytest
from scipy.stats import spearmanr

from warehouse_builds import Home

pytestmark = pytest.mark.slow

BAR = {"volatility": 0.8, "leverage": 0.8, "correlation": 0.7}


@pytest.fixture(scope="module")
def ranks(sample_home: Home) -> dict[str, float]:
    """Spearman correlation with the truth by attribute, among traders with thirty fills or more."""
    truth = sample_home.raw_data.parent / "truth" / "traders.parquet"
    with duckdb.connect(str(sample_home.warehouse), read_only=True) as connection:
        table = connection.execute(
            f"""
            select truth.*, feat_utility.*
            from '{truth}' as truth
            inner join feat_utility using (trader_id)
            semi join (
                select trader_id from int_fills_valued group by 1 having count(*) >= 30
            ) as active using (trader_id)
            where truth.taste_volatility is not null and truth.mover_day is null
            """
        ).df()
    assert len(table) > 500
    return {name: spearmanr(table[f"utility_{name}"], table[f"taste_{name}"])[0] for name in BAR}


def test_part_worths_rank_traders_as_their_planted_tastes_do(ranks: dict[str, float]) -> None:
    assert all(ranks[name] >= bar for name, bar in BAR.items()), ranks
