"""The command: what it reads from the environment, and what it says of input it cannot build."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

import trader_segments.build
import trader_segments.cli
from trader_segments.cli import main
from trader_segments.warehouse import Origin, write_origin
from warehouse_builds import DAYS, INSTRUMENTS, ROOT, small_fills, write_csv

Invoke = Callable[..., Result]
FILLS = small_fills(DAYS[:2])


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A folder of good raw tables."""
    folder = tmp_path / "raw"
    write_csv(folder / "fills.csv", FILLS)
    write_csv(folder / "instruments.csv", INSTRUMENTS)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def invoke(home: Path, raw: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run the command in the project's root; dbt must not be reached."""

    def no_dbt(*_: object) -> bool:
        pytest.fail("dbt was started")

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(trader_segments.build, "run_dbt", no_dbt)

    def run(*arguments: str, **environment: str) -> Result:
        settings = {
            "TRADER_SEGMENTS_HOME": str(home),
            "RAW_DATA": str(raw),
            "VENUE": "exchange",
        }
        return CliRunner().invoke(main, arguments, env={**settings, **environment})

    return run


def test_good_input_can_be_built(invoke: Invoke) -> None:
    result = invoke("check")
    assert (result.exit_code, result.output) == (0, "The raw input can be built.\n")


def test_marts_that_equal_a_build_from_nothing_are_good(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trader_segments.cli, "verify_incremental", lambda *_: [])
    result = invoke("verify-incremental")
    assert result.exit_code == 0
    assert result.output.startswith("Every mart equals a build from nothing")


def no_folder(raw: Path) -> None:
    raw.rename(raw.with_name("elsewhere"))


def no_fills(raw: Path) -> None:
    (raw / "fills.csv").rename(raw / "trades.csv")


def wrong_column(raw: Path) -> None:
    rows = [{"qty" if key == "quantity" else key: fill[key] for key in fill} for fill in FILLS]
    write_csv(raw / "fills.csv", rows)


def empty_file(raw: Path) -> None:
    (raw / "instruments.csv").write_bytes(b"")


def no_rows(raw: Path) -> None:
    header = (raw / "fills.csv").read_text(encoding="utf-8").splitlines()[0]
    (raw / "fills.csv").write_text(header + "\n", encoding="utf-8")


def unreadable_parquet(raw: Path) -> None:
    (raw / "fills.csv").unlink()
    (raw / "fills.parquet").write_bytes(b"PAR1 this is no Parquet file PAR1")


def wrong_type(raw: Path) -> None:
    (raw / "fills.csv").unlink()
    table = pa.Table.from_pylist(FILLS)
    table = table.set_column(
        table.schema.get_field_index("price"), "price", pa.array([True] * len(FILLS))
    )
    with duckdb.connect() as connection:
        connection.register("fills", table)
        connection.execute(f"copy fills to '{raw / 'fills.parquet'}'")


def unclosed_quote(raw: Path) -> None:
    with (raw / "fills.csv").open("a", encoding="utf-8") as stream:
        stream.write('"F999,A1')


@pytest.mark.parametrize("command", ["check", "build"])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_folder, ["raw is not a folder", "RAW_DATA"]),
        (no_fills, ["fills.csv", "fills is required"]),
        (wrong_column, ["fills.csv", 'no column "quantity"', "qty"]),
        (empty_file, ["instruments.csv is empty"]),
        (no_rows, ["fills.csv has no rows"]),
        (unreadable_parquet, ["fills.parquet cannot be read as Parquet"]),
        (wrong_type, ["fills.parquet", 'column "price" is BOOLEAN', "DECIMAL is expected"]),
        (unclosed_quote, ["fills.csv", "quote"]),
    ],
)
def test_bad_input_is_told_in_one_sentence_and_nothing_is_built(
    invoke: Invoke,
    raw: Path,
    home: Path,
    command: str,
    spoil: Callable[[Path], None],
    words: list[str],
) -> None:
    spoil(raw)
    result = invoke(command)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1
    for word in words:
        assert word in result.output
    assert not (home / "published").exists()
    assert not (home / "build" / "warehouse.duckdb").exists()


def test_every_problem_is_told_at_once(invoke: Invoke, raw: Path) -> None:
    wrong_column(raw)
    empty_file(raw)
    result = invoke("check")
    assert 'no column "quantity"' in result.output
    assert "instruments.csv is empty" in result.output


def test_bad_input_leaves_the_warehouse_of_good_input_where_it_is(
    invoke: Invoke, home: Path, raw: Path
) -> None:
    (home / "build").mkdir(parents=True)
    warehouse = home / "build" / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        write_origin(connection, Origin("exchange", str(raw)))
    result = invoke("build", RAW_DATA=str(raw.with_name("mistyped")))
    assert result.exit_code == 1
    assert "mistyped is not a folder" in result.output
    assert warehouse.exists()


def test_an_unknown_venue_is_named_with_the_known_ones(invoke: Invoke) -> None:
    result = invoke("check", VENUE="nowhere")
    assert result.exit_code == 1
    assert 'unknown venue "nowhere"' in result.output
    assert "exchange, hyperliquid, polymarket" in result.output


def test_no_input_at_all_says_what_to_set(invoke: Invoke) -> None:
    result = invoke("check", RAW_DATA="")
    assert result.exit_code == 1
    assert "set RAW_DATA to a folder" in result.output


@pytest.mark.parametrize("command", ["build", "check", "report"])
def test_outside_the_project_it_says_where_to_run(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke(command)
    assert result.exit_code == 1
    assert "run it in the project's root" in result.output


def test_a_report_needs_published_marts(invoke: Invoke, home: Path) -> None:
    result = invoke("report")
    assert result.exit_code == 1
    assert f"{home / 'published' / 'marts.duckdb'} is not there" in result.output


def test_a_build_that_publishes_nothing_fails(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trader_segments.build, "run_dbt", lambda *_: True)
    result = invoke("build")
    assert result.exit_code == 1
    assert "nothing new was published" in result.output


def test_further_arguments_go_to_dbt(
    invoke: Invoke, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[list[str]] = []

    def note(_: Path, arguments: list[str], __: object) -> bool:
        given.append(arguments)
        return False

    monkeypatch.setattr(trader_segments.build, "run_dbt", note)
    result = invoke("build", "--full-refresh", "--vars", "as_of_date: 2025-03-01")
    without = ["--exclude-resource-type", "unit_test"]
    further = ["--full-refresh", "--vars", "as_of_date: 2025-03-01"]
    assert given == [["build", *without, *further]]
    assert f"Building exchange from {raw}" in result.output


def test_simulate_writes_a_venue_and_counts_its_rows(invoke: Invoke, tmp_path: Path) -> None:
    out = tmp_path / "venue"
    result = invoke("simulate", "--out", str(out), "--traders", "40", "--days", "30")
    assert result.exit_code == 0, result.output
    fills = duckdb.sql(f"select count(*) from '{out / 'raw' / 'fills.parquet'}'").fetchall()[0][0]
    assert f"{'fills':<24}{fills:>12,}" in result.output
    assert invoke("simulate", "--traders", "3").exit_code == 2
