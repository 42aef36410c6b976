"""Any loads in any order: what is built on from them is what would be built anew.

Each example is a sequence of loads into one home. After the last one every table up to the features
is compared, value for value, with a build of the same files in an empty home. INCREMENT_EXAMPLES
sets the number of random examples; the explicit ones always run.
"""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from warehouse_builds import DAYS, INSTRUMENTS, small_accounts, small_fills, small_prices, write_csv

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

pytestmark = pytest.mark.slow

Row = dict[str, Any]
Files = dict[str, list[Row]]
Change = tuple[Any, ...]
Load = list[Change]

SELECTED = [
    *("path:seeds", "path:models/staging", "path:models/intermediate", "path:models/features"),
    *("trader_features", "source_health", "rejected_rows", "unpriced_currencies"),
    "sanctions_screening",
]
STATE = {"load_log", "staged_raw_files", "int_changes"}
"""Tables that tell of the loads themselves."""


class Venue:
    """The raw files of a venue, changed as a loader or the venue itself would change them."""

    def __init__(self) -> None:
        self.load = 0
        self.files: Files = {
            "instruments.csv": [dict(row) for row in INSTRUMENTS],
            "accounts.csv": small_accounts(),
            "index_prices.csv": small_prices(DAYS),
        }

    def apply(self, load: Load) -> None:
        """All changes of a load, which arrives a day after the one before."""
        self.load += 1
        for number, (kind, *arguments) in enumerate(load):
            getattr(self, f"_{kind}")(f"{self.load:02d}_{number:02d}", *arguments)

    def write(self, folder: Path) -> None:
        """The files as they are now; one that did not change is not touched."""
        for path in folder.rglob("*.csv"):
            if path.relative_to(folder).as_posix() not in self.files:
                path.unlink()
        for name, rows in self.files.items():
            path, before = folder / name, None
            if path.exists():
                before = path.read_bytes()
            written = write_csv(folder / f"{name}.new", rows)
            if written.read_bytes() == before:
                written.unlink()
            else:
                written.replace(path)

    @property
    def _now(self) -> str:
        return f"2025-04-{self.load:02d} 08:00:00"

    def _arriving(self, rows: Sequence[Row]) -> list[Row]:
        """Fills that came with this load; every other one is of an order that lives for days."""
        orders = [row["fill_id"][-1:] if row["fill_id"][-1:] in ("0", "2") else "" for row in rows]
        return [
            {
                "is_deleted": None,
                "mark_iv": None,
                **row,
                "order_id": f"{row['account_id']} {order}" if order else None,
                "ingested_at": self._now,
            }
            for row, order in zip(rows, orders, strict=True)
        ]

    def _fill(self, day: int, number: int) -> Row:
        fills = small_fills([DAYS[day]])
        return fills[number % len(fills)]

    def _day(self, name: str, day: int, missing: int) -> None:
        """A day of fills, of which every so many are missing."""
        rows = [row for i, row in enumerate(small_fills([DAYS[day]])) if missing < 2 or i % missing]
        self.files[f"fills/day_{day:02d}.csv"] = self._arriving(rows)

    def _again(self, name: str, day: int) -> None:
        """The day once more, whole: what came before is a copy, what was missing is late."""
        self.files[f"fills/{name}.csv"] = self._arriving(small_fills([DAYS[day]]))

    def _correct(self, name: str, day: int, number: int, change: Mapping[str, Any]) -> None:
        self.files[f"fills/{name}.csv"] = self._arriving([{**self._fill(day, number), **change}])

    def _move(self, name: str, day: int, number: int, other_day: int) -> None:
        change = {"executed_at": f"{DAYS[other_day]} 23:30:00"}
        self._correct(name, day, number, change)

    def _delete(self, name: str, day: int, number: int) -> None:
        row = self._fill(day, number)
        tombstone = dict.fromkeys(row) | {"fill_id": row["fill_id"], "is_deleted": "true"}
        self.files[f"fills/{name}.csv"] = self._arriving([tombstone])

    def _withdraw(self, name: str, day: int) -> None:
        self.files.pop(f"fills/day_{day:02d}.csv", None)

    def _shorten(self, name: str, day: int) -> None:
        rows = self.files.get(f"fills/day_{day:02d}.csv", [])
        del rows[1::2]

    def _instrument(self, name: str, number: int, change: Mapping[str, Any] | None) -> None:
        """Another description of an instrument; None takes it off the list, or puts it back on."""
        row = INSTRUMENTS[number]
        rows = self.files["instruments.csv"]
        known = [other for other in rows if other["instrument_id"] == row["instrument_id"]]
        if change is None and known and len(rows) > 1:
            rows.remove(known[0])
        elif known:
            known[0].update(change or {})
        else:
            rows.append({**row, **(change or {})})

    def _price(self, name: str, day: int, price: str | None) -> None:
        rows = self.files["index_prices.csv"]
        kept = [row for row in rows if row["priced_at"] != f"{DAYS[day]} 16:00:00"]
        if price is not None:
            kept.append({"asset": "BTC", "priced_at": f"{DAYS[day]} 16:00:00", "price_usd": price})
        self.files["index_prices.csv"] = kept

    def _owner(self, name: str, account: int, trader: int) -> None:
        self.files["accounts.csv"][account]["trader_id"] = f"T{trader}"

    def _snapshot(self, name: str, day: int, account: int) -> None:
        """A position and a balance at the end of a day, and quotes through it."""
        key = {"account_id": f"A{account}", "snapshot_date": DAYS[day]}
        instrument = {"instrument_id": "BTC-27JUN25-90000-C"}
        self.files[f"positions/{name}.csv"] = [
            {**key, **instrument, "quantity": "3", "mark_price": "0.04"}
        ]
        self.files[f"balances/{name}.csv"] = [
            {**key, "asset": "BTC", "equity": f"{day}.5", "equity_usd": f"{day}000"}
        ]
        self.files[f"quotes/{name}.csv"] = [
            {
                **instrument,
                "quoted_at": f"{DAYS[day]} {hour:02d}:{day:02d}:00",
                "bid": f"0.0{4 - account % 3}",
                "ask": "0.05",
            }
            for hour in range(0, 24, 3)
        ]

    def _reject(self, name: str, day: int, number: int) -> None:
        broken = {**self._fill(day, number), "side": "both", "fill_id": f"broken {number}"}
        keyless = {**self._fill(day, number), "fill_id": ""}
        self.files[f"fills/{name}.csv"] = self._arriving([broken, keyless])


days = st.integers(0, len(DAYS) - 1)
numbers = st.integers(0, 9)
changes = st.one_of(
    st.tuples(st.just("day"), days, st.integers(0, 4)),
    st.tuples(st.just("day"), days, st.integers(0, 4)),
    st.tuples(st.just("again"), days),
    st.tuples(
        st.just("correct"),
        days,
        numbers,
        st.sampled_from(
            [{"quantity": "77"}, {"account_id": "A9"}, {"instrument_id": "BTC_USDC"}, {"fee": "9"}]
        ),
    ),
    st.tuples(st.just("move"), days, numbers, days),
    st.tuples(st.just("delete"), days, numbers),
    st.tuples(st.just("withdraw"), days),
    st.tuples(st.just("shorten"), days),
    st.tuples(
        st.just("instrument"),
        st.integers(0, len(INSTRUMENTS) - 1),
        st.sampled_from([None, {"contract_multiplier": "0.5"}, {"underlying": "ETH"}]),
    ),
    st.tuples(st.just("price"), days, st.sampled_from([None, "70000", "99000.5"])),
    st.tuples(st.just("owner"), numbers, numbers),
    st.tuples(st.just("snapshot"), days, numbers),
    st.tuples(st.just("reject"), days, numbers),
)
loads = st.lists(st.lists(changes, min_size=1, max_size=4), min_size=1, max_size=3)
FIRST: Load = [("day", 1, 3), ("day", 2, 0), ("day", 6, 2), ("snapshot", 2, 3), ("reject", 2, 1)]


class Builder:
    """dbt in this process, with the project parsed once."""

    def __init__(self, project: Path) -> None:
        from dbt.cli.main import dbtRunner

        self.project = project
        parsed = dbtRunner().invoke(["parse", *self._where(project / "target")])
        assert parsed.success, parsed.exception
        self.runner = dbtRunner(manifest=cast("Manifest", parsed.result))

    def _where(self, target: Path) -> list[str]:
        folder = str(self.project)
        return ["--project-dir", folder, "--profiles-dir", folder, "--target-path", str(target)]

    def build(self, home: Path, raw_data: Path) -> None:
        """Everything up to the features and the marts of quality."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        home.mkdir(parents=True, exist_ok=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TRADER_SEGMENTS_HOME", str(home))
            patch.setenv("RAW_DATA", str(raw_data))
            result = self.runner.invoke(
                [
                    "build",
                    "--exclude-resource-type",
                    "test",
                    "--exclude-resource-type",
                    "unit_test",
                    "--select",
                    *SELECTED,
                    *self._where(home / "target"),
                    "--log-path",
                    str(home / "logs"),
                    "--log-level",
                    "none",
                ]
            )
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        failed = [
            f"{node.node.name}: {node.message}"
            for node in getattr(result.result, "results", [])
            if node.status in ("error", "fail")
        ]
        assert result.success, f"{result.exception}\n" + "\n".join(failed)


@pytest.fixture(scope="module")
def builder(bare_project: Path) -> Iterator[Builder]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRADER_SEGMENTS_HOME", str(bare_project / "target" / "parsed"))
        patch.setenv("DBT_USE_COLORS", "false")
        for name in ("VENUE", "RAW_DATA"):
            patch.delenv(name, raising=False)
        yield Builder(bare_project)


def table_differences(left: Path, right: Path) -> list[str]:
    """Tables of two working databases that are not the same, each with its first rows."""
    found = []
    with duckdb.connect() as connection:
        for name, home in (("l", left), ("r", right)):
            path = home / "build" / "warehouse.duckdb"
            connection.execute(f"attach '{path}' as {name} (read_only)")
        tables = connection.execute(
            "select table_name, list(database_name order by database_name) from duckdb_tables() "
            "where schema_name = 'main' and database_name in ('l', 'r') group by 1 order by 1"
        ).fetchall()
        for table, databases in tables:
            if table in STATE:
                continue
            if databases != ["l", "r"]:
                found.append(f"{table}: only in {databases}")
                continue
            columns = "* exclude (build_id)" if table == "source_health" else "*"
            sides = [f"(select {columns} from {name}.main.{table})" for name in ("l", "r")]
            for one, other, where in (
                (*sides, "only incremental"),
                (*reversed(sides), "only anew"),
            ):
                rows = connection.execute(f"from {one} except all from {other}").fetchall()
                if rows:
                    found.append(f"{table}: {len(rows)} rows {where}, such as {rows[:2]}")
    return found


@settings(
    max_examples=int(os.environ.get("INCREMENT_EXAMPLES", "1")),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize="INCREMENT_EXAMPLES" not in os.environ,
)
@given(later=loads)
@example(
    later=[
        [
            ("again", 1),
            ("correct", 2, 3, {"quantity": "77"}),
            ("move", 2, 5, 8),
            ("price", 2, None),
        ],
        [("day", 11, 0), ("delete", 6, 2), ("delete", 2, 5), ("instrument", 2, None)],
        [("withdraw", 1), ("owner", 3, 9), ("snapshot", 1, 3), ("price", 1, "70000")],
    ]
)
@example(
    later=[
        [("instrument", 0, None), ("day", 9, 0), ("reject", 9, 2)],
        [("instrument", 0, {"contract_multiplier": "0.5"}), ("shorten", 6), ("again", 9)],
        [],
    ]
)
def test_increments_equal_a_build_from_nothing(
    later: list[Load], builder: Builder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("loads")
    raw, home, anew = folder / "raw", folder / "home", folder / "anew"
    venue = Venue()
    for load in [FIRST, *later]:
        venue.apply(load)
        venue.write(raw)
        builder.build(home, raw)
    builder.build(anew, raw)
    found = table_differences(home, anew)
    shutil.rmtree(folder)
    assert found == [], "\n".join(found)


def written(folder: Path, days: Sequence[int], *, also_broken: Sequence[int] = ()) -> None:
    """Fills as Parquet and prices as gzipped CSV, a folder for each day.

    Files of the broken days keep their size, time, header and footer, but no row can be read.
    """
    write_csv(folder / "instruments.csv", INSTRUMENTS)
    write_csv(folder / "accounts.csv", small_accounts())
    for day in days:
        fills = pa.Table.from_pylist(small_fills([DAYS[day]])).drop_columns(["ingested_at"])
        path = folder / "fills" / f"ingested_at={DAYS[day]}" / "part.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(fills, path)
        prices = write_csv(
            folder / "index_prices" / f"load={day}" / "part.csv.gz", small_prices([DAYS[day]])
        )
        for file in (path, prices):
            os.utime(file, (day, day))
    for day in also_broken:
        path = folder / "fills" / f"ingested_at={DAYS[day]}" / "part.parquet"
        content = path.read_bytes()
        rows = pq.read_metadata(path).row_group(0)
        end = max(
            (column["dictionary_page_offset"] or column["data_page_offset"])
            + column["total_compressed_size"]
            for column in rows.to_dict()["columns"]
        )
        path.write_bytes(content[:4] + b"\xff" * (end - 4) + content[end:])
        prices = folder / "index_prices" / f"load={day}" / "part.csv.gz"
        size = prices.stat().st_size
        header = gzip.compress(b"asset,priced_at,price_usd\n", mtime=0)
        prices.write_bytes(header + b"\xff" * (size - len(header)))
        for file in (path, prices):
            os.utime(file, (day, day))


def test_files_in_dated_folders_are_read_once(builder: Builder, tmp_path: Path) -> None:
    raw, home, anew = tmp_path / "raw", tmp_path / "home", tmp_path / "anew"
    written(raw, [0, 1, 2, 3])
    builder.build(home, raw)
    written(raw, [4], also_broken=[1, 2, 3])
    with pytest.raises(duckdb.Error), duckdb.connect() as connection:
        connection.execute(f"from '{raw}/fills/*/*.parquet'").fetchall()
    builder.build(home, raw)
    written(raw, range(5))
    builder.build(anew, raw)
    assert table_differences(home, anew) == []
