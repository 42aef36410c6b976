"""The main job without dbt: settings, the choice of input, and the summary at the end."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import trader_segments.build
from trader_segments.build import Settings, find_input, summary
from trader_segments.simulate import SimulationResult
from trader_segments.warehouse import SCHEMA_RAW, Origin


def settings(home: Path, *, venue: str = "exchange", raw_data: str = "") -> Settings:
    return Settings(project_root=home, home=home, venue=venue, raw_data=raw_data)


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders that a sample venue was made in."""
    made: list[Path] = []

    def simulate(out: Path) -> SimulationResult:
        (out / "raw").mkdir(parents=True)
        made.append(out)
        return SimulationResult(out, {"fills": 1200, "orders": 34}, {}, 1.6)

    monkeypatch.setattr(trader_segments.build, "simulate", simulate)
    return made


def test_settings_default_to_the_project_and_the_exchange(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("TRADER_SEGMENTS_HOME", "VENUE", "RAW_DATA"):
        monkeypatch.setenv(name, "")
    assert Settings.from_environment() == settings(tmp_path.resolve())
    monkeypatch.setenv("TRADER_SEGMENTS_HOME", "elsewhere")
    monkeypatch.setenv("VENUE", "polymarket")
    monkeypatch.setenv("RAW_DATA", "data")
    given = Settings.from_environment()
    assert (given.venue, given.raw_data) == ("polymarket", "data")
    assert given.build == tmp_path.resolve() / "elsewhere" / "build"
    assert given.published == tmp_path.resolve() / "elsewhere" / "published"


def test_a_sample_is_made_once_where_there_is_no_input(
    tmp_path: Path, simulated: list[Path]
) -> None:
    said: list[str] = []
    wanted = Origin("exchange", str(tmp_path / "build" / "sample" / "raw"))
    assert find_input(settings(tmp_path), said.append) == wanted
    assert simulated == [tmp_path / "build" / "sample"]
    assert said[-1].startswith("Made 1,234 raw rows in 2 s: ")
    assert find_input(settings(tmp_path), said.append) == wanted
    assert len(simulated) == 1


def test_no_sample_is_made_where_there_is_input_or_another_venue(
    tmp_path: Path, simulated: list[Path]
) -> None:
    said: list[str] = []
    given = find_input(settings(tmp_path, raw_data=str(tmp_path)), said.append)
    assert given == Origin("exchange", str(tmp_path))
    find_input(settings(tmp_path, venue="polymarket"), said.append)
    (tmp_path / "build").mkdir()
    with duckdb.connect(str(tmp_path / "build" / "warehouse.duckdb")) as connection:
        connection.execute("create schema raw")
        connection.execute("create table raw.fills (fill_id varchar)")
    assert find_input(settings(tmp_path), said.append) == Origin("exchange", SCHEMA_RAW)
    assert (simulated, said) == ([], [])


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Marts of two segments, of which only what the summary reads."""
    folder = tmp_path / "published"
    folder.mkdir()
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("use marts")
        connection.execute(
            """
            create table segment_summary as
            from (values
                ('hedger__top', 'Hedger, top value', date '2026-06-30', 1, 0.25, 5000.5, 12.4),
                ('small__low', 'Small, low value', date '2026-06-30', 3, 0.75, 1234567.4, null)
            ) as t(segment_id, segment_name, as_of_date, traders, trader_share, volume_usd,
                net_revenue_usd)
            """
        )
        connection.execute(
            """
            create table source_health as
            from (values ('fills', true, 3, 2), ('orders', false, 0, 0), ('accounts', false, 0, 0))
                as t(source_table, is_present, rows_rejected, rows_duplicate)
            """
        )
        connection.execute(
            """
            create table feature_catalog as
            from (values
                ('fill_count', 'activity', '', 1.0),
                ('aggressive_share', 'execution', 'orders', 0.0),
                ('fee_paid_usd', 'cost', 'fills.fee', 0.0),
                ('net_fee_usd', 'cost', 'fills.fee', 0.0),
                ('event_share', 'instruments', 'instruments', 0.0)
            ) as t(feature_name, feature_group, requires, coverage)
            """
        )
        connection.execute("create table unpriced_currencies as select 'DOGE' as currency")
        connection.execute(
            """
            create table segmentation_models as
            from (values
                ('v1', 'retired', date '2026-05-01', date '2026-05-01', 'first model'),
                ('v2', 'champion', date '2026-06-01', date '2026-05-31', 'promoted'),
                ('v3', 'challenger', null, date '2026-06-30', 'waits for review')
            ) as t(model_version, status, champion_since, as_of_date, why)
            """
        )
    return folder


def test_the_summary_says_segments_missing_inputs_and_where_the_marts_are(
    tmp_path: Path, published: Path
) -> None:
    lines = summary(settings(tmp_path))
    text = "\n".join(lines)
    assert "4 traders in 2 segments as of 2026-06-30" in text
    small, hedger = (next(line for line in lines if line.startswith(s)) for s in ("Small", "Hedg"))
    assert small.split()[-4:] == ["3", "75.0%", "1,234,567", "-"]
    assert hedger.split()[-4:] == ["1", "25.0%", "5,000", "12"]
    assert lines.index(small) < lines.index(hedger)
    assert "Model v2 scores since 2026-06-01" in lines
    assert "Challenger v3: waits for review" in lines
    assert "v1" not in text
    assert "Inputs missing: accounts, orders" in lines
    assert "NULL without orders: aggressive_share" in lines
    assert "NULL without fills.fee: fee_paid_usd, net_fee_usd" in lines
    assert "NULL as no trader has enough of it: event_share" in lines
    assert "Rows rejected (mart rejected_rows): 3 of fills" in lines
    assert "Exact copies dropped: 2 of fills" in lines
    assert "No dollar price for DOGE: amounts in it are NULL in US dollars" in lines
    assert str(published / "marts.duckdb") in text
