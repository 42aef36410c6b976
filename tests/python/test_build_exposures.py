"""Positions of a simulated venue: rebuilt as it reports them, valued as the formulas say."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from scipy.stats import norm

from trader_segments.simulate import simulate
from warehouse_builds import Home, must

pytestmark = pytest.mark.slow

Key = tuple[str, str, str]


@pytest.fixture(scope="module")
def homes(bare_project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Home]:
    """The venue with its position snapshots, and the same venue without that table."""
    folder = tmp_path_factory.mktemp("exposures")
    raw = simulate(folder / "venue", traders=60, days=30, seed=5).out / "raw"
    fills_only = folder / "without_positions"
    fills_only.mkdir()
    for path in raw.glob("*.parquet"):
        if path.stem != "positions":
            (fills_only / path.name).symlink_to(path)
    reported = Home(folder / "reported", raw, project=bare_project)
    rebuilt = Home(folder / "rebuilt", fills_only, project=bare_project)
    must(reported.dbt("build", "--select", "+feat_volatility", "+feat_open_interest"))
    must(rebuilt.dbt("build", "--select", "+int_position_days"))
    return reported, rebuilt


def quantities(home: Home) -> dict[Key, object]:
    rows = home.query_warehouse(
        "select account_id, instrument_id, event_date::varchar, quantity from int_position_days"
    )
    return {(account, instrument, day): quantity for account, instrument, day, quantity in rows}


def test_positions_rebuilt_from_fills_are_those_the_venue_reports(homes: tuple[Home, Home]) -> None:
    reported, rebuilt = map(quantities, homes)
    assert len(reported) > 1000
    assert rebuilt == reported
    for home, source in zip(homes, ("reported", "rebuilt"), strict=True):
        sources = home.query_warehouse("select distinct position_source from int_position_days")
        assert sources == [(source,)]


def test_greeks_of_inverse_options_are_those_of_black_76(homes: tuple[Home, Home]) -> None:
    """Against scipy: F N(d1), F^2 gamma / 100, vega per point and theta per day of one coin."""
    rows = homes[0].query_warehouse(
        """
        select
            closes.option_type, closes.strike, closes.years_to_expiry, closes.underlying_price_usd,
            positions.implied_volatility, positions.quantity, positions.notional_usd,
            positions.delta_usd, positions.gamma_usd, positions.vega_usd, positions.theta_usd
        from int_position_days as positions
        inner join int_instrument_closes as closes using (instrument_id, event_date)
        where positions.kind = 'option' and closes.is_inverse
        """
    )
    assert len(rows) > 500
    for option_type, *numbers in rows:
        strike, years, price, volatility, quantity, *found = map(float, numbers)
        deviation = volatility * math.sqrt(years)
        d1 = math.log(price / strike) / deviation + deviation / 2
        sign = 1 if option_type == "call" else -1
        assert found == pytest.approx(
            [
                abs(quantity) * price,
                quantity * price * sign * norm.cdf(sign * d1),
                quantity * price * norm.pdf(d1) / deviation / 100,
                quantity * price * norm.pdf(d1) * math.sqrt(years) / 100,
                -quantity * price * norm.pdf(d1) * volatility / (2 * math.sqrt(years)) / 365,
            ],
            rel=1e-9,
            abs=1e-6,
        )


def test_no_position_outlives_its_instrument(homes: tuple[Home, Home]) -> None:
    for home in homes:
        assert home.query_warehouse(
            "select count(*) from int_position_days where expires_at < event_date + interval 1 day"
        ) == [(0,)]


def test_realized_volatility_is_that_of_the_hourly_prices(homes: tuple[Home, Home]) -> None:
    """The window of each expired option fill, summed anew from the venue's own hourly prices."""
    reported = homes[0]
    prices = reported.raw_data / "index_prices.parquet"
    rows = reported.query_warehouse(
        f"""
        with moves as (
            select asset, priced_at, ln(price_usd::double / lag(price_usd::double) over (
                partition by asset order by priced_at
            )) as move
            from '{prices}'
        )
        select settled.realized_volatility, sqrt(sum(move * move) * 24 * 365 / count(*))
        from int_option_fills_settled as settled
        inner join int_fills_valued as fills using (fill_id)
        inner join moves on moves.asset = fills.underlying
            and moves.priced_at > date_trunc('hour', fills.executed_at)
            and moves.priced_at <= fills.expires_at
        group by settled.fill_id, settled.realized_volatility
        """
    )
    assert len(rows) > 100
    found, expected = zip(*rows, strict=True)
    assert found == pytest.approx(expected, rel=1e-6)


def test_who_sells_volatility_is_short_of_it(homes: tuple[Home, Home]) -> None:
    reported = homes[0]
    truth = reported.raw_data.parent / "truth" / "traders.parquet"
    sign = dict(
        reported.query_warehouse(
            f"""
            select archetype, avg(net_vega_ratio)
            from feat_volatility inner join '{truth}' using (trader_id)
            where archetype in ('volatility_buyer', 'volatility_seller') group by all
            """
        )
    )
    assert sign["volatility_seller"] < -0.3 < 0.3 < sign["volatility_buyer"]


def test_shares_add_up(homes: tuple[Home, Home]) -> None:
    rows = homes[0].query_warehouse(
        """
        select wing_share + out_of_the_money_share + at_the_money_share + in_the_money_share
        from feat_volatility where vega_traded_usd > 0
        """
    )
    assert rows
    assert [total for (total,) in rows] == pytest.approx([1.0] * len(rows))
    assert homes[0].query_warehouse(
        "select min(open_interest_share) > 0, max(open_interest_share) <= 1 from feat_open_interest"
    ) == [(True, True)]
