"""Options per second on one thread: greeks in SQL, implied volatility, a plain scan, and SciPy.

Run from the project's root: python benchmarks/greeks/greeks_per_second.py [millions of options]
CPU seconds, the best of five runs, so that other work on the machine counts as little as it can.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import jinja2
import numpy as np
from scipy.special import ndtr

MACROS = Path(__file__).parents[2] / "macros" / "greeks"
TERMS = ("forward", "strike", "years_to_expiry", "volatility")
OPTION = (*TERMS, "option_type")
ENVIRONMENT = jinja2.Environment()
ENVIRONMENT.globals["var"] = lambda name, default=None: default


def best_seconds(run: Callable[[], object]) -> float:
    """CPU seconds of the fastest of five runs."""
    seconds = []
    for _ in range(5):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return min(seconds)


def numpy_greeks(options: dict[str, np.ndarray]) -> np.ndarray:
    """The same five numbers with SciPy's distribution function, added up."""
    forward, strike, years, volatility = (options[name] for name in TERMS)
    sign = np.where(options["option_type"] == "call", 1.0, -1.0)
    total = volatility * np.sqrt(years)
    d1 = np.log(forward / strike) / total + total / 2
    density = np.exp(-d1 * d1 / 2) / np.sqrt(2 * np.pi)
    delta = sign * ndtr(sign * d1)
    price = forward * delta - strike * sign * ndtr(sign * (d1 - total))
    gamma = density / (forward * total)
    vega = forward * density * np.sqrt(years) / 100
    theta = -forward * density * volatility / (2 * np.sqrt(years)) / 365
    return price + delta + gamma + vega + theta


def main(count: int) -> None:
    source = "".join(path.read_text() for path in sorted(MACROS.glob("*.sql")))
    sql = ENVIRONMENT.from_string(source).module
    database = duckdb.connect(config={"threads": 1})
    database.execute("select setseed(0.5)")
    database.execute(f"""
        create table options as select
            option_id,
            60000 * (0.9 + 0.2 * random()) as forward,
            1000 * floor(45 + 30 * random()) as strike,
            0.01 + random() as years_to_expiry,
            0.3 + 0.7 * random() as volatility,
            case when random() < 0.5 then 'call' else 'put' end as option_type
        from range({count}) as ids (option_id)
    """)
    greeks = f"""
        select
            {sql.black_76_price(*OPTION, d1="d1")} as price,
            {sql.black_76_delta(*OPTION, d1="d1")} as delta,
            {sql.black_76_gamma(*TERMS, d1="d1")} as gamma,
            {sql.black_76_vega(*TERMS, d1="d1")} as vega,
            {sql.black_76_theta(*TERMS, d1="d1")} as theta
        from (select *, {sql.black_76_d1(*TERMS)} as d1 from options)
    """
    database.execute(f"""
        create table traded as select *, {sql.black_76_price(*OPTION)} as price from options
    """)
    solved = sql.implied_volatility("traded", "option_id")
    queries = {
        "price, delta, gamma, vega, theta": (
            f"select max(price + delta + gamma + vega + theta) from ({greeks})"
        ),
        "implied volatility": f"select max(implied_volatility) from {solved}",
        "plain scan of the same columns": (
            f"select max({' + '.join(TERMS)}), max(option_type) from options"
        ),
    }
    seconds = {
        name: best_seconds(lambda query=query: database.execute(query).fetchall())
        for name, query in queries.items()
    }
    options = database.sql("select * from options").fetchnumpy()
    seconds["the five in NumPy with scipy.special.ndtr"] = best_seconds(
        lambda: numpy_greeks(options).max()
    )
    ours = seconds["price, delta, gamma, vega, theta"]
    for name, taken in seconds.items():
        print(f"{name:<44}{count / taken / 1e6:8.2f} million a second{ours / taken:8.2f} x")


if __name__ == "__main__":
    main(int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 2_000_000)
