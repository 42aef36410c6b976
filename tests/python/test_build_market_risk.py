"""Market risk of a simulated venue: options valued anew as scipy does, the worst told apart."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from pathlib import Path

import pytest
from scipy.stats import norm

from trader_segments.simulate import simulate
from warehouse_builds import Home, must

pytestmark = pytest.mark.slow

MARTS = ("+trader_risk_profile", "+account_segments", "+pool_contagion")


@pytest.fixture(scope="module")
def homes(
    sample_home: Home, bare_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Home, Home]:
    """A venue that reports all, and one of which only the fills are known."""
    folder = tmp_path_factory.mktemp("market_risk")
    raw = simulate(folder / "venue", traders=200, days=35, seed=5).out / "raw"
    fills_only = folder / "fills_only"
    fills_only.mkdir()
    (fills_only / "fills.parquet").symlink_to(raw / "fills.parquet")
    bare = Home(folder / "bare", fills_only, project=bare_project)
    must(bare.dbt("build", "--select", *MARTS))
    return sample_home, bare


def black_76(
    forward: float, strike: float, years: float, volatility: float, option_type: str
) -> float:
    deviation = volatility * math.sqrt(years)
    d1 = math.log(forward / strike) / deviation + deviation / 2
    sign = 1 if option_type == "call" else -1
    d2 = d1 - deviation
    return float(sign * (forward * norm.cdf(sign * d1) - strike * norm.cdf(sign * d2)))


def test_options_are_valued_anew_under_every_scenario(homes: tuple[Home, Home]) -> None:
    """What one unit pays: dollars of a linear option, coin of an inverse one at the new price."""
    rows = homes[0].query_warehouse(
        """
        select
            closes.option_type, closes.is_inverse, closes.strike, closes.years_to_expiry,
            closes.underlying_price_usd, closes.contract_multiplier,
            sensitivities.implied_volatility, seed.spot_shock, seed.volatility_shock,
            scenarios.pnl_usd
        from int_instrument_scenarios as scenarios
        inner join risk_scenarios as seed using (scenario_id)
        cross join int_as_of_date
        inner join int_instrument_closes as closes
            on closes.instrument_id = scenarios.instrument_id and closes.event_date = as_of_date
        inner join int_instrument_sensitivities as sensitivities
            on sensitivities.instrument_id = scenarios.instrument_id
            and sensitivities.event_date = as_of_date
        where closes.kind = 'option'
        """
    )
    assert len(rows) > 34 * 50
    assert {is_inverse for _, is_inverse, *_ in rows} == {True, False}
    for option_type, is_inverse, *numbers in rows:
        strike, years, price, multiplier, volatility, spot, vol, found = map(float, numbers)
        now = black_76(price, strike, years, volatility, option_type)
        moved = price * (1 + spot)
        then = black_76(moved, strike, years, volatility * (1 + vol), option_type)
        expected = (then / moved - now / price) * moved if is_inverse else multiplier * (then - now)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_tail_loss_is_the_worst_of_all_scenarios(homes: tuple[Home, Home]) -> None:
    """Positions and coin of each trader, added up anew."""
    home = homes[0]
    profits: dict[tuple[str, str], float] = defaultdict(float)
    for trader, scenario, pnl in home.query_warehouse(
        """
        select trader_id, scenario_id, quantity::double * pnl_usd
        from int_pooled_positions
        inner join int_instrument_scenarios using (instrument_id)
        union all
        select trader_id, scenario_id, equity_usd::double * spot_shock
        from int_account_collateral
        cross join risk_scenarios
        where asset <> 'USDC'
        """
    ):
        profits[trader, scenario] += pnl
    worst: dict[str, float] = defaultdict(float)
    for (trader, _), pnl in profits.items():
        worst[trader] = max(worst[trader], -pnl)
    rows = home.query_warehouse("select trader_id, tail_loss_usd from trader_risk_profile")
    assert len(rows) == 2000
    for trader, loss in rows:
        assert float(loss) == pytest.approx(worst[trader], rel=1e-9, abs=1e-6)


def test_the_worst_are_told_apart(homes: tuple[Home, Home]) -> None:
    """No two of the top tenth share a score, and the first stands clear of the bounds of tiers."""
    scores = [
        score
        for (score,) in homes[0].query_warehouse(
            "select risk_score from trader_risk_profile order by risk_rank"
        )
    ]
    top = scores[:200]
    assert top == sorted(set(top), reverse=True)
    assert top[0] - top[-1] > 10


def test_who_takes_leverage_has_more_risk(homes: tuple[Home, Home]) -> None:
    truth = homes[0].raw_data.parent / "truth" / "traders.parquet"
    medians = dict(
        homes[0].query_warehouse(
            f"""
            select archetype, median(risk_score)
            from trader_risk_profile
            inner join '{truth}' using (trader_id)
            group by archetype
            """
        )
    )
    assert max(medians, key=lambda archetype: medians[archetype]) == "leveraged_directional"


def test_factors_and_access_are_json(homes: tuple[Home, Home]) -> None:
    rows = homes[0].query_warehouse(
        "select risk_score, factors, service_access, leverage_cap from trader_risk_profile"
    )
    for score, factors, access, cap in rows:
        points = sum(factor["points"] for factor in json.loads(factors).values() if factor)
        assert points == pytest.approx(score, abs=0.05)
        assert json.loads(access)["leverage_cap"] == cap


def test_losses_are_conserved(homes: tuple[Home, Home]) -> None:
    """What a pool loses is paid in the pools, or falls on the venue."""
    rows = homes[0].query_warehouse(
        """
        select from_pool_id, any_value(pool_loss_usd), any_value(unabsorbed_loss_usd),
            sum(carried_loss_usd), sum(backing_share)
        from pool_contagion where pool_loss_usd is not null group by all
        """
    )
    assert len(rows) >= 4
    for _, loss, unabsorbed, paid, backing in rows:
        assert float(paid + unabsorbed) == pytest.approx(float(loss), abs=1e-5)
        assert unabsorbed >= 0
        assert backing == pytest.approx(1, abs=1e-9)


def test_hedgers_have_hedging_accounts(homes: tuple[Home, Home]) -> None:
    truth = homes[0].raw_data.parent / "truth" / "traders.parquet"
    shares = dict(
        homes[0].query_warehouse(
            f"""
            select archetype, avg((purpose = 'hedging')::int)
            from account_segments
            inner join '{truth}' using (trader_id)
            where position_count > 0
            group by archetype
            """
        )
    )
    assert shares["hedger"] > shares["leveraged_directional"]


def test_from_fills_alone_nothing_is_claimed(homes: tuple[Home, Home]) -> None:
    bare = homes[1]
    assert bare.query_warehouse(
        "select distinct risk_tier, tail_loss_usd, monitoring_intensity from trader_risk_profile"
    ) == [("unknown", None, "daily")]
    assert bare.query_warehouse("select count(*) from pool_contagion") == [(0,)]
    assert bare.query_warehouse(
        "select count(*), count(pool_id), count(isolation_breach_count), count(equity_bucket) "
        "from account_segments"
    ) == [(bare.query_warehouse("select count(*) from int_accounts")[0][0], 0, 0, 0)]
