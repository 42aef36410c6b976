"""How fast scale mode writes fills, beside DuckDB copying the same files.

python benchmarks/simulate/scale_mode.py --fills 20000000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import duckdb

from trader_segments.simulate.scale import simulate_scale


def main() -> None:
    """Print fills a second and the ratio to a plain copy, measured in one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fills", type=int, default=20_000_000)
    parser.add_argument("--traders", type=int, help="default: a hundredth of the fills")
    arguments = parser.parse_args()
    traders = arguments.traders or arguments.fills // 100
    with tempfile.TemporaryDirectory() as scratch:
        venue = Path(scratch, "venue")
        cpu = time.process_time()
        result = simulate_scale(venue, fills=arguments.fills, traders=traders)
        cpu = time.process_time() - cpu
        started = time.perf_counter()
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (from '{venue}/raw/fills/*.parquet') to '{scratch}/copy.parquet' "
                "(format parquet, compression lz4_raw)"
            )
        copied = time.perf_counter() - started
    print(f"{arguments.fills:,} fills of {traders:,} traders in {result.seconds:.1f} s")
    print(f"{arguments.fills / result.seconds:,.0f} fills a second")
    print(f"{arguments.fills / cpu:,.0f} fills a second of one core")
    print(f"{result.seconds / copied:.2f} × the time of a plain copy ({copied:.1f} s)")


if __name__ == "__main__":
    main()
