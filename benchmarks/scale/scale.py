"""Builds of venues of growing size, beside a plain scan, pandas and polars.

From the project's root: python benchmarks/scale/scale.py --work <folder>
A size is `20M` (a trader for each 100 fills) or `20M:1M` (fills:traders). Figures are kept in
<folder>/figures, and what is there is not measured again; venues and homes are deleted once a size
is done. After a change of models delete <folder>/figures. With --write the figures become
docs/scale-benchmarks.md and its plot. polars is measured where `import polars` works.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from processes import ROOT
from scale_runs import SCRIPTS, measure_sample_venue, measure_size
from scale_venues import Size

TINY = Size(4_000, 40)
"""A build of so few rows is what every build costs."""

SMALL = ("300K", "1M", "2M", "1M:50K")
LARGE = ("5M", "20M", "50M", "100M", "5M:500K", "20M:1M")


def say(text: str) -> None:
    """A line of progress."""
    print(f"{dt.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure what is wanted and not there, print the page, write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for venues and figures")
    parser.add_argument(
        "--sizes", type=Size.parse, nargs="+", metavar="SIZE", help="default: small"
    )
    parser.add_argument("--large", action="store_true", help=f"the sizes {' '.join(LARGE)}")
    parser.add_argument(
        "--memory", default="5GB", help="DuckDB's limit; the process needs some more (%(default)s)"
    )
    parser.add_argument(
        "--largest-script",
        type=lambda text: Size.parse(text).fills,
        default="20M",
        help="fills up to which pandas and polars run; they hold all in memory (%(default)s)",
    )
    parser.add_argument(
        "--largest-spark",
        type=lambda text: Size.parse(text).fills,
        default=0,
        help="fills up to which the target spark runs too; needs pyspark and Java 17",
    )
    parser.add_argument("--keep", action="store_true", help="keep venues and homes")
    parser.add_argument("--write", action="store_true", help="write docs/scale-benchmarks.md")
    given = parser.parse_args()
    if given.largest_spark and find_spec("pyspark") is None:
        parser.error("pyspark is not installed: see docs/scale.md")
    work: Path = given.work.resolve()
    sizes = given.sizes or [Size.parse(text) for text in (LARGE if given.large else SMALL)]

    def measured(size: Size) -> dict[str, Any]:
        beside = {"spark"} if size.fills <= given.largest_spark else set()
        if size.fills <= given.largest_script:
            beside |= {"same_features"}
            beside |= SCRIPTS if size > TINY else set()
        return measure_size(size, work, say, memory=given.memory, beside=beside, keep=given.keep)

    tiny = measured(TINY)
    found = [measured(size) for size in sorted(set(sizes))]
    sample = measure_sample_venue(work, say)
    from scale_page import write_page  # what it imports would count to the peaks measured above

    print(write_page(sample, tiny, found, given.memory, ROOT / "docs" if given.write else work))


if __name__ == "__main__":
    main()
