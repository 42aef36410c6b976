"""The greeks macros, rendered and run: published values, a venue's own, identities of Black-76."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import jinja2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import ndtr

from warehouse_builds import require_data

PROJECT = Path(__file__).parents[2]
MACROS = PROJECT / "macros" / "greeks"

Numbers = NDArray[np.float64]

TERMS = ("forward", "strike", "years_to_expiry", "volatility")
OPTION = (*TERMS, "option_type")
ENVIRONMENT = jinja2.Environment()
ENVIRONMENT.globals["var"] = lambda name, default=None: default
few = settings(max_examples=15, deadline=None, derandomize=True)


class Greeks:
    """The macros as SQL that DuckDB runs on a table of options, planned once."""

    def __init__(self) -> None:
        source = "".join(path.read_text() for path in sorted(MACROS.glob("*.sql")))
        self.sql = ENVIRONMENT.from_string(source).module
        self.database = duckdb.connect()
        self.database.execute("""
            create table options (
                option_id bigint, forward double, strike double, years_to_expiry double,
                volatility double, option_type varchar, price double
            )
        """)
        staged = f"(select *, {self.sql.black_76_d1(*TERMS)} as d1 from options)"
        self.database.execute(f"""
            prepare greeks as select
                {self.sql.black_76_price(*OPTION, d1="d1")} as price,
                {self.sql.black_76_delta(*OPTION, d1="d1")} as delta,
                {self.sql.black_76_gamma(*TERMS, d1="d1")} as gamma,
                {self.sql.black_76_vega(*TERMS, d1="d1")} as vega,
                {self.sql.black_76_theta(*TERMS, d1="d1")} as theta,
                {self.sql.inverse_option_net_delta(*OPTION, d1="d1")} as net_delta
            from {staged} order by option_id
        """)
        self.database.execute(f"""
            prepare implied_volatility as select solved.implied_volatility
            from options
            left join {self.sql.implied_volatility("options", "option_id")} as solved
                using (option_id)
            order by option_id
        """)

    def select(self, expression: str) -> object:
        """The value of one SQL expression."""
        return self.database.sql(f"select {expression}").fetchall()[0][0]

    def of(self, options: pd.DataFrame) -> pd.DataFrame:
        """Price and greeks, one row per option; NaN where unknown."""
        return self._execute("greeks", options)

    def implied_volatility(self, options: pd.DataFrame) -> Numbers:
        """Volatility solved from `price`; NaN where there is none."""
        return self._execute("implied_volatility", options)["implied_volatility"].to_numpy()

    def _execute(self, prepared: str, options: pd.DataFrame) -> pd.DataFrame:
        rows = options.assign(option_id=range(len(options)))
        self.database.execute("delete from options")
        self.database.register("rows", rows)
        self.database.execute("insert into options by name select * from rows")
        return self.database.execute(f"execute {prepared}").df()


@pytest.fixture(scope="module")
def greeks() -> Iterator[Greeks]:
    engine = Greeks()
    yield engine
    engine.database.close()


def options_of(option_type: str | list[str] = "call", **terms: object) -> pd.DataFrame:
    """The option of the published values, or some others."""
    golden = {"forward": 60_000.0, "strike": 65_000.0, "years_to_expiry": 30 / 365}
    return pd.DataFrame(
        {**golden, "volatility": 0.60, "option_type": option_type, **terms},
        index=range(max([np.size(value) for value in terms.values()] + [1])),
    )


@st.composite
def listed_options(draw: st.DrawFn) -> pd.DataFrame:
    """Options as venues list them: an hour to three years, up to five standard deviations away."""
    rows = draw(
        st.lists(
            st.tuples(
                st.floats(1e-4, 1e6),
                st.floats(-5, 5),
                st.floats(1 / (24 * 365), 3),
                st.floats(0.02, 3),
                st.sampled_from(["call", "put"]),
            ),
            min_size=1,
            max_size=200,
        )
    )
    options = pd.DataFrame(
        rows, columns=["forward", "deviations", "years_to_expiry", "volatility", "option_type"]
    )
    total = options["volatility"] * np.sqrt(options["years_to_expiry"])
    strike = options["forward"] * np.exp(options["deviations"] * total)
    return options.drop(columns="deviations").assign(strike=strike)


def total_volatility(options: pd.DataFrame) -> Numbers:
    return (options["volatility"] * np.sqrt(options["years_to_expiry"])).to_numpy()


def test_published_values_to_their_printed_digits(greeks: Greeks) -> None:
    """MODELLING section 7: F 60,000, K 65,000, 30 days, 60 %; put-call parity gives -5,000."""
    call, put = greeks.of(options_of(["call", "put"], strike=[65_000.0] * 2)).itertuples()
    assert round(call.price, 6) == 2237.868155
    assert round(call.price / 60_000, 6) == 0.037298
    assert round(call.delta, 6) == 0.352226
    assert round(call.vega, 6) == 63.860449
    assert round(call.theta, 6) == -63.860449
    assert round(call.net_delta, 6) == 0.314928
    assert round(put.price, 6) == 7237.868155
    assert round(put.delta, 6) == -0.647774
    assert call.price - put.price == pytest.approx(-5_000, abs=1e-9)


def test_greeks_against_the_formulas_in_numpy(greeks: Greeks) -> None:
    """Written out again with SciPy's distribution function, to 1e-9 of the golden option."""
    F, K, T, v = 60_000.0, 65_000.0, 30 / 365, 0.60
    d1 = np.log(F / K) / (v * np.sqrt(T)) + v * np.sqrt(T) / 2
    density = np.exp(-d1 * d1 / 2) / np.sqrt(2 * np.pi)
    row = greeks.of(options_of()).iloc[0]
    assert row["price"] == pytest.approx(
        F * ndtr(d1) - K * ndtr(d1 - v * np.sqrt(T)), abs=1e-9, rel=0
    )
    assert row["delta"] == pytest.approx(ndtr(d1), abs=1e-15, rel=0)
    assert row["gamma"] == pytest.approx(density / (F * v * np.sqrt(T)), rel=1e-13)
    assert row["vega"] == pytest.approx(F * density * np.sqrt(T) / 100, abs=1e-9, rel=0)
    assert row["theta"] == pytest.approx(-F * density * v / (2 * np.sqrt(T)) / 365, abs=1e-9)


def test_each_macro_stands_alone(greeks: Greeks) -> None:
    """Without the column d1 a macro writes the formula out, with the same result."""
    staged = greeks.of(options_of()).iloc[0]
    terms = ("60000e0", "65000e0", "30e0 / 365e0", "0.6e0")
    option = (*terms, "'call'")
    assert greeks.select(greeks.sql.black_76_price(*option)) == staged["price"]
    assert greeks.select(greeks.sql.black_76_delta(*option)) == staged["delta"]
    assert greeks.select(greeks.sql.black_76_gamma(*terms)) == staged["gamma"]
    assert greeks.select(greeks.sql.black_76_vega(*terms)) == staged["vega"]
    assert greeks.select(greeks.sql.black_76_theta(*terms)) == staged["theta"]
    assert greeks.select(greeks.sql.inverse_option_net_delta(*option)) == staged["net_delta"]


def test_inverse_future_delta_is_the_slope_of_its_profit(greeks: Greeks) -> None:
    """10,000 dollars from 50,000 to 40,000 lose 0.05 coin; a dollar more gains N / F^2."""
    profit = greeks.sql.inverse_future_pnl
    assert greeks.select(profit("10000e0", "50000e0", "40000e0")) == pytest.approx(-0.05)
    assert greeks.select(profit("10000e0", "50000e0", "0e0")) is None
    up, down = (greeks.select(profit("1e4", "5e4", price)) for price in ("50001e0", "49999e0"))
    delta = greeks.select(greeks.sql.inverse_future_delta("10000e0", "50000e0"))
    assert delta == 0.2
    assert (up - down) / 2 * 50_000 == pytest.approx(delta, rel=1e-6)


def test_at_expiry_an_option_is_its_intrinsic_value(greeks: Greeks) -> None:
    """Also after it, without a volatility then, and before it at a volatility of zero."""
    options = options_of(
        option_type=["call", "call", "call", "call", "call", "put", "put"],
        strike=[50_000.0, 50_000.0, 50_000.0, 50_000.0, 70_000.0, 50_000.0, 70_000.0],
        years_to_expiry=[0.0, -0.1, 0.0, 30 / 365, 0.0, 0.0, 0.0],
        volatility=[0.6, 0.6, np.nan, 0.0, 0.6, 0.6, 0.6],
    )
    rows = greeks.of(options)
    np.testing.assert_allclose(rows["price"], [10_000] * 4 + [0, 0, 10_000], atol=1e-9)
    assert rows["delta"].tolist() == [1, 1, 1, 1, 0, 0, -1]
    assert (rows[["gamma", "vega", "theta"]] == 0).all(axis=None)


def test_at_the_strike_an_expiring_option_has_neither_gamma_nor_theta(greeks: Greeks) -> None:
    row = greeks.of(options_of(strike=60_000.0, years_to_expiry=0.0)).iloc[0]
    assert row["price"] == pytest.approx(0, abs=1e-6)
    assert row["delta"] == pytest.approx(0.5)
    assert row["vega"] == 0
    assert np.isnan(row["gamma"])
    assert np.isnan(row["theta"])


def test_unknown_terms_give_unknown_greeks(greeks: Greeks) -> None:
    """Neither an error nor a number, whatever is missing; gamma, vega and theta need no type."""
    unknown: list[dict[str, object]] = [{name: np.nan} for name in TERMS]
    impossible: list[dict[str, object]] = [{"forward": 0.0}, {"strike": -1.0}, {"volatility": -0.5}]
    options = pd.concat([options_of(**terms) for terms in [*unknown, *impossible]])
    assert greeks.of(options).isna().all(axis=None)
    untyped = greeks.of(options_of(option_type=None))
    assert untyped[["price", "delta", "net_delta"]].isna().all(axis=None)


@few
@given(st.lists(st.floats(-37, 37), min_size=1, max_size=500))
def test_normal_distribution_to_the_last_digits(greeks: Greeks, x: list[float]) -> None:
    """Against scipy.special.ndtr: 1e-15 everywhere, and 1e-12 of the value in the lower tail."""
    points = pd.DataFrame({"x": x})
    greeks.database.register("points", points)
    columns = f"{greeks.sql.normal_cdf('x')} as cdf, {greeks.sql.normal_pdf('x')} as pdf"
    values = greeks.database.sql(f"select {columns} from points").fetchnumpy()
    cdf, pdf = values["cdf"], values["pdf"]
    assert np.abs(cdf - ndtr(x)).max() <= 1e-15
    np.testing.assert_allclose(cdf[points["x"] < 0], ndtr(points["x"][points["x"] < 0]), rtol=1e-12)
    np.testing.assert_allclose(
        pdf, np.exp(-(points["x"] ** 2) / 2) / np.sqrt(2 * np.pi), rtol=1e-12
    )


def test_normal_distribution_at_its_ends(greeks: Greeks) -> None:
    assert greeks.select(greeks.sql.normal_cdf("0e0")) == 0.5
    assert greeks.select(greeks.sql.normal_cdf("-1e9")) == 0
    assert greeks.select(greeks.sql.normal_cdf("1e9")) == 1
    assert greeks.select(greeks.sql.normal_cdf("cast(null as double)")) is None


@few
@given(listed_options())
def test_put_call_parity(greeks: Greeks, options: pd.DataFrame) -> None:
    """C - P = F - K, and the deltas of call and put differ by one."""
    both = [options.assign(option_type=option_type) for option_type in ("call", "put")]
    results = greeks.of(pd.concat(both, ignore_index=True))
    calls, puts = results.iloc[: len(options)], results.iloc[len(options) :].reset_index(drop=True)
    scale = options[["forward", "strike"]].max(axis=1)
    forward_value = options["forward"] - options["strike"]
    assert (np.abs(calls["price"] - puts["price"] - forward_value) <= 1e-14 * scale).all()
    assert (np.abs(calls["delta"] - puts["delta"] - 1) <= 1e-15).all()


@few
@given(listed_options())
def test_greeks_are_the_slopes_of_the_price(greeks: Greeks, options: pd.DataFrame) -> None:
    """Central differences, each compared on the scale on which its greek is of order one."""
    forward, years = options["forward"], options["years_to_expiry"]
    volatility, total = options["volatility"], total_volatility(options)
    moves = {
        "forward": 1e-4 * forward * total,
        "volatility": 1e-4 * volatility,
        "years_to_expiry": 1e-4 * years,
    }
    bumped = [options]
    for term, move in moves.items():
        bumped += [options.assign(**{term: options[term] + sign * move}) for sign in (1, -1)]
    results = greeks.of(pd.concat(bumped, ignore_index=True))
    results["coin_price"] = results["price"] / pd.concat(bumped, ignore_index=True)["forward"]
    row, *rest = (
        results.iloc[start : start + len(options)].reset_index(drop=True)
        for start in range(0, len(results), len(options))
    )
    slopes = {
        term: (rest[2 * place] - rest[2 * place + 1]).div(2 * move, axis=0)
        for place, (term, move) in enumerate(moves.items())
    }
    by_forward, by_volatility, by_years = slopes.values()

    size = 1 + np.maximum(options["strike"] / forward, 1)
    delta_error = by_forward["price"] - row["delta"]
    assert (np.abs(delta_error) <= 1e-7 * size).all()
    net_delta_error = forward * by_forward["coin_price"] - row["net_delta"]
    assert (np.abs(net_delta_error) <= 1e-6 * size).all()
    gamma_error = by_forward["delta"] - row["gamma"]
    assert (np.abs(gamma_error) * forward * total <= 1e-6).all()
    vega_error = by_volatility["price"] / 100 - row["vega"]
    assert (np.abs(vega_error) <= 1e-6 * size * forward * np.sqrt(years) / 100).all()
    theta_error = -by_years["price"] / 365 - row["theta"]
    assert (np.abs(theta_error) <= 1e-6 * size * forward * volatility / np.sqrt(years) / 365).all()


@few
@given(listed_options())
def test_implied_volatility_returns_the_volatility_of_the_price(
    greeks: Greeks, options: pd.DataFrame
) -> None:
    """To 1e-8 and the digits of the price where a vol point moves it by a millionth, else NULL."""
    row = greeks.of(options)
    solved = greeks.implied_volatility(options.assign(price=row["price"]))
    weight = row["vega"] / np.sqrt(options["forward"] * options["strike"])
    meaningful = (weight >= 1.000001e-6) & (total_volatility(options) < 6)
    largest = options[["forward", "strike"]].max(axis=1)
    told = 1e-8 + 4e-16 * largest / (100 * row["vega"])
    assert (np.abs(solved - options["volatility"]) <= told)[meaningful].all()
    assert np.isnan(solved[weight < 0.99e-6]).all()


def test_implied_volatility_on_a_grid_of_extremes(greeks: Greeks) -> None:
    """From the strike to where a price says nothing, 0.1 % to 1,000 %, minutes to three years."""
    deviations = np.concatenate([np.linspace(-5, 5, 401), [-1e-3, 1e-3, 1e-9]])
    grid = np.meshgrid(deviations, [1e-3, 0.1, 1.0, 10.0], [1e-5, 1e-3, 0.1, 1.0, 3.0])
    deviation, volatility, years = (axis.ravel() for axis in grid)
    total = volatility * np.sqrt(years)
    options = pd.concat(
        options_of(
            option_type=[option_type] * total.size,
            strike=60_000 * np.exp(deviation * total),
            volatility=volatility,
            years_to_expiry=years,
        )
        for option_type in ("call", "put")
    )
    row = greeks.of(options)
    weight = row["vega"] / np.sqrt(options["forward"] * options["strike"]).to_numpy()
    solved = greeks.implied_volatility(options.assign(price=row["price"].to_numpy()))
    total = np.tile(total, 2)
    meaningful = (weight >= 1.000001e-6) & (total < 6)
    assert meaningful.sum() > 9_000
    np.testing.assert_allclose(
        solved[meaningful], options["volatility"][meaningful.to_numpy()], rtol=0, atol=1e-8
    )
    assert np.isnan(solved[(weight < 0.99e-6) | (total > 6.1)]).all()


def test_no_volatility_outside_the_bounds_of_no_arbitrage(greeks: Greeks) -> None:
    """A call on 60,000 at 50,000 is worth 10,000 to 60,000, the put 0 to 50,000."""
    calls = [np.nan, -1.0, 0.0, 9_999.0, 10_000.0, 60_000.0, 1e9]
    puts = [0.0, 50_000.0, 1e9]
    types = ["call"] * len(calls) + ["put"] * len(puts)
    options = options_of(option_type=types, strike=50_000.0, price=[*calls, *puts])
    assert np.isnan(greeks.implied_volatility(options)).all()


def test_fills_are_solved_back_to_their_volatility() -> None:
    """The model itself: the published call and put in coin, dollars, and euros at 1.25 dollars."""
    names = ("dollar_price", "features/share", "time/seconds_between")
    paths = [*MACROS.glob("*.sql"), *(PROJECT / f"macros/{name}.sql" for name in names)]
    macros = "".join(path.read_text() for path in paths)
    model = (PROJECT / "models/intermediate/greeks/int_fill_volatilities.sql").read_text()
    dispatched = ENVIRONMENT.from_string(macros).module
    template = ENVIRONMENT.from_string(macros + model)
    query = template.render(
        ref=str,
        var={"maximum_implied_volatility": 10, "dollar_currencies": ["USD", "USDC"]}.get,
        contract_type=lambda _: "decimal(38, 12)",
        adapter=SimpleNamespace(dispatch=lambda name: getattr(dispatched, f"default__{name}")),
        **{"return": str},
    )
    fills = """
        select
            *, 'option' as kind, 'BTC' as underlying, 60000 as index_price, null as mark_iv,
            10 as contract_multiplier, 2 as signed_quantity, null as notional_usd, 'buy' as side,
            timestamp '2026-03-01 08:30:00' as executed_at, date '2026-03-01' as event_date,
            timestamp '2026-03-31 08:30:00' as expires_at, null as trader_id, null as account_id,
            null as instrument_id, null as order_id, null as combo_id, null as block_trade_id
        from (values
            (1, 'call', 0.037297802590, 'BTC', true, 65000, null),
            (2, 'put', 0.120631135923, 'BTC', true, 65000, null),
            (3, 'call', 2237.868155404660, 'USDC', false, 65000, null),
            (4, 'put', 5790.294524323728, 'EUR', false, 52000, 144757.363108093200)
        ) as fills (fill_id, option_type, price, quote_currency, is_inverse, strike, premium_usd)
    """
    hours = """
        select
            null::varchar as asset, null::timestamp as hour_start,
            null::double as price_usd, null::double as implied_volatility
    """
    with duckdb.connect() as database:
        database.execute(f"create table int_fills_valued as {fills}")
        database.execute(f"create table int_market_hours as {hours}")
        solved = database.sql(query).df()
    assert solved["implied_volatility_source"].tolist() == ["trade"] * 4
    np.testing.assert_allclose(solved["implied_volatility"], 0.60, atol=1e-9)


def test_tickers_to_the_rounding_of_the_venue(greeks: Greeks) -> None:
    """The volatility itself is printed to 0.01 points: the greeks of that interval, rounded."""
    digits = {"delta": 5, "gamma": 5, "vega": 5, "theta": 5, "price": 4}
    for line in (require_data("deribit") / "tickers.jsonl").read_text().splitlines():
        ticker = json.loads(line)
        _, expiry, strike, option_type = ticker["instrument_name"].split("-")
        expires_at = datetime.strptime(f"{expiry} 08 +0000", "%d%b%y %H %z")
        left = expires_at - datetime.fromtimestamp(ticker["timestamp"] / 1000, UTC)
        ours = greeks.of(
            options_of(
                option_type={"C": "call", "P": "put"}[option_type],
                forward=ticker["underlying_price"],
                strike=float(strike),
                years_to_expiry=left.total_seconds() / (365 * 86_400),
                volatility=np.linspace(-0.005, 0.005, 11) / 100 + ticker["mark_iv"] / 100,
            )
        )
        ours["price"] /= ticker["underlying_price"]
        theirs = {**ticker["greeks"], "price": ticker["mark_price"]}
        for name, places in digits.items():
            rounded = ours[name].round(places)
            assert rounded.min() <= theirs[name] <= rounded.max(), (name, theirs[name])


def test_option_chain_of_the_venue(greeks: Greeks) -> None:
    """Its own delta and vega; its time to maturity is divided by 365.25 days, its greeks by 365."""
    chain = pd.read_parquet(require_data("deribit") / "option_chain_sample.parquet")
    chain = chain.rename(columns={"underlying": "forward", "implied_volatility": "volatility"})
    chain["years_to_expiry"] = chain["time_to_maturity"] * 365.25 / 365
    chain = chain[chain["years_to_expiry"] * 365 >= 0.1].reset_index(drop=True)
    ours = greeks.of(chain[list(OPTION)])
    delta_error = (ours["delta"] - chain["delta"]).abs()
    assert delta_error.median() <= 2e-4
    assert delta_error.quantile(0.99) <= 0.01
    vega_error = (ours["vega"] / chain["vega"].where(chain["vega"] > 0) - 1).abs()
    assert vega_error.median() <= 0.002
