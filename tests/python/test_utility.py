"""Derived utility in SQL on an idealised market, beside numpy and a full conditional logit."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import yaml
from scipy.optimize import minimize
from scipy.special import logsumexp
from scipy.stats import norm, spearmanr

from warehouse_builds import ROOT, Home, must

pytestmark = pytest.mark.slow

FloatArray = npt.NDArray[np.float64]
Render = Callable[[str], str]

ATTRIBUTES = ["volatility", "leverage", "correlation", "tenor", "liquidity"]
PAIRS = list(itertools.combinations_with_replacement(range(5), 2))
CHAIN = [
    "int_trader_choices_measured",
    "int_choice_set_classes",
    "int_class_popularity_days",
    "int_choice_sets",
    "int_trader_choice_days",
    "int_attribute_scales",
    "int_trader_part_worths",
]
FIRST_DAY = dt.datetime(2026, 3, 1)
DAYS = 20
LEAST_CHOICES = 30
SETTINGS = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"][
    "derived_utility"
]
PRIOR: int = SETTINGS["prior_choices"]


@dataclass(frozen=True)
class IdealMarket:
    """One choice set (`n_instruments`) and who chose what from it (`n_choices`)."""

    attributes: FloatArray
    kind: list[str]
    popularity: FloatArray
    taste: FloatArray
    trader: npt.NDArray[np.int64]
    chosen: npt.NDArray[np.int64]
    day: npt.NDArray[np.int64]


def ideal_market(seed: int, traders: int = 250, instruments: int = 60) -> IdealMarket:
    """Independent attributes, popular and unpopular instruments, normal tastes, logit choices."""
    rng = np.random.default_rng(seed)
    attributes = rng.standard_normal((instruments, len(ATTRIBUTES)))
    popularity = rng.normal(0.0, 0.7, instruments)
    taste = rng.normal(0.0, 0.6, (traders, len(ATTRIBUTES)))
    count = np.clip(rng.lognormal(3.8, 0.7, traders), 8, 200).astype(np.int64)
    trader = np.repeat(np.arange(traders), count)
    utility = (taste @ attributes.T + popularity)[trader]
    return IdealMarket(
        attributes=attributes,
        kind=["future" if number < instruments // 5 else "option" for number in range(instruments)],
        popularity=popularity,
        taste=taste,
        trader=trader,
        chosen=(utility + rng.gumbel(size=utility.shape)).argmax(axis=1),
        day=rng.integers(0, DAYS, len(trader)),
    )


@pytest.fixture(scope="module")
def render(
    lean_project: Path, small_venue: Path, tmp_path_factory: pytest.TempPathFactory
) -> Render:
    """The compiled SQL of a model."""
    home = Home(tmp_path_factory.mktemp("home"), small_venue, project=lean_project)
    must(home.dbt("compile", "--select", *CHAIN, "int_offered_instruments"))
    folder = home.path / "target" / "compiled" / "trader_segments" / "models"
    return lambda model: next(folder.rglob(f"{model}.sql")).read_text(encoding="utf-8")


def warehouse(folder: Path) -> duckdb.DuckDBPyConnection:
    """An empty warehouse of the name that compiled models ask for."""
    return duckdb.connect(str(folder / "warehouse.duckdb"))


def run_chain(
    market: IdealMarket, render: Render, folder: Path, until: int = DAYS
) -> duckdb.DuckDBPyConnection:
    """Every model from choices to part-worths, on the choices of the days before `until`."""
    connection = warehouse(folder)
    day = [FIRST_DAY + dt.timedelta(days=number) for number in range(until)]
    offered = pd.DataFrame(market.attributes, columns=ATTRIBUTES).assign(
        instrument_id=[f"I{number}" for number in range(len(market.kind))],
        kind=market.kind,
        instrument_class=[f"{kind} {number}" for number, kind in enumerate(market.kind)],
        underlying="BTC",
    )
    offered = offered.merge(pd.DataFrame({"period_start": day}), how="cross")
    rows = market.day < until
    choices = pd.DataFrame(
        {
            "trader_id": [f"T{number}" for number in market.trader[rows]],
            "instrument_id": [f"I{number}" for number in market.chosen[rows]],
            "period_start": [day[number] for number in market.day[rows]],
        }
    )
    choices = choices.groupby(list(choices), as_index=False).size()
    choices["share"] = choices["size"] / choices.groupby(["trader_id", "period_start"])[
        "size"
    ].transform("sum")
    connection.register("offered", offered)
    connection.register("choices", choices)
    connection.execute(
        """
        create table int_offered_instruments as select * from offered;
        create table int_trader_choices as
        select
            trader_id, instrument_id, 'BTC' as underlying, period_start,
            period_start::date as event_date, size as choice_count,
            share::decimal(18, 12) as day_share
        from choices;
        """
    )
    connection.execute("create table int_as_of_date as select date '2026-12-31' as as_of_date;")
    for model in CHAIN:
        connection.execute(f"create table {model} as {render(model)}")
    return connection


@pytest.fixture(scope="module")
def markets() -> list[IdealMarket]:
    return [ideal_market(seed) for seed in (7, 8)]


@pytest.fixture(scope="module")
def estimated(
    markets: list[IdealMarket], render: Render, tmp_path_factory: pytest.TempPathFactory
) -> list[duckdb.DuckDBPyConnection]:
    return [run_chain(market, render, tmp_path_factory.mktemp("ideal")) for market in markets]


def part_worths(connection: duckdb.DuckDBPyConnection) -> tuple[Any, FloatArray]:
    """Trader numbers and part-worths, `(n_traders, 5)`."""
    table = connection.execute(
        f"select trader_id[2:]::int as trader, {', '.join(ATTRIBUTES)} "
        "from int_trader_part_worths order by trader"
    ).df()
    return table["trader"].to_numpy(), table[ATTRIBUTES].to_numpy()


def column_ranks(left: FloatArray, right: FloatArray) -> FloatArray:
    """Spearman correlation of each attribute, `(5,)`."""
    return np.array([spearmanr(left[:, i], right[:, i])[0] for i in range(len(ATTRIBUTES))])


def often(market: IdealMarket, traders: Any) -> npt.NDArray[np.bool_]:
    return np.asarray(np.bincount(market.trader)[traders] >= LEAST_CHOICES)


def test_part_worths_solve_the_equations_as_numpy_does(
    estimated: list[duckdb.DuckDBPyConnection],
) -> None:
    sums = (
        estimated[0]
        .execute(
            "select trader_id, sum(columns('_score|_information')) from int_trader_choice_days "
            "semi join int_trader_part_worths using (trader_id) group by 1 order by 1"
        )
        .df()
        .astype({"trader_id": str})
    )
    found = estimated[0].execute("select * from int_trader_part_worths order by trader_id").df()
    scales = estimated[0].execute("select * from int_attribute_scales").df().to_numpy()[0]
    numbers = sums.filter(regex="_score|_information").astype(float)
    matrix = np.zeros((len(sums), 5, 5))
    for low, high in PAIRS:
        column = numbers.filter(like=f"{ATTRIBUTES[low]}_{ATTRIBUTES[high]}_information").iloc[:, 0]
        kept = 1 if low == high else 1 - SETTINGS["covariance_shrinkage"]
        matrix[:, high, low] = matrix[:, low, high] = kept * column / scales[low] / scales[high]
    matrix += PRIOR * np.eye(5)
    right = numbers.filter(like="_score").to_numpy() / scales
    expected = np.linalg.solve(matrix, right[..., None])[..., 0]
    errors = np.sqrt(np.einsum("nii->ni", np.linalg.inv(matrix)))
    assert len(found) > 200
    np.testing.assert_allclose(found[ATTRIBUTES], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[[f"{a}_se" for a in ATTRIBUTES]], errors, rtol=1e-9)


def test_part_worths_rank_traders_as_their_tastes_do(
    markets: list[IdealMarket], estimated: list[duckdb.DuckDBPyConnection]
) -> None:
    """Mean rank correlation of two markets; a full logit reaches 0.95."""
    ranks = []
    for market, connection in zip(markets, estimated, strict=True):
        traders, found = part_worths(connection)
        keep = often(market, traders)
        assert keep.sum() > 100
        ranks.append(column_ranks(found[keep], market.taste[traders[keep]]))
    assert np.mean(ranks, axis=0).min() >= 0.88, ranks
    assert np.mean(ranks) >= 0.9, ranks


def full_logit(market: IdealMarket, trader: int) -> FloatArray:
    """Conditional logit of one trader with the same prior precision, popularity known."""
    chosen = market.attributes[market.chosen[market.trader == trader]]

    def loss(taste: FloatArray) -> float:
        normaliser = logsumexp(market.attributes @ taste + market.popularity)
        return float(len(chosen) * normaliser - (chosen @ taste).sum() + PRIOR / 2 * taste @ taste)

    return np.asarray(minimize(loss, np.zeros(5)).x)


def test_one_step_ranks_traders_as_a_full_conditional_logit_does(
    markets: list[IdealMarket], estimated: list[duckdb.DuckDBPyConnection]
) -> None:
    traders, found = part_worths(estimated[0])
    keep = often(markets[0], traders)
    full = np.array([full_logit(markets[0], trader) for trader in traders[keep]])
    assert column_ranks(found[keep], full).min() >= 0.9


def test_standard_errors_shrink_with_choices(
    estimated: list[duckdb.DuckDBPyConnection],
) -> None:
    table = estimated[0].execute("select * from int_trader_part_worths").df()
    for attribute in ATTRIBUTES:
        assert spearmanr(table["effective_choices"], table[f"{attribute}_se"])[0] < -0.8
        assert table[f"{attribute}_se"].between(0, PRIOR**-0.5).all()


def test_later_days_change_no_earlier_sum(
    markets: list[IdealMarket],
    render: Render,
    estimated: list[duckdb.DuckDBPyConnection],
    tmp_path: Path,
) -> None:
    earlier = run_chain(markets[0], render, tmp_path, until=12)
    asked = "from int_trader_choice_days where event_date < '2026-03-13' order by all"
    assert earlier.execute(f"select * {asked}").fetchall() == (
        estimated[0].execute(f"select * {asked}").fetchall()
    )
    assert earlier.execute(f"select count(*) {asked}").fetchone() != (0,)


def test_option_attributes_follow_black_76(render: Render, tmp_path: Path) -> None:
    """Calls and puts of 30 days at 60 % volatility, the margin and correlation as documented."""
    strikes = np.array([45_000.0, 60_000.0, 80_000.0])
    options = pd.DataFrame(
        [(strike, side) for strike in strikes for side in ("call", "put")],
        columns=["strike", "option_type"],
    ).assign(
        instrument_id=lambda table: [f"I{number}" for number in range(len(table))],
        kind="option",
        underlying="BTC",
        period_start=FIRST_DAY,
        expires_at=FIRST_DAY + dt.timedelta(days=30),
        kind_quoted_at=FIRST_DAY - dt.timedelta(days=1),
        mark_iv=0.6,
        relative_spread=0.04,
    )
    connection = warehouse(tmp_path)
    connection.register("options", options)
    connection.execute(
        f"""
        create table int_listed_instruments as select * from options;
        create table int_market_hours as select
            'BTC' as asset, timestamp '{FIRST_DAY}' as hour_start, 60000 as price_usd,
            0.5 as implied_volatility;
        create table int_market_days as select
            'BTC' as asset, date '{FIRST_DAY.date() - dt.timedelta(days=1)}' as event_date,
            1.1::double as volatility_of_volatility;
        create table margin_rates as
        select 'spot' as kind, 1::double as initial_margin_rate;
        """
    )
    found = connection.execute(
        f"select * from ({render('int_offered_instruments')}) order by instrument_id"
    ).df()
    years, sigma, forward = 30 / 365, 0.6, 60_000.0
    width = sigma * np.sqrt(years)
    sign = np.where(options["option_type"] == "call", 1.0, -1.0)
    strike = options["strike"].to_numpy()
    d1 = np.log(forward / strike) / width + width / 2
    delta = norm.cdf(sign * d1)
    premium = sign * (forward * norm.cdf(sign * d1) - strike * norm.cdf(sign * (d1 - width)))
    vega = norm.pdf(d1) * np.sqrt(years)
    expected = np.stack(
        [
            vega,
            np.log(np.minimum(delta * forward / premium, 100)),
            delta / np.hypot(delta, vega * 1.1),
            np.full(6, np.log(31)),
            np.full(6, -np.log(0.04)),
        ],
        axis=1,
    )
    np.testing.assert_allclose(found[ATTRIBUTES], expected, rtol=1e-9)
