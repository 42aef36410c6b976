"""The floor: DuckDB reads every value of the fills once and groups them to trader days once.

python benchmarks/scale/scan_floor.py <raw> prints the best of three as JSON; nothing is written.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb
from processes import Stopwatch

REPEATS = 3
SCAN = "select bit_xor(hash({columns})) from {fills}"
"""A hash of all values: counts and extremes are answered from the files' statistics."""

GROUP = """
select count(*), sum(fills), sum(notional), sum(maker_notional), sum(fee)
from (
    select
        account_id,
        cast(executed_at as date) as event_date,
        count(*) as fills,
        sum(value) as notional,
        sum(case when liquidity_role = 'maker' then value end) as maker_notional,
        sum(fee) as fee
    from (select *, cast(quantity as decimal(38, 12)) * price as value from {fills}) as fills
    group by 1, 2
) as trader_days
"""


def main() -> None:
    """Run both queries three times and print what the quickest took."""
    fills = f"read_parquet('{Path(sys.argv[1]).as_posix()}/fills/*.parquet')"
    with duckdb.connect() as connection:
        columns = ", ".join(connection.sql(f"select * from {fills} limit 0").columns)
        taken = []
        for _ in range(REPEATS):
            watch = Stopwatch()
            connection.execute(SCAN.format(columns=columns, fills=fills)).fetchall()
            connection.execute(GROUP.format(fills=fills)).fetchall()
            taken.append(watch.read())
    print(json.dumps(min(taken, key=lambda each: each["wall"])))


if __name__ == "__main__":
    main()
