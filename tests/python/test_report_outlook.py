"""What the report tells of value to come and of who stays, against the marts it was drawn from."""

import re
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy.stats import CensoredData, ecdf

import outlook_marts
from test_report import Page, build_marts, query, variant
from trader_segments.report import formats, outlook, write_report
from trader_segments.report.charts import Axis, Dot, Line, Panel, bar_chart, curve_chart
from trader_segments.report.data import ReportData, read_marts
from trader_segments.report.outlook import Returns, SurvivalWeek, survival_curve

REMISSION = {"ended": [6, 6, 6, 7, 10, 13, 16, 22, 23], "censored": [6, 9, 10, 11, 17, 19, 20]}
REMISSION["censored"] += [25, 32, 32, 34, 35]
"""Weeks under 6-mercaptopurine (Freireich et al. 1963, Blood 21)."""


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_marts(tmp_path_factory.mktemp("outlook") / "marts.duckdb", 300)


@pytest.fixture(scope="module")
def data(marts: Path) -> ReportData:
    return read_marts(marts)


@pytest.fixture(scope="module")
def page(marts: Path) -> Page:
    return Page(write_report(marts, marts.with_name("report.html")).read_text(encoding="utf-8"))


def plain(cells: object) -> list[str]:
    return [str(cell).replace("\u202f", " ") for cell in cells]  # type: ignore[attr-defined]


def weeks_of_remission() -> list[SurvivalWeek]:
    ended, censored = REMISSION["ended"], REMISSION["censored"]
    return [
        SurvivalWeek("a", week, sum(t >= week for t in [*ended, *censored]), ended.count(week))
        for week in range(36)
    ]


def test_survival_is_that_of_the_published_example_with_its_bounds() -> None:
    points = survival_curve(weeks_of_remission())
    at_events = [round(p.survival, 3) for p in points if p.events]
    assert at_events == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    reference = ecdf(CensoredData(uncensored=REMISSION["ended"], right=REMISSION["censored"])).sf
    bounds = reference.confidence_interval(method="log-log")
    for point in points[6:]:
        expected = [bounds.low.evaluate(point.weeks_since), bounds.high.evaluate(point.weeks_since)]
        np.testing.assert_allclose([point.low, point.high], expected, rtol=1e-12)
    assert {(p.survival, p.low, p.high) for p in points[:6]} == {(1.0, None, None)}


def test_survival_adds_up_rows_of_a_week_in_any_order() -> None:
    weeks = weeks_of_remission()
    halves = [
        *(
            replace(week, at_risk=week.at_risk - 1, events=max(week.events - 1, 0))
            for week in weeks
        ),
        *(SurvivalWeek("b", week.weeks_since, 1, min(week.events, 1)) for week in weeks),
    ]
    assert survival_curve(reversed(halves)) == survival_curve(weeks)


def test_once_all_have_left_nobody_stays_and_there_are_no_bounds() -> None:
    points = survival_curve([SurvivalWeek("a", 0, 2, 1), SurvivalWeek("a", 1, 1, 1)])
    assert [(p.survival, p.low is None) for p in points] == [(0.5, False), (0.0, True)]


def test_expected_value_is_a_sum_by_segment_and_a_mean_by_trader(
    data: ReportData, marts: Path
) -> None:
    chart = outlook.expected_value(data.outlook, data.segment_names)
    assert chart.table.columns == (
        "Segment",
        "In 26 weeks",
        "Per trader",
        "80 % bounds of one trader, lower",
        "80 % bounds of one trader, upper",
    )
    sizes = dict(query(marts, "select segment_name, count(*) from trader_segments group by all"))
    for name, total, *others in chart.table.rows:
        sign = -1 if name.startswith("Market maker") else 1
        assert total == formats.exact_money(20.0 * sign * sizes[name])
        mean = ["$20.00", "$15.00", "$30.00"] if sign > 0 else ["−$20.00", "−$15.00", "−$30.00"]
        assert others == mean
    assert chart.svg.count('class="whisker"') == len(chart.table.rows)


def test_churn_is_of_those_who_can_leave_and_of_no_person(data: ReportData, marts: Path) -> None:
    sizes = query(
        marts,
        "select segment_name, count(*), any_value(style) = 'opportunistic' from trader_segments"
        " where style != 'dormant' group by 1 having count(*) >= 10",
    )
    rows = [plain(row) for row in outlook.churn(data.outlook, data.segment_names).table.rows]
    assert sorted(rows) == sorted(
        [name, "75.0 %" if leaves else "12.5 %", str(size if leaves else 0)]
        for name, size, leaves in sizes
    )
    assert rows[0][0].startswith("Opportunistic")


def test_calibration_is_that_of_the_model_in_use_and_leaves_out_what_is_not_known(
    data: ReportData,
) -> None:
    chart = outlook.calibration(data.outlook)
    assert len(chart.table.rows) == 10
    assert chart.svg.count('class="dot"') == 9
    assert plain(chart.table.rows[0]) == ["1", "5.0 %", "3.0 %"]
    assert plain(chart.table.rows[9]) == ["10", "95.0 %", "–"]
    assert outlook.calibration_error(data.outlook) == pytest.approx(0.02)
    assert "M0.05000 0.97000h0" in chart.svg


def test_retention_triangle_shows_whole_weeks_and_all_cohorts_together(data: ReportData) -> None:
    figure = outlook.cohorts(data.outlook)
    rows = [plain(row) for row in figure.chart.table.rows]
    assert figure.left_out == 3
    assert [row[0] for row in (rows[1], rows[-1])] == ["2026-04-27, 37", "2026-10-19, 12"]
    assert rows[1][1:3] == [formats.percent(18 / 37).replace("\u202f", " "), "32.4 %"]
    assert rows[-1][1:3] == ["50.0 %", "–"]
    active = sum((40 - cohort) // 2 for cohort in range(29))
    traders = sum(40 - cohort for cohort in range(29))
    assert rows[0][0] == f"All, {sum(40 - cohort for cohort in range(31))}"
    assert rows[0][1] == formats.percent(active / traders).replace("\u202f", " ")
    assert plain(figure.table.rows[-1]) == ["2026-10-19", "12", "$20.00", "$1.67"]


@pytest.mark.parametrize(
    ("share", "level"), [(0.0, "s0"), (0.0999, "s0"), (0.1, "s1"), (0.55, "s4"), (1.0, "s5")]
)
def test_colours_of_retention_change_where_the_legend_says(share: float, level: str) -> None:
    assert outlook.retention_level(share) == level


def test_survival_curves_end_where_too_few_are_left(data: ReportData, marts: Path) -> None:
    figure = outlook.survival(data.outlook)
    (sizes,) = query(marts, "select count(*) from trader_segments")
    assert figure.charts[0][0] == "All traders"
    assert figure.charts[0][1].startswith(f"{sizes[0]} traders; ")
    large = query(
        marts, "select style from trader_segments group by 1 having count(*) >= 10 order by 1"
    )
    shown = [formats.words(style) for (style,) in large]
    assert {name for name, _, _ in figure.charts[1:]} <= set(shown)
    assert len(figure.charts) == min(outlook.CURVES_SHOWN, 1 + len(shown))
    assert len(figure.table.rows) == 12
    assert len(figure.table.columns) == 2 + len({w.style for w in data.outlook.survival})
    few = outlook.survival_curve([SurvivalWeek("a", 0, 20, 12), SurvivalWeek("a", 1, 8, 4)])
    only = outlook.survival(replace(data.outlook, survival=[SurvivalWeek("a", 0, 20, 12)]))
    assert (
        only.charts[0][1]
        == "20 traders; 40.0\u202f% trade on after week 0, half or fewer after week 0."
    )
    assert [point.at_risk for point in few] == [20, 8]


def test_returns_are_of_watched_silences_and_unknown_where_none_was(
    data: ReportData, marts: Path
) -> None:
    figure = outlook.returns(data.outlook)
    assert figure.within_weeks == 4
    rows = {row[0]: plain(row[1:]) for row in figure.chart.table.rows}
    ((small, soon),) = query(
        marts,
        "select sum(silences), sum(returned) from segment_reactivation"
        " where style = 'small' and silence_weeks = 1 and within_weeks = 4",
    )
    assert rows["Small"][0] == formats.percent(soon / small).replace("\u202f", " ")
    assert rows["All traders"][2] == "–"
    cells = outlook.returns(replace(data.outlook, returns=[Returns("a", 1, 4, 9, 3)])).chart.svg
    assert "·" in cells
    assert "mark" not in cells
    assert len(figure.table.rows) == 6 * len(rows)


def test_backtests_stand_beside_their_baselines(page: Page, data: ReportData) -> None:
    assert list(data.outlook.backtests) == ["Value", "Churn", "Recommendations"]
    tables = re.findall(r'<table class="backtest">(.*?)</table>', page.html, re.DOTALL)
    cells = [re.findall(r"<t[hd](?: [^>]*)?>(.*?)</t[hd]>", table) for table in tables]
    value, churn, recommendations = (
        [cells[of][start : start + width] for start in range(0, len(cells[of]), width)]
        for of, width in ((0, 6), (1, 7), (2, 5))
    )
    assert value[0][:5] == ["Measure", "Value", "Baseline", "Last 8 weeks", "Bar"]
    assert [row[:5] for row in value[1:]] == [
        ["MAE, recently active", "0.4", "0.43", "0.5", "0.36"],
        ["Spearman, recently active", "0.85", "0.79", "0.81", "0.82"],
        ["MAE, all", "0.7", "0.8", "0.9", "–"],
    ]
    assert churn[0][:5] == ["Measure", "Value", "Boosted trees", "Closed form", "Recency"]
    assert churn[1][:6] == ["AUC, churn", "0.83", "0.83", "0.8", "0.78", "0.8"]
    assert recommendations[1] == [
        "Hit rate at 5", "0.5", "0.4", "–", '<span class="quiet">–</span>',
    ]  # fmt: skip
    assert {name: test.models for name, test in data.outlook.backtests.items()} == {
        "Value": ["v-1"], "Churn": ["c-1"], "Recommendations": [],
    }  # fmt: skip
    assert "1 measure of the forecasts fails its bar" in " ".join(page.text.split())


def test_a_backtest_without_history_says_why(tmp_path: Path) -> None:
    page = variant(
        tmp_path / "short.duckdb",
        "update value_quality set value = null, passed = null, why = 'twelve weeks are too few'",
        "alter table trader_lifetime_value add value_basis varchar",
        "update trader_lifetime_value set value_basis = 'notional'",
    )
    assert "Nothing is measured yet: twelve weeks are too few" in page.text
    assert "what is forecast is what traders will trade" in page.text
    assert page.html.count('<table class="backtest">') == 2


@pytest.mark.parametrize(
    "absent", [outlook_marts.MARTS, outlook_marts.MARTS[::2], outlook_marts.MARTS[1::2]]
)
def test_a_section_whose_mart_is_absent_is_left_out(
    absent: tuple[str, ...], marts: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(marts.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        for mart in absent:
            connection.execute(f"drop table marts.{mart}")
    page = Page(write_report(copy, tmp_path / "report.html").read_text(encoding="utf-8"))
    charts = {
        "trader_lifetime_value": "expected-value",
        "trader_churn": "churn",
        "churn_quality": "churn-calibration",
        "retention_cohorts": "retention",
        "segment_survival": "survival-0",
        "segment_reactivation": "returns",
    }
    for mart, chart in charts.items():
        gone = mart in absent or (chart == "churn-calibration" and "trader_churn" in absent)
        assert (chart in page.marks) != gone
    assert page.html.count('<table class="backtest">') == 3 - sum("quality" in m for m in absent)
    assert ("What to do</h4>" in page.html) == ("trader_recommendations" not in absent)
    assert ("No mart of value or retention has rows." in page.text) == (
        absent == outlook_marts.MARTS
    )


def test_no_reason_and_no_id_of_a_trader_shows(page: Page) -> None:
    assert "secret" not in page.html
    assert "trader-0" not in page.html


def test_value_without_bounds_or_forecast_is_unknown(tmp_path: Path) -> None:
    page = variant(
        tmp_path / "unknown.duckdb",
        "update trader_lifetime_value set expected_value_usd_26w = null,"
        " expected_value_usd_26w_low = null",
        "update retention_cohorts set revenue_usd = null",
    )
    assert "whisker" not in page.html.partition("</style>")[2]
    assert {tuple(row[1:4]) for row in page.tables["expected-value"][1:]} == {("–", "–", "–")}
    assert not re.search(r"\b(None|nan|inf)\b", page.text.replace("None to come", ""))


def test_whisker_lies_on_the_scale_of_its_bar() -> None:
    panel = Panel(
        "Value", [10.0, 5.0], formats.money, formats.exact_money,
        bounds=[(-10.0, 30.0), (None, 6.0)], bounds_name="Bounds",
    )  # fmt: skip
    chart = bar_chart("c", "t", "d", "Segment", ["a", "b"], [panel])
    assert 'class="mark gain" style="--x:0.25000;--w:0.25000"' in chart.svg
    assert 'class="whisker" style="--x:0.00000;--w:1.00000"' in chart.svg
    assert chart.svg.count("whisker") == 1
    assert chart.table.columns == ("Segment", "Value", "Bounds, lower", "Bounds, upper")
    assert chart.table.rows[1] == ("b", "$5.00", "–", "$6.00")


def test_plot_counts_upwards_from_the_lower_left() -> None:
    line = Line("own", [(0.0, 0.25), (1.0, 1.0)], [(0.0, 0.2, 0.3), (1.0, 0.9, 1.0)])
    axes = (Axis("Across", [(0.5, "half")]), Axis("Up", [(1.0, "<top>")]))
    chart = curve_chart("c", "k", "t", "d", axes, [line], [Dot(0.5, 0.75, 9.0, "tip")])
    assert 'class="line own" d="M0.0000 0.7500L1.0000 0.0000"' in chart.svg
    assert 'd="M0.0000 0.7000L1.0000 0.0000L1.0000 0.1000L0.0000 0.8000Z"' in chart.svg
    assert 'd="M0.50000 0.25000h0"><title>tip</title>' in chart.svg
    assert "&lt;top&gt;" in chart.svg
