"""What the report tells risk and compliance, against the marts it was drawn from."""

from pathlib import Path

import duckdb
import pytest

from test_report import Page, build_marts, variant
from trader_segments.report import oversight, write_report
from trader_segments.report.data import read_marts
from trader_segments.report.oversight import Oversight

TRADERS = 70
"""Ten of each remainder by seven, fourteen of each by five."""


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_marts(tmp_path_factory.mktemp("oversight") / "marts.duckdb", TRADERS)


@pytest.fixture(scope="module")
def found(marts: Path) -> Oversight:
    return read_marts(marts).oversight


@pytest.fixture(scope="module")
def page(marts: Path) -> Page:
    return Page(write_report(marts, marts.with_name("report.html")).read_text(encoding="utf-8"))


def test_reviews_are_overdue_due_soon_later_or_none(found: Oversight) -> None:
    table = oversight.reviews(found).table
    assert table.columns == (
        "Level",
        "Traders",
        "Overdue",
        "Due in 30 days",
        "Later",
        "None to come",
    )
    assert [(*row[:2], row[2].replace("\u202f", " ")) for row in table.rows] == [
        ("All levels", "70", "12 (17.1 %)"),
        ("Prohibited", "10", "0 (0 %)"),
        ("Enhanced", "20", "4 (20.0 %)"),
        ("Standard", "20", "4 (20.0 %)"),
        ("Simplified", "20", "4 (20.0 %)"),
    ]
    assert [row[-1].split()[0] for row in table.rows] == ["10", "10", "0", "0", "0"]
    assert [row[3].split()[0] for row in table.rows[:1]] == ["24"]


def test_rules_are_those_of_the_version_in_force_and_holds_come_first(found: Oversight) -> None:
    assert oversight.rules(found).rows == [
        ("On a list of sanctions", "Customer", "at least prohibited, hold", "10"),
        ("Identified at a distance", "Channel", "8 points", "10"),
        ("Politically exposed <person>", "Customer", "20 points, at least enhanced", "10"),
    ]
    assert oversight.holds(found).rows == [("On a list of sanctions", "10")]


def test_a_first_level_is_no_change(found: Oversight) -> None:
    assert oversight.changes(found).rows == [("Standard", "Enhanced", "20")]


def test_verification_and_service_levels(found: Oversight) -> None:
    table = oversight.verification(found)
    assert table.columns == ("Level", "Pending", "Rejected", "Verified", "On hold")
    assert sum(int(cell) for row in table.rows for cell in row[1:-1]) == TRADERS
    assert [row[-1] for row in table.rows] == ["10", "0", "0", "0"]
    weeks = oversight.service_levels(found).rows
    assert len(weeks) == oversight.WEEKS_SHOWN
    assert weeks[0][:5] == ("2026-11-02", "20", "18", "1", "1")


def test_tiers_by_style_and_what_they_may(found: Oversight) -> None:
    chart = oversight.risk_tiers(found)
    assert chart.table.rows[0][:2] == ("All traders", "70")
    assert [cell.split()[0] for cell in chart.table.rows[0][2:]] == ["14"] * 5
    access = oversight.service_access(found).rows
    assert [(row[0], row[3], row[5], row[6], row[7]) for row in access] == [
        ("Critical", "14", "10.0", "14", "14"),
        ("High", "14", "9.00", "0", "0"),
        ("Medium", "14", "8.00", "0", "0"),
        ("Low", "14", "7.00", "0", "0"),
        ("Unknown", "14", "6.00", "0", "0"),
    ]
    assert access[-1][2] == "–"


def test_accounts_by_purpose(found: Oversight) -> None:
    rows = oversight.accounts(found).rows
    assert [(row[0], row[1], *row[3:]) for row in rows] == [
        ("Hedging", "10", "10", "5", "10"),
        ("Trading", "10", "0", "0", "0"),
    ]


def test_a_pool_loses_in_the_scenario_in_which_all_its_segments_together_do(
    found: Oversight,
) -> None:
    btc, eth, groups = found.pools
    assert (btc.name, btc.traders, btc.equity_usd) == ("pool-BTC", 12, 10_000)
    assert (btc.worst_scenario_id, btc.worst_loss_usd, btc.shortfall_usd) == ("spot_up_40", 300, 5)
    assert btc.largest_trader_share == 0.3
    assert (eth.worst_loss_usd, eth.worst_scenario_id) == (-1, "spot_down_40")
    assert (groups.name, groups.pools, groups.equity_usd) == (None, 2, 100)
    assert oversight.pools(found).rows[2][0] == "2 groups of one owner each"
    (passage,) = found.passages
    assert (passage.to_pool_id, passage.carried_loss_usd) == ("pool-ETH", 20)


def test_page_says_it_and_names_no_account(page: Page) -> None:
    assert "12 reviews are overdue (4 enhanced, 4 standard, 4 simplified)" in page.text
    assert "Nothing moves for 10 traders" in page.text
    assert "20 need enhanced due diligence, 10 are prohibited" in page.text
    assert "secret" not in page.html
    assert "Politically exposed &lt;person&gt;" in page.html


def test_venue_without_kyc_events_or_pools(tmp_path: Path) -> None:
    page = variant(
        tmp_path / "marts.duckdb",
        "update trader_due_diligence set verification_status = null, is_overdue = null",
        *(
            f"delete from {table}"
            for table in (
                "verification_service_levels",
                "account_segments",
                "pool_exposure",
                "pool_scenario_losses",
                "pool_contagion",
            )
        ),
    )
    assert "The venue hands over no KYC events." in page.text
    assert "No pool is known" in page.text
    assert "No account is known." in page.text
    assert "None" not in page.text.replace("None to come", "")


@pytest.mark.parametrize("missing", ["trader_due_diligence", "pool_contagion"])
def test_a_mart_that_is_missing_is_an_error(missing: str, marts: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(marts.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute(f"drop table marts.{missing}")
    with pytest.raises(duckdb.Error, match=missing):
        read_marts(copy)
