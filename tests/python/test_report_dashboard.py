"""The report as a dashboard: pages and panels, with a keyboard, a screen reader and without."""

import json
import re
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from chromium import dump_dom
from test_report import build_marts, query, variant
from trader_segments.report import figures, formats, panels, write_report
from trader_segments.report.charts import Table, flow_chart
from trader_segments.report.data import read_marts
from trader_segments.report.outlook import LEAST_TRADERS
from trader_segments.report.panels import SegmentPanel

PAGES = {
    "overview": "Overview",
    "segments": "Segments",
    "movement": "Movement",
    "value-and-retention": "Value and retention",
    "risk-and-compliance": "Risk and compliance",
    "data-and-models": "Data and models",
}
TRADERS = 400


@dataclass
class Outline(HTMLParser):
    """What a screen reader goes by: landmarks, headings, names of what can be reached."""

    html: str
    ids: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    landmarks: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    labelled_by: list[str] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)
    tab_orders: set[str] = field(default_factory=set)
    cells_without_scope: int = 0
    charts: int = 0
    charts_without_numbers: int = 0
    waiting: int = 0

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if "id" in values:
            self.ids.append(values["id"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in ("header", "nav", "main", "footer"):
            self.landmarks.append(tag)
        if tag == "a":
            self.links.append(values["href"])
        self.labelled_by += values.get("aria-labelledby", "").split()
        is_named = values.get("aria-label") or values.get("aria-labelledby")
        if (
            tag in ("nav", "section", "article") and "card" not in values.get("class", "")
        ) and not is_named:
            self.unnamed.append(f"{tag} {values}")
        if values.get("role") in ("region", "img") and not is_named:
            self.unnamed.append(f"{tag} {values}")
        if "tabindex" in values:
            self.tab_orders.add(values["tabindex"])
        if tag == "th" and "scope" not in values:
            self.cells_without_scope += 1
        if "chart" in values.get("class", "").split():
            self.charts += 1
            self.waiting += 1
        if tag == "summary":
            self.waiting = 0

    def handle_endtag(self, tag: str) -> None:
        if tag == "figure":
            self.charts_without_numbers += self.waiting
            self.waiting = 0


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_marts(tmp_path_factory.mktemp("dashboard") / "marts.duckdb", TRADERS)


@pytest.fixture(scope="module")
def html(marts: Path) -> str:
    return write_report(marts, marts.with_name("report.html")).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def outline(html: str) -> Outline:
    return Outline(html)


@pytest.fixture(scope="module")
def found(marts: Path) -> dict[str, SegmentPanel]:
    return {panel.name: panel for panel in panels.panels(read_marts(marts))}


def test_landmarks_and_headings_lead_through_the_page(outline: Outline) -> None:
    assert outline.landmarks == ["header", "nav", "main", "footer"]
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert outline.headings.count(2) == len(PAGES)
    steps = zip(outline.headings, outline.headings[1:], strict=False)
    assert all(below <= above + 1 for above, below in steps)


def test_everything_that_can_be_reached_has_a_name_and_a_place(outline: Outline) -> None:
    assert len(outline.ids) == len(set(outline.ids))
    assert set(outline.labelled_by) <= set(outline.ids)
    assert {link.removeprefix("#") for link in outline.links} <= set(outline.ids)
    assert outline.links[0] == "#content"
    assert outline.unnamed == []
    assert outline.cells_without_scope == 0
    assert outline.tab_orders == {"0", "-1"}, "the order of tabs is that of the page"


def test_every_chart_has_its_numbers_beside_it(outline: Outline) -> None:
    assert outline.charts > 20
    assert outline.charts_without_numbers == 0


def test_language_title_and_text_size_are_the_readers(html: str) -> None:
    assert '<html lang="en">' in html
    assert "<title>Trader segments, 8 November 2026</title>" in html
    assert 'content="width=device-width, initial-scale=1"' in html
    assert "user-scalable" not in html


def test_a_panel_says_who_they_are_and_what_they_are_worth(
    found: dict[str, SegmentPanel], marts: Path
) -> None:
    sizes = query(
        marts,
        "select segment_name, count(*), sum(1) filter (lifecycle_stage = 'active')"
        " from trader_segments group by all order by 2 desc, any_value(segment_id)",
    )
    assert [(panel.name, panel.traders) for panel in found.values()] == [
        (name, traders) for name, traders, _ in sizes
    ]
    name, traders, active = sizes[0]
    panel = found[name]
    assert f"active {formats.percent(active / traders)}" in dict(panel.who)["Lifecycle"]
    figures = {label: value for label, value, _ in panel.figures}
    assert figures["Traders"] == str(traders)
    assert figures["In 26 weeks"] == formats.money(20.0 * traders)
    assert figures["Churn"] == "12.5\u202f%"
    assert dict(panel.value)["One trader in 26 weeks, 80\u202f% bounds"] == "$15.0 to $30.0"


def test_a_panel_shows_the_strongest_feature_of_each_group(
    found: dict[str, SegmentPanel], marts: Path
) -> None:
    strongest = query(
        marts,
        """select feature_name from segment_profiles inner join feature_catalog using (feature_name)
        where segment_id = 'small__low' and abs(z_score) >= 0.25
        qualify row_number() over (partition by feature_group order by abs(z_score) desc) = 1
        order by abs(z_score) desc""",
    )
    traits = found["Small, low value"].traits
    assert [t.name for t in traits] == [formats.words(name) for (name,) in strongest][: len(traits)]
    assert len(traits) == 5
    ((everybody,),) = query(marts, f"select median({strongest[0][0]}) from trader_features")
    assert traits[0].everybody in (formats.quantity(everybody, u) for u in ("share", "days", "USD"))


def test_risk_and_actions_are_of_the_segment_and_not_of_a_person(
    found: dict[str, SegmentPanel], marts: Path
) -> None:
    ((traders, critical, held),) = query(
        marts,
        "select count(*), count(*) filter (risk_tier = 'critical'),"
        " count(*) filter (hold_reason is not null) from trader_segments"
        " inner join trader_risk_profile using (trader_id)"
        " inner join trader_due_diligence using (trader_id) where segment_id = 'small__low'",
    )
    risk = dict(found["Small, low value"].risk)
    assert risk["Market risk"].startswith(f"critical {formats.percent(critical / traders)}, high ")
    assert risk["On hold"] == f"{held} of {traders}"
    actions = found["Small, low value"].actions
    assert actions is not None
    assert [row[:3] for row in actions.rows] == [
        ("Post-only orders", "Education", str(traders)),
        ("Spot <b>", "Product", str(traders)),
    ]
    hedgers = [a for a in read_marts(marts).panels.actions if a.segment_id.startswith("hedger")]
    assert {(a.action_name, a.eligible == 0, a.ineligible == 0) for a in hedgers} == {
        ("Spot <b>", True, False),
        ("Post-only orders", False, True),
    }
    small = [panel for panel in found.values() if panel.traders < LEAST_TRADERS]
    assert len(small) > 5
    assert all(panel.is_small and panel.actions is None and not panel.risk for panel in small)
    assert not any(label == "Churn" for panel in small for label, _, _ in panel.figures)


def test_a_panel_says_where_its_traders_came_from_and_went(
    found: dict[str, SegmentPanel], marts: Path
) -> None:
    went = query(
        marts,
        """select coalesce(segment_name, 'nowhere: left'), segment_migration.traders
        from segment_migration left join segment_summary on to_segment_id = segment_id
        where from_segment_id = 'small__low' and to_segment_id != from_segment_id
            and period_end_date = '2026-11-08'
        order by 2 desc, nullif(to_segment_id, 'left') nulls first limit 3""",
    )
    moves = found["Small, low value"].moves
    assert [text for text in moves if text[0].startswith("To ")] == [
        (f"To {name}", str(traders)) for name, traders in went
    ]
    assert ("From nowhere: new", "11") in moves


def test_panel_of_a_venue_that_knows_little_says_little(marts: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(marts.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "use marts; update segment_summary set net_revenue_usd = null;"
            "update trader_lifetime_value set expected_value_usd_26w = null,"
            " expected_value_usd_26w_low = null;"
            "update trader_due_diligence set is_overdue = null; drop table trader_churn"
        )
    data = read_marts(copy)
    panel = next(p for p in panels.panels(data) if p.name == "Small, low value")
    assert [label for label, _, _ in panel.figures] == ["Traders", "Volume"]
    assert [name for name, _ in panel.value] == ["In 13 weeks", "In 52 weeks", "Still active"]
    assert "Reviews overdue" not in dict(panel.risk)
    assert "On hold" in dict(panel.risk)
    assert panels.segment_columns(data) == ["Traders", "Volume", "In 26 weeks"]


def test_names_of_segments_that_read_alike_have_places_of_their_own(tmp_path: Path) -> None:
    page = variant(
        tmp_path / "alike.duckdb",
        "update segment_summary set segment_id = case segment_id"
        " when 'small__low' then 'a b' when 'small__medium' then 'a-b' else segment_id end",
    )
    ids = re.findall(r'id="(segment-a-b[^"]*?)"', page.html)
    assert {"segment-a-b", "segment-a-b-2"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_what_wants_attention_leads_to_where_it_is_told(html: str, outline: Outline) -> None:
    alerts = re.findall(r'<li><a href="#([\w-]+)"><b>(.*?)</b> (.*?)</a></li>', html)
    assert ("due-diligence", "reviews of due diligence are overdue") in [
        (a, t) for a, _, t in alerts
    ]
    assert ("health", "2", "tables are missing: balances, orders") in alerts
    assert ("quality", "1", "measure of the segmentation fails its bar") in alerts
    assert {anchor for anchor, _, _ in alerts} <= set(outline.ids)


def test_nothing_wrong_is_said_too(tmp_path: Path) -> None:
    page = variant(
        tmp_path / "calm.duckdb",
        "update trader_due_diligence set is_overdue = false, hold_reason = null",
        "update trader_risk_profile set risk_tier = 'low'",
        "update trader_segments set lifecycle_stage = 'active'",
        "delete from rejected_rows",
        "update source_health set is_present = true",
        "update segmentation_quality set passed = true",
        "update value_quality set passed = true",
        "update feature_drift set is_alarm = false",
    )
    assert "Nothing: no alarm, no review overdue, no measure failed." in page.text


BROWSE = """
<script>
addEventListener('load', () => {
  const frame = document.querySelector('iframe'), page = frame.contentDocument;
  const seen = (each) => each.getClientRects().length > 0;
  const look = () => ({
    views: [...page.querySelectorAll('.view')].filter(seen).map((each) => each.id),
    segments: [...page.querySelectorAll('.segment')].filter(seen).map((each) => each.id),
    current: [...page.querySelectorAll('[aria-current]')].map((each) => each.getAttribute('href')),
    focus: page.activeElement.id,
    top: Math.round(page.activeElement.getBoundingClientRect().top),
  });
  const go = (hash) => {
    frame.contentWindow.location.hash = hash;
    frame.contentWindow.dispatchEvent(new HashChangeEvent('hashchange'));
    return look();
  };
  const result = {start: look()};
  for (const hash of HASHES) result[hash] = go(hash);
  const reachable = [...page.querySelectorAll('a, summary, input, [tabindex="0"]')].filter(seen);
  result.reachable = reachable.slice(0, 6).map((each) => each.id || each.getAttribute('href'));
  const text = document.createElement('pre');
  text.id = 'seen';
  text.textContent = JSON.stringify(result);
  document.body.append(text);
});
</script>
"""


def test_script_shows_one_page_and_one_segment_at_a_time(html: str, tmp_path: Path) -> None:
    hashes = [*PAGES, "segment-small-medium", "overview", "due-diligence", "content", "nowhere"]
    wrapper = tmp_path / "wrapper.html"
    wrapper.write_text(
        f'<meta charset="utf-8"><iframe width="1280" height="900" srcdoc="{escape(html)}">'
        f"</iframe>{BROWSE.replace('HASHES', json.dumps(hashes))}",
        encoding="utf-8",
    )
    document, messages = dump_dom(wrapper, tmp_path / "profile")
    told = re.search(r'<pre id="seen">(.*?)</pre>', document)
    assert told, "the page was not browsed"
    seen = json.loads(told[1])
    assert messages == []
    assert seen["start"]["views"] == ["overview"]
    for page in PAGES:
        assert seen[page]["views"] == [page]
        assert f"#{page}" in seen[page]["current"]
        assert seen[page]["focus"] == f"{page}-heading"
    assert len(seen["segments"]["segments"]) == 1
    chosen = seen["segment-small-medium"]
    assert (chosen["views"], chosen["segments"]) == (["segments"], ["segment-small-medium"])
    assert chosen["current"] == ["#segments", "#segment-small-medium"]
    assert chosen["focus"] == "segment-small-medium-heading"
    assert 40 <= chosen["top"] <= 80, "below the bar that stays"
    assert seen["due-diligence"]["views"] == ["risk-and-compliance"]
    assert seen["content"]["views"] == ["risk-and-compliance"], "a place of no page leaves it open"
    assert seen["nowhere"]["views"] == ["overview"]
    assert seen["reachable"] == [
        "#content", "theme-auto", "theme-light", "theme-dark", "#overview", "#segments",
    ]  # fmt: skip


def test_venue_without_recommendations_says_nothing_of_actions(marts: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(marts.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute("alter table marts.trader_recommendations drop column action_name")
    named = {panel.name: panel for panel in panels.panels(read_marts(copy))}
    actions = named["Small, low value"].actions
    assert actions is not None
    assert [row[0] for row in actions.rows] == ["trade_spot", "use_post_only"]
    with duckdb.connect(str(copy)) as connection:
        connection.execute("drop table marts.trader_recommendations")
    assert all(panel.actions is None for panel in panels.panels(read_marts(copy)))


def test_flows_are_of_styles_and_add_up_to_who_changed_arrived_or_left(marts: Path) -> None:
    chart = figures.style_flows(read_marts(marts))
    expected = query(
        marts,
        """select
            if(from_segment_id = 'arrived', 'Arrived', split_part(from_segment_id, '__', 1)),
            if(to_segment_id = 'left', 'Left', split_part(to_segment_id, '__', 1)),
            sum(traders)
        from segment_migration where period_end_date = '2026-11-08'
        group by all having split_part(any_value(from_segment_id), '__', 1)
            != split_part(any_value(to_segment_id), '__', 1)""",
    )
    assert sorted(chart.table.rows) == sorted(
        (formats.words(start), formats.words(end), str(traders)) for start, end, traders in expected
    )
    assert chart.svg.count('class="flow"') == len(expected)


def test_bands_of_a_flow_fill_their_ends() -> None:
    flows = [(0, 0, 30, "a"), (0, 1, 10, "b"), (1, 0, 20, "c")]
    chart = flow_chart("f", "t", "d", (["x", "y"], ["u", "<v>"]), flows, Table(("From",), []))
    found = re.findall(r'd="M0.01 (\S+?)C0.5 \S+ 0.5 (\S+) 0.99 \S+?V(\S+?)C', chart.svg)
    starts, ends, lower = ([float(band[part]) for band in found] for part in range(3))
    widths = [low - end for low, end in zip(lower, ends, strict=True)]
    assert [width / widths[1] for width in widths] == pytest.approx([3, 1, 2], rel=1e-3)
    assert starts[1] == pytest.approx(starts[0] + widths[0], abs=1e-4)
    assert ends[2] == pytest.approx(lower[0], abs=1e-4)
    assert starts[2] > starts[1] + widths[1]
    assert "&lt;v&gt; <tspan>10</tspan>" in chart.svg
    assert 0 <= min(starts) <= max(lower) <= 1
